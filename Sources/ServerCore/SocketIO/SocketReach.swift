import Determinism
import SocketIOCore

/// How a hub reaches sockets beyond its own loop: its ``SocketHub/loops``, and through the first of them other servers.
extension SocketHub {
    /// Whether this hub's own sockets are all there are.
    var isAlone: Bool { loops == nil && relay == nil }

    /// Joins other servers; on the first loop alone. The relay is told of the namespaces that there are.
    package func join(_ relay: any SocketRelay) {
        precondition(loops?.isFirst ?? true, "one loop of a process speaks to other servers: the first")
        self.relay = relay
        for name in loops?.namespaceNames ?? allNamespaces.map(\.name) { relay.opened(name) }
    }

    /// The way to other servers, where this loop is the one to take it and the target goes beyond this server.
    private func relay(for target: SocketTarget) -> (any SocketRelay)? { target.isLocal ? nil : relay }

    // MARK: Rooms

    /// Somebody on this loop is in a room from now on.
    func roomOpened(_ room: String, in namespace: String) {
        if let loops { loops.roomOpened(room, in: namespace) } else { relay?.roomOpened(room, in: namespace) }
    }

    /// Nobody on this loop is in it any more.
    func roomClosed(_ room: String, in namespace: String) {
        if let loops { loops.roomClosed(room, in: namespace) } else { relay?.roomClosed(room, in: namespace) }
    }

    // MARK: Commands

    /// Does something to the sockets that a target means, wherever they are.
    func perform(_ command: SocketCommand, on target: SocketTarget, in namespace: SocketNamespace) {
        perform(command, on: target, in: namespace, name: namespace.name)
        relay(for: target)?.relay(command, to: target, in: namespace.name)
    }

    /// Does something to the sockets that a target means, wherever they are; the namespace need not be on this loop.
    func perform(_ command: SocketCommand, on target: SocketTarget, inNamespace name: String) {
        if let namespace = existingNamespace(name) { return namespace.perform(command, on: target) }
        arrived(command, for: target, in: name)
        relay(for: target)?.relay(command, to: target, in: name)
    }

    /// Does something to the sockets of this server, of all its loops: what a relay has brought.
    package func arrived(_ command: SocketCommand, for target: SocketTarget, in name: String) {
        perform(traced(command), on: target, in: existingNamespace(name), name: name)
    }

    /// - Parameter ticket: That of an event whose turn it is.
    func perform(
        _ command: SocketCommand, on target: SocketTarget, in namespace: SocketNamespace?, name: String,
        _ ticket: SocketTicket? = nil
    ) {
        sequencer?.noted(command, ticket)
        var frames: [UInt8]?
        if let loops {
            if case .emit(let emission) = command, let namespace {
                frames = self.frames(emission, in: namespace)
                guard frames != nil else { return }
            }
            // Before it is done here, so that whatever the author's hooks then do comes after it everywhere.
            loops.send(.command(command, target, namespace: name, frames: frames, ticket))
        }
        namespace?.apply(command, to: target, frames: frames)
    }

    /// Another loop does something.
    func commanded(
        _ command: SocketCommand, _ target: SocketTarget, in name: String, frames: [UInt8]?, _ ticket: SocketTicket?
    ) {
        sequencer?.noted(command, ticket)
        existingNamespace(name)?.apply(command, to: target, frames: frames)
        recovery?.noteHeard(command)
        // With a ticket it has come from there.
        if ticket == nil { relay(for: target)?.relay(command, to: target, in: name) }
    }

    // MARK: Questions

    /// Asks the sockets of other loops and servers, too; what is heard of them is reported under that id.
    func askOthers(
        _ id: Int, _ emission: SocketEmission, _ target: SocketTarget, in name: String, timeout: Interval
    ) {
        loops?.ask(id, emission, target, in: name, timeout: timeout)
        askServers(id, emission, target, in: name, timeout: timeout)
    }

    private func askServers(
        _ id: Int, _ emission: SocketEmission, _ target: SocketTarget, in name: String, timeout: Interval
    ) {
        guard let relay = relay(for: target) else { return }
        hold(id)
        relay.ask(emission, target, in: name, timeout: timeout) { [weak self] in self?.report(id, $0) }
    }

    /// Asks sockets here for somebody else.
    ///
    /// - Parameters:
    ///   - acrossLoops: Whether those of the other loops are asked here, too: a relay asks so. Else another loop asks, and
    ///     the first asks the other servers for it.
    ///   - report: Told how many they are, and of each answer, until `timeout` has passed.
    package func ask(
        _ emission: SocketEmission, _ target: SocketTarget, in name: String, timeout: Interval, acrossLoops: Bool,
        report: @escaping (SocketAskReport) -> Void
    ) {
        let namespace = existingNamespace(name)
        let sockets = namespace?.sockets(target) ?? []
        let id = collectAcks(sockets, timeout: timeout, isHeld: true, forward: report) { _ in }
        report(.asked(sockets.count))
        if acrossLoops {
            loops?.ask(id, emission, target, in: name, timeout: timeout)
        } else {
            askServers(id, emission, target, in: name, timeout: timeout)
        }
        namespace?.put(emission, id, to: sockets)
        self.report(id, .complete)
    }

    // MARK: Finding

    /// Finds the sockets that a target means: here, on the other loops unless one of them asks, and on other servers.
    package func fetch(
        _ target: SocketTarget, in name: String, acrossLoops: Bool = true, _ done: @escaping (SocketFinding) -> Void
    ) {
        let own = existingNamespace(name)?.sockets(target).map(\.description) ?? []
        let relay = relay(for: target)
        let loops = acrossLoops ? loops : nil
        guard loops != nil || relay != nil else { return done(SocketFinding(sockets: own)) }
        let survey = SocketSurvey(SocketFinding(sockets: own), done)
        // Whoever is asked has the time of a request; what they then answer takes its way.
        let number = after(settings.requestTimeout + .seconds(1)) { [weak self] in
            self?.surveys.removeValue(forKey: survey.number)?.timeReached()
        }
        survey.number = number
        surveys[number] = survey
        for loop in loops?.others ?? [] {
            survey.waits(for: "loop \(loop)")
            loops?.say(.fetch(number, target, namespace: name), to: loop)
        }
        guard let relay else { return }
        survey.waits(for: "servers")
        relay.fetch(target, in: name) { [weak self] in self?.found(number, $0, by: "servers") }
    }

    /// One of those who were asked has answered.
    func found(_ number: Int, _ finding: SocketFinding, by name: String) {
        guard let survey = surveys[number], survey.take(finding, by: name) else { return }
        callOff(number)
        surveys[number] = nil
        survey.done(survey.finding)
    }

    // MARK: Places

    /// Takes the place that a client claims, wherever it is kept; `done` is called once.
    ///
    /// With a place the client counts as returning until ``SocketRecovery/endReturn()``.
    func take(
        _ claim: SocketClaim, in namespace: SocketNamespace, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void
    ) {
        guard let recovery else { return done(nil) }
        recovery.beginReturn()
        if let place = give(claim, in: namespace.name, bytesMax: bytesMax) { return done(place) }
        // What is heard here from now on is kept for the client; what was heard before has to come with the place.
        let position = recovery.position
        let search = SocketPlaceSearch { [server] place in
            if place == nil {
                recovery.endReturn()
                server.counters[.recoveriesFailed] += 1
            }
            done(place?.moved(to: position))
        }
        loops?.search(search, claim, in: namespace.name, bytesMax: bytesMax, recovery.heard)
        if let relay {
            search.open += 1
            relay.take(claim, in: namespace.name, bytesMax: bytesMax) { search.take($0) }
        }
        search.take(nil)
    }

    /// Gives the place away that a client of another loop claims, or a client of another server; the first loop asks the other
    /// servers for it.
    func give(_ claim: SocketClaim, in name: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void) {
        if let place = give(claim, in: name, bytesMax: bytesMax) { return done(place) }
        guard let relay else { return done(nil) }
        relay.take(claim, in: name, bytesMax: bytesMax, done)
    }

    /// Gives the place away that a client claims, which may be on another loop; nil where there is none here.
    package func give(_ claim: SocketClaim, in namespace: String, bytesMax: Int) -> SocketPlace? {
        // The client knows that its old connection is lost before we do.
        if let id = claim.id, let old = existingNamespace(namespace)?.socket(id), old.isOwned(by: claim) {
            sequencer?.isGiving = true
            old.connection.replace()
            sequencer?.isGiving = false
        }
        return recovery?.take(claim, in: namespace, bytesMax: bytesMax)
    }

    // MARK: Servers

    /// Tells the other servers something.
    func tell(
        _ event: String, _ arguments: SocketArguments, in name: String, answers: ((SocketAnswers) -> Void)?
    ) {
        if let loops, !loops.isFirst { return loops.tell(event, arguments, in: name, answers: answers) }
        guard let relay else {
            answers?(SocketAnswers())
            return
        }
        relay.tell(event, arguments, in: name, answers: answers)
    }

    /// Another server has told this one something. It is heard once: on the first loop that has the namespace.
    package func told(
        _ event: String, _ arguments: SocketArguments, in name: String, answer: ((SocketArguments) -> Void)?
    ) {
        if let namespace = existingNamespace(name) { return namespace.told(event, arguments, answer: answer) }
        loops?.told(event, arguments, in: name, answer: answer)
    }
}

/// A search for a place, of which there is one at most.
final class SocketPlaceSearch {
    /// How many have not answered: at first whoever searches.
    var open = 1
    private var done: ((SocketPlace?) -> Void)?

    init(_ done: @escaping (SocketPlace?) -> Void) { self.done = done }

    /// Takes an answer.
    func take(_ place: SocketPlace?) {
        open -= 1
        guard place != nil || open == 0 else { return }
        done?(place)
        done = nil
    }

    /// Nobody is waited for any longer.
    func timeReached() {
        done?(nil)
        done = nil
    }
}

/// A search for sockets, and what has been found.
final class SocketSurvey {
    var number = 0
    private(set) var finding: SocketFinding
    /// Who has not answered.
    private var waiting: [String] = []
    let done: (SocketFinding) -> Void

    init(_ finding: SocketFinding, _ done: @escaping (SocketFinding) -> Void) {
        self.finding = finding
        self.done = done
    }

    func waits(for name: String) { waiting.append(name) }

    /// Takes an answer; whether it was the last.
    func take(_ more: SocketFinding, by name: String) -> Bool {
        guard let index = waiting.firstIndex(of: name) else { return false }
        waiting.remove(at: index)
        finding.sockets += more.sockets
        finding.missing += more.missing
        return waiting.isEmpty
    }

    func timeReached() {
        finding.missing += waiting
        done(finding)
    }
}
