import Determinism
import SocketIOCore

/// What the hubs of one path, one on each loop, tell each other. The numbers are those of whoever asks.
enum SocketLoopMessage: Sendable {
    /// Do this to those who are meant there. The first loop tells the other servers as well.
    /// With a ticket it is an event whose turn it is, and which the other servers have.
    case command(SocketCommand, SocketTarget, namespace: String, frames: [UInt8]?, SocketTicket?)
    /// To the first loop: give the event its place among those of all servers.
    case sequence(SocketTicket, SocketEmission, SocketTarget, namespace: String)
    /// From the first loop: the stream of all servers ends there at present.
    case began(StreamID)
    /// Ask those who are meant there; the first loop asks the other servers as well.
    case ask(Int, SocketEmission, SocketTarget, namespace: String, timeout: Interval)
    case report(Int, SocketAskReport)
    /// Say who is meant there; the first loop asks the other servers as well.
    case fetch(Int, SocketTarget, namespace: String)
    case found(Int, SocketFinding)
    /// Give away the place that a client here claims, once all has been heard there that has been here; the first loop asks the other
    /// servers as well.
    case claim(Int, SocketClaim, namespace: String, bytesMax: Int, SocketHeard)
    case given(Int, SocketPlace?)
    /// To the first loop: keep the place where every server finds it; from there: that cannot be done.
    case keep(SocketPlace)
    case refused(SocketPlace)
    /// To the first loop: tell the other servers.
    case tell(Int?, String, SocketArguments, namespace: String)
    case answers(Int, SocketAnswers)
    /// From the first loop: another server tells this.
    case told(Int?, String, SocketArguments, namespace: String)
    case answer(Int, SocketArguments)
    /// To the first loop: the namespace is there on the loop that says so, or is no more.
    case opened(namespace: String)
    case closed(namespace: String)
    /// To the first loop: somebody is in the room on the loop that says so, or nobody is any more.
    case roomOpened(String, namespace: String)
    case roomClosed(String, namespace: String)

    /// About how many bytes it holds that nothing else holds; 0 for what is never dropped.
    var weight: Int {
        switch self {
        case .command(let command, _, _, let frames, _):
            if case .emit(let emission) = command {
                256 + (frames?.count ?? 0) + emission.arguments.weight
            } else {
                512
            }
        case .ask(_, let emission, _, _, _), .sequence(_, let emission, _, _): 256 + emission.arguments.weight
        case .report(_, .answered(let arguments)), .answer(_, let arguments): 256 + arguments.weight
        case .tell(_, _, let arguments, _), .told(_, _, let arguments, _): 256 + arguments.weight
        case .found(_, let finding): 256 + 1_024 * finding.sockets.count
        case .answers(_, let answers): answers.answers.reduce(256) { $0 + $1.weight }
        case .report, .fetch, .claim: 256
        case .opened, .closed, .roomOpened, .roomClosed, .given, .keep, .refused, .began: 0
        }
    }
}

/// One hub's way to those of the same path on the process's other loops, with the turn's batches (``LoopHub``).
final class SocketLoops {
    /// The most bytes on their way to another loop; what is more is dropped.
    static let bytesMax = 16 * 1024 * 1024

    private unowned let hub: SocketHub
    private let own: Int
    /// The other loops' numbers.
    let others: [Int]
    private var inFlight: [InFlight]
    /// Those who wait for what other servers answer, and for what a handler on another loop answers.
    private var tells: [Int: (SocketAnswers) -> Void] = [:]
    private var answerers: [Int: (SocketArguments) -> Void] = [:]
    /// Those who search for a place.
    private var searches: [Int: SocketPlaceSearch] = [:]
    /// On the first loop: where each namespace is, in the order of the loops.
    private var places: [String: [Int]] = [:]
    /// On the first loop: on how many loops somebody is in each room of each namespace, where the relay wants to know.
    private var rooms: [String: [String: Int]] = [:]

    init(_ hub: SocketHub) {
        self.hub = hub
        own = hub.server.loops.own
        let count = hub.server.loopCount
        others = (0..<count).filter { [own] in $0 != own }
        inFlight = Array(repeating: InFlight(), count: count)
    }

    /// Whether this is the loop that speaks to other servers.
    var isFirst: Bool { own == 0 }

    /// On the first loop: the namespaces of all loops, in the order of their names.
    var namespaceNames: [String] { places.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    private func link(to loop: Int) -> LoopLink { hub.server.loops.link(to: loop) }

    // MARK: Saying

    /// Tells another loop; whether there was room for it.
    @discardableResult
    func say(_ message: SocketLoopMessage, to loop: Int) -> Bool {
        let link = link(to: loop)
        let weight = message.weight
        guard weight == 0 || inFlight[loop].add(weight, to: link, limit: Self.bytesMax) else {
            hub.server.counters[.loopMessagesDropped] += 1
            return false
        }
        link.say(.socketIO(hub: hub.number, message))
        return true
    }

    /// Tells every other loop.
    func send(_ message: SocketLoopMessage) {
        for loop in others { say(message, to: loop) }
    }

    /// Asks the sockets of the other loops; their hubs report under that id.
    func ask(
        _ id: Int, _ emission: SocketEmission, _ target: SocketTarget, in namespace: String, timeout: Interval
    ) {
        for loop in others where say(.ask(id, emission, target, namespace: namespace, timeout: timeout), to: loop) {
            hub.hold(id)
        }
    }

    /// Searches the other loops for the place that a client claims.
    func search(
        _ search: SocketPlaceSearch, _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ heard: SocketHeard
    ) {
        var number = 0
        number = hub.after(hub.settings.requestTimeout + .seconds(1)) { [weak self] in
            self?.searches.removeValue(forKey: number)?.timeReached()
        }
        searches[number] = search
        for loop in others
        where say(.claim(number, claim, namespace: namespace, bytesMax: bytesMax, heard), to: loop) {
            search.open += 1
        }
    }

    /// Has the first loop tell the other servers.
    func tell(
        _ event: String, _ arguments: SocketArguments, in namespace: String, answers: ((SocketAnswers) -> Void)?
    ) {
        guard let answers else {
            say(.tell(nil, event, arguments, namespace: namespace), to: 0)
            return
        }
        var number = 0
        number = hub.after(hub.settings.requestTimeout + .seconds(1)) { [weak self] in
            var none = SocketAnswers()
            none.isTimedOut = true
            self?.tells.removeValue(forKey: number)?(none)
        }
        tells[number] = answers
        say(.tell(number, event, arguments, namespace: namespace), to: 0)
    }

    /// Has a loop that has the namespace hear what another server tells.
    func told(
        _ event: String, _ arguments: SocketArguments, in namespace: String, answer: ((SocketArguments) -> Void)?
    ) {
        guard let loop = places[namespace]?.first(where: { $0 != own }) else { return }
        guard let answer else {
            say(.told(nil, event, arguments, namespace: namespace), to: loop)
            return
        }
        var number = 0
        number = hub.after(hub.settings.requestTimeout + .seconds(1)) { [weak self] in self?.answerers[number] = nil }
        answerers[number] = answer
        say(.told(number, event, arguments, namespace: namespace), to: loop)
    }

    // MARK: Namespaces

    /// A namespace has come to be on this loop.
    func opened(_ namespace: String) {
        if isFirst { opened(namespace, on: own) } else { say(.opened(namespace: namespace), to: 0) }
    }

    /// A namespace of this loop has gone.
    func closed(_ namespace: String) {
        if isFirst { closed(namespace, on: own) } else { say(.closed(namespace: namespace), to: 0) }
    }

    private func opened(_ namespace: String, on loop: Int) {
        let isNew = places[namespace] == nil
        places[namespace, default: []].append(loop)
        places[namespace]?.sort()
        if isNew { hub.relay?.opened(namespace) }
    }

    private func closed(_ namespace: String, on loop: Int) {
        places[namespace]?.removeAll { $0 == loop }
        guard places[namespace]?.isEmpty == true else { return }
        places[namespace] = nil
        hub.relay?.closed(namespace)
    }

    // MARK: Rooms

    /// Somebody on this loop is in a room from now on.
    func roomOpened(_ room: String, in namespace: String) {
        if isFirst { count(room, in: namespace, by: 1) } else { say(.roomOpened(room, namespace: namespace), to: 0) }
    }

    /// Nobody on this loop is in it any more.
    func roomClosed(_ room: String, in namespace: String) {
        if isFirst { count(room, in: namespace, by: -1) } else { say(.roomClosed(room, namespace: namespace), to: 0) }
    }

    private func count(_ room: String, in namespace: String, by change: Int) {
        let before = rooms[namespace]?[room] ?? 0
        let now = before + change
        rooms[namespace, default: [:]][room] = now > 0 ? now : nil
        if rooms[namespace]?.isEmpty == true { rooms[namespace] = nil }
        if before == 0, now > 0 { hub.relay?.roomOpened(room, in: namespace) }
        if before > 0, now <= 0 { hub.relay?.roomClosed(room, in: namespace) }
    }

    // MARK: Hearing

    /// Takes what the hub of another loop has said.
    func receive(_ message: SocketLoopMessage, from loop: Int) {
        switch message {
        case .command(let command, let target, let namespace, let frames, let ticket):
            hub.commanded(command, target, in: namespace, frames: frames, ticket)
        case .sequence(let ticket, let emission, let target, let namespace):
            hub.sequence(ticket, emission, to: target, in: namespace)
        case .began(let id): hub.sequencer?.began(at: id)
        case .keep(let place):
            hub.keepForAll(place) { [weak self] in _ = self?.say(.refused(place), to: loop) }
        case .refused(let place): hub.recovery?.put(place)
        case .ask(let id, let emission, let target, let namespace, let timeout):
            hub.ask(emission, target, in: namespace, timeout: timeout, acrossLoops: false) { [weak self] in
                self?.say(.report(id, $0), to: loop)
            }
        case .report(let id, let report): hub.report(id, report)
        case .fetch(let number, let target, let namespace):
            hub.fetch(target, in: namespace, acrossLoops: false) { [weak self] in
                self?.say(.found(number, $0), to: loop)
            }
        case .found(let number, let finding): hub.found(number, finding, by: "loop \(loop)")
        case .claim(let number, let claim, let namespace, let bytesMax, let heard):
            hub.recovery?.whenHeard(heard, by: loop) { [weak self] in
                self?.hub.give(claim, in: namespace, bytesMax: bytesMax) { self?.say(.given(number, $0), to: loop) }
            }
        case .given(let number, let place):
            hub.recovery?.whenHeard(place?.heard ?? SocketHeard(), by: loop) { [weak self] in
                self?.given(number, place)
            }
        case .tell(let number, let event, let arguments, let namespace):
            let answers = number.map { number in
                { [weak self] (answers: SocketAnswers) -> Void in
                    _ = self?.say(.answers(number, answers), to: loop)
                }
            }
            hub.tell(event, arguments, in: namespace, answers: answers)
        case .answers(let number, let answers):
            hub.callOff(number)
            tells.removeValue(forKey: number)?(answers)
        case .told(let number, let event, let arguments, let namespace):
            let answer = number.map { number in
                { [weak self] (answer: SocketArguments) -> Void in _ = self?.say(.answer(number, answer), to: loop) }
            }
            hub.existingNamespace(namespace)?.told(event, arguments, answer: answer)
        case .answer(let number, let arguments):
            hub.callOff(number)
            answerers.removeValue(forKey: number)?(arguments)
        case .opened(let namespace): opened(namespace, on: loop)
        case .closed(let namespace): closed(namespace, on: loop)
        case .roomOpened(let room, let namespace): count(room, in: namespace, by: 1)
        case .roomClosed(let room, let namespace): count(room, in: namespace, by: -1)
        }
    }

    private func given(_ number: Int, _ place: SocketPlace?) {
        guard let search = searches[number] else { return }
        search.take(place)
        guard search.open == 0 || place != nil else { return }
        hub.callOff(number)
        searches[number] = nil
    }
}
