import ByteKit
import GameKit
import JSONCore

/// What one server has to do with those of the process's other loops: members here whose lobbies are there, sessions there
/// whose members are in lobbies here, and questions both ways.
///
/// Everything that is said to a loop in one turn is one ``LoopBatch``, so that what one session and one lobby tell each
/// other keeps its order.
final class LoopHub {
    /// The most questions that wait for an answer; more are answered with what is known here.
    private static let questionsMax = 1_024
    /// A lobby that has moved more often than that while somebody joined it is given up.
    private static let movesMax = 3

    unowned let server: Server
    private let links: any LoopLinks
    private let outgoing: [LoopLink]
    /// What a remote session may use up: its session's own limits hold where that session is.
    let remoteLimits: SessionLimits

    /// Members here whose lobbies are there, and those who wait to become one, by number.
    private var remotes: [Int: RemoteMember] = [:]
    private var joins: [Int: PendingJoin] = [:]
    private var lastNumber = 0
    /// Members that were given a snapshot, or whose transports have drained.
    private var reporting: [RemoteMember] = []
    private var taken: [[Int]]

    /// Remote sessions in lobbies here, by loop and number.
    private var sessions: [[Int: RemoteSession]]

    private var questions: [Int: (LoopAnswer) -> Void] = [:]
    private var lastQuestion = 0

    /// Of the others, in a drain: whether nobody sits in a lobby there. The last that we said of ourselves.
    private var settled: [Bool]
    private var saidSettled = false

    init(server: Server, links: any LoopLinks) {
        self.server = server
        self.links = links
        outgoing = (0..<links.count).map { LoopLink(from: links.own, to: $0) }
        taken = Array(repeating: [], count: links.count)
        sessions = Array(repeating: [:], count: links.count)
        settled = (0..<links.count).map { $0 == links.own }
        remoteLimits = SessionLimits(
            messageBytesMax: server.settings.messageBytesMax, fragmentsMax: server.settings.fragmentsMax,
            outboxBytesMax: server.settings.outboxBytesMax, messagesPerSecond: nil, waitsForReader: false,
            heartbeatInterval: nil, heartbeatTimeout: server.settings.heartbeatTimeout)
    }

    /// How many loops there are.
    var count: Int { links.count }

    /// This loop's number.
    var own: Int { links.own }

    /// Makes a stream of this loop of one that came from another.
    func attach(_ stream: any DetachedStream) -> (any ByteStream)? { links.attach(stream) }

    /// Every other loop's number.
    private var others: [Int] { (0..<links.count).filter { $0 != links.own } }

    func link(to loop: Int) -> LoopLink { outgoing[loop] }

    func withDirectory<Value>(_ body: (inout LoopDirectory) -> Value) -> Value? {
        var value: Value?
        links.withDirectory { value = body(&$0) }
        return value
    }

    // MARK: Turns

    /// Ends the turn: reports, then one batch to each loop that was told something. After the connections' flush.
    func flush() {
        for member in reporting {
            if member.isReportDue() { taken[member.loop].append(member.number) }
            member.reportCongestion()
            member.isToReport = false
        }
        reporting.removeAll(keepingCapacity: true)
        if server.drainDeadline != nil { saySettled() }
        for loop in outgoing.indices where loop != links.own {
            if !taken[loop].isEmpty {
                outgoing[loop].say(.taken(remotes: taken[loop]))
                taken[loop].removeAll(keepingCapacity: true)
            }
            if outgoing[loop].flush(through: links) { server.counters[.loopBatches] += 1 }
        }
    }

    /// Handles what another loop has said.
    func receive(_ batch: LoopBatch) {
        outgoing[batch.from].received(batch)
        for message in batch.messages {
            switch message {
            case .joined, .refused, .moved, .deliver, .answered, .asked, .ended: toSession(message, batch)
            case .queue(let message): server.matchmaker.receive(message, from: batch.from)
            case .list(let message): server.liveList.receive(message, from: batch.from)
            case .connection(let moved): server.adopt(moved)
            case .question(let number, let question):
                outgoing[batch.from].say(.answer(number, server.answer(question)))
            case .answer(let number, let answer): questions.removeValue(forKey: number)?(answer)
            case .socketIO(let hub, let message): server.socketHubs[hub].loops?.receive(message, from: batch.from)
            case .drain: server.beginDrain()
            case .settled(let isSettled): settled[batch.from] = isSettled
            default: toLobby(message, from: batch.from)
            }
        }
    }

    // MARK: Sessions here, lobbies there

    /// Asks another loop for a seat.
    func join(
        _ request: JoinRequest, session: Session, dialect: Dialect, on loop: Int, moves: Int = 0,
        _ decided: @escaping (JoinOutcome) -> Void
    ) {
        lastNumber += 1
        joins[lastNumber] = PendingJoin(
            request: request, session: session, dialect: dialect, loop: loop, moves: moves, decided: decided)
        outgoing[loop].say(.join(remote: lastNumber, request, dialect))
    }

    private func toSession(_ message: LoopMessage, _ batch: LoopBatch) {
        switch message {
        case .joined(let number, let seat, let game, let welcome): joined(number, seat, game, welcome)
        case .refused(let number, let refusal): joins.removeValue(forKey: number)?.decided(.failure(refusal))
        case .moved(let number): joins.removeValue(forKey: number).map(joinAgain)
        case .deliver(let place):
            let delivery = batch.deliveries[place]
            for number in delivery.remotes {
                guard let member = remotes[number] else { continue }
                if delivery.isLatest {
                    member.sendLatest(delivery.bytes)
                } else {
                    member.send(delivery.bytes)
                }
            }
        case .answered(let number, let key, let accepted, let moment):
            guard let member = remotes[number] else { return }
            member.session.inputAnswered(member, key: key, accepted: accepted, moment: moment)
        case .asked(let number, let key, let answer):
            guard let member = remotes[number] else { return }
            member.session.commandAnswered(member, key: key, answer)
        case .ended(let number, let departure):
            guard let member = remotes.removeValue(forKey: number) else { return }
            if departure == .slowConsumer { return member.transport.end(departure) }
            member.session.ended(member, departure)
        default: break
        }
    }

    private func joined(_ number: Int, _ seat: Int, _ game: String, _ welcome: JSONValue) {
        guard let join = joins.removeValue(forKey: number),
            let game = server.games.first(where: { $0.name == game })
        else { return }
        let member = RemoteMember(
            session: join.session, dialect: join.dialect, request: join.request, game: game, seat: seat,
            hub: self, loop: join.loop, number: number)
        remotes[number] = member
        join.decided(.success((member, welcome)))
    }

    private func joinAgain(_ join: PendingJoin) {
        guard join.moves < Self.movesMax else { return join.decided(.failure(.noSuchLobby)) }
        server.joinNamed(
            join.request, session: join.session, dialect: join.dialect, moves: join.moves + 1, join.decided)
    }

    func reportLater(_ member: RemoteMember) {
        guard !member.isToReport else { return }
        member.isToReport = true
        reporting.append(member)
    }

    /// Whether the member was still one.
    func forget(_ member: RemoteMember) -> Bool {
        remotes.removeValue(forKey: member.number) != nil
    }

    // MARK: Lobbies here, sessions there

    private func toLobby(_ message: LoopMessage, from home: Int) {
        switch message {
        case .join(let number, let request, let dialect): admit(number, request, dialect, from: home)
        case .confirm(let number): sessions[home][number]?.member?.confirm()
        case .inputs(let number, let inputs, let seen): sessions[home][number]?.member?.take(inputs[...], seen: seen)
        case .input(let number, let input, let key): sessions[home][number]?.member?.take(input, key: key)
        case .ack(let number, let tick): sessions[home][number]?.member?.acknowledge(tick)
        case .ask(let number, let command, let key): sessions[home][number]?.member?.ask(command, key: key)
        case .tick(let number, let key): sessions[home][number]?.member?.askTick(key: key)
        case .keyframe(let number, let isMismatch):
            sessions[home][number]?.member?.needsKeyframe(isMismatch: isMismatch)
        case .leave(let number): sessions[home].removeValue(forKey: number)?.dismissed()?.leave()
        case .lost(let number): sessions[home].removeValue(forKey: number)?.dismissed()?.connectionLost()
        case .congested(let number, let isCongested): sessions[home][number]?.congested(isCongested)
        case .taken(let numbers): for number in numbers { sessions[home][number]?.snapshotTaken() }
        default: break
        }
    }

    private func admit(_ number: Int, _ request: JoinRequest, _ dialect: Dialect, from home: Int) {
        let session = RemoteSession(hub: self, home: home, number: number, address: request.peerAddress)
        do throws(JoinRefusal) {
            guard case .here(let lobby) = try server.place(for: request) else {
                return session.turnAway(.moved(remote: number))
            }
            let (member, welcome) = try lobby.join(request, session: session, dialect: dialect)
            session.member = member
            sessions[home][number] = session
            session.say(
                .joined(remote: number, seat: member.seat, game: member.game.name, welcome: welcome))
            member.welcomed()
        } catch {
            session.turnAway(.refused(remote: number, error))
        }
    }

    /// Whether it was still in a lobby here.
    func forget(_ session: RemoteSession) -> Bool {
        sessions[session.home].removeValue(forKey: session.number) != nil
    }

    // MARK: Questions

    /// Asks one server; `answered` is called at once when it is this one.
    func ask(_ loop: Int, _ question: LoopQuestion, _ answered: @escaping (LoopAnswer) -> Void) {
        guard loop != links.own else { return answered(server.answer(question)) }
        lastQuestion += 1
        questions[lastQuestion] = answered
        outgoing[loop].say(.question(lastQuestion, question))
    }

    /// Asks every server, this one too; `answered` gets the answers in the order of the loops, once all are there.
    func askAll(_ question: LoopQuestion, _ answered: @escaping ([LoopAnswer]) -> Void) {
        guard links.count > 1, questions.count < Self.questionsMax else { return answered([server.answer(question)]) }
        let survey = Survey(loops: links.count, answered)
        for loop in 0..<links.count { ask(loop, question) { survey.take($0, from: loop) } }
    }

    // MARK: Draining

    /// Has the other loops drain as well.
    func drainOthers() {
        for loop in others { outgoing[loop].say(.drain) }
    }

    /// Whether nobody sits in any lobby of the others.
    var othersAreSettled: Bool { settled.allSatisfy { $0 } }

    private func saySettled() {
        let isSettled = server.isSettled
        guard isSettled != saidSettled else { return }
        saidSettled = isSettled
        for loop in others { outgoing[loop].say(.settled(isSettled)) }
    }
}

/// One question to every loop, and the answers so far.
private final class Survey {
    private var answers: [LoopAnswer?]
    private var missing: Int
    private let answered: ([LoopAnswer]) -> Void

    init(loops: Int, _ answered: @escaping ([LoopAnswer]) -> Void) {
        answers = Array(repeating: nil, count: loops)
        missing = loops
        self.answered = answered
    }

    func take(_ answer: LoopAnswer, from loop: Int) {
        answers[loop] = answer
        missing -= 1
        if missing == 0 { answered(answers.compactMap { $0 }) }
    }
}
