import ByteKit
import JSONCore
import LobbyCore
import MessagePackCore
import SnapshotCore
import SocketIOCore

/// The plain dialect: JSON text `{"event","data","id"?}` both ways, binary inputs in, binary snapshots out; and the compact
/// one, in which events are binary, too (protocol/spec/lobby.md §1). The lobby is in the path.
final class PlainSession: Session {
    private let lobbyID: String
    /// Plain or compact.
    private let dialect: Dialect
    private var member: Member?
    private var isAuthorizing = false

    init(_ transport: Transport, lobbyID: String, dialect: Dialect) {
        self.lobbyID = lobbyID
        self.dialect = dialect
        super.init(transport)
    }

    override var hasJoined: Bool { member != nil || subscription != nil }

    // MARK: In

    override func textReceived(_ bytes: Span<UInt8>) {
        guard dialect == .plain else {
            transport.end(.badMessage("\(CompactEvent.subprotocol) has no text messages"))
            return
        }
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, limits: JSONLimits())
        } catch {
            transport.end(.badMessage("not JSON: \(error)"))
            return
        }
        guard let event = value["event"]?.string else {
            transport.end(.badMessage("a message must be {\"event\": name, \"data\": any}"))
            return
        }
        received(event, value["data"] ?? .null, id: value["id"])
    }

    private func received(_ event: String, _ data: JSONValue, id answerID: JSONValue?) {
        member?.confirm()
        if server.eventSample.isOpen, event != "input", let member { server.sample(.received, event, of: member, data) }
        switch (event, member) {
        case ("join", nil): join(data)
        case ("join", _?): refuse(event, "already joined", answerID)
        case ("lobbies", _), ("subscribe", _), ("unsubscribe", _): listEvent(event, data, answerID)
        case (_, nil): transport.end(.badMessage(joinFirst))
        case ("input", let member?): receiveInput(data, member, answerID)
        case ("leave", let member?):
            answer(answerID, .null)
            member.leave()
        case ("keyframe", let member?):
            answer(answerID, .null)
            member.keyframeRequested(isMismatch: data["mismatch"]?.bool ?? false)
        case ("time", let member?): if let answerID, answerID != .null { member.askTick(key: answerID) }
        case ("reserve", let member?): reserve(data, member, answerID)
        case (_, let member?):
            if !member.receiveCommand(event, data, key: answerID) { refuse(event, "no such event", answerID) }
        }
    }

    private var joinFirst: String {
        "join first: " + (dialect == .plain ? #"{"event": "join", "data": {"name": …}}"# : #"["join", {"name": …}]"#)
    }

    override func binaryReceived(_ bytes: Span<UInt8>) {
        if dialect == .compact, !bytes.isEmpty, bytes[0] == CompactEvent.Speaker.client.rawValue {
            return eventReceived(bytes)
        }
        guard let member else {
            transport.end(.badMessage(joinFirst))
            return
        }
        member.confirm()
        if let error = member.receiveBinary(bytes) { transport.end(.badMessage(error)) }
    }

    private func eventReceived(_ bytes: Span<UInt8>) {
        do throws(CompactEvent.Malformed) {
            let event = try CompactEvent(decoding: bytes, from: .client)
            received(event.name, event.data, id: event.id)
        } catch {
            transport.end(.badMessage("\(error)"))
        }
    }

    private func receiveInput(_ data: JSONValue, _ member: Member, _ answerID: JSONValue?) {
        do throws(InputRefusal) {
            try member.receiveInput(data, key: answerID)
        } catch {
            refuse("input", error.message, answerID)
        }
    }

    /// What a client may ask about the list of lobbies, joined or not.
    private func listEvent(_ event: String, _ data: JSONValue, _ answerID: JSONValue?) {
        do throws(LobbyQueryError) {
            switch event {
            case "lobbies":
                return try listLobbies(data) { [weak self] rows in
                    if let self, isLive { answer(answerID, .array(rows)) }
                }
            case "subscribe": try subscribe(data, dialect) { answer(answerID, .null) }
            default:
                unsubscribe()
                if member == nil { restartJoinDeadline() }
                answer(answerID, .null)
            }
        } catch {
            refuse(event, error.message, answerID)
        }
    }

    /// Has seats kept for friends of the player's.
    private func reserve(_ data: JSONValue, _ member: Member, _ id: JSONValue?) {
        server.reserve(in: member.lobbyID, data, from: transport.remotePeer, isMember: member.hasSeat) {
            [weak self] outcome in
            guard let self, isLive else { return }
            switch outcome {
            case .success(let tickets): answer(id, tickets)
            case .failure(let refusal): refuse("reserve", refusal.message, id)
            }
        }
    }

    override func inputAnswered(_ member: Member, key: JSONValue, accepted: Bool?, moment: LobbyMoment) {
        answer(key, moment.data(accepted.map { ["accepted": .bool($0)] } ?? [:]))
    }

    override func commandAnswered(_ member: Member, key: JSONValue?, _ answer: LobbyAnswer) {
        guard self.member === member else { return }
        switch answer.outcome {
        case .success(let data): self.answer(key, data)
        case .failure(let refusal): refuse(answer.event, refusal.message, key, code: refusal.code)
        }
    }

    private func answer(_ id: JSONValue?, _ data: JSONValue) {
        guard let id, id != .null else { return }
        switch dialect {
        case .compact: transport.send(CompactFrames.event("ack", data, id: id))
        default: transport.send(PlainFrames.text(.object(["event": "ack", "id": id, "data": data])))
        }
    }

    private func say(_ event: String, _ data: JSONValue) {
        transport.send(dialect == .compact ? CompactFrames.event(event, data) : PlainFrames.event(event, data))
    }

    private func refuse(_ event: String, _ message: String, _ id: JSONValue?, code: String? = nil) {
        var data: JSONObject = ["event": .string(event), "message": .string(message)]
        if let code { data["code"] = .string(code) }
        if let id { data["id"] = id }
        say("exception", .object(data))
    }

    // MARK: Joining

    private func join(_ data: JSONValue) {
        guard !isAuthorizing else { return }
        do throws(JoinRefusal) {
            let request = try JoinRequest(lobbyID: lobbyID, auth: data, peerAddress: transport.peerAddress)
            isAuthorizing = true
            server.identify(request, from: transport.remotePeer) { [weak self] in self?.identified($0) }
        } catch {
            refuseJoin(error)
        }
    }

    private func identified(_ outcome: Result<JoinRequest, JoinRefusal>) {
        guard isLive, case .success(let request) = outcome else {
            isAuthorizing = false
            if isLive, case .failure(let refusal) = outcome { refuseJoin(refusal) }
            return
        }
        server.join(request, session: self, dialect: dialect) { self.joinDecided($0) }
    }

    private func joinDecided(_ outcome: JoinOutcome) {
        isAuthorizing = false
        switch outcome {
        case .failure(let refusal): if isLive { refuseJoin(refusal) }
        case .success(let joined):
            guard isLive else { return joined.member.connectionLost() }
            welcome(joined.member, joined.welcome)
        }
    }

    private func welcome(_ member: Member, _ data: JSONValue) {
        self.member = member
        member.emit(member.welcomeEvent, data)
        member.welcomed()
    }

    override func matchDecided(_ member: WaitingMember, _ outcome: JoinOutcome) {
        let isWaiting = isLive && self.member === member
        switch outcome {
        case .failure(let refusal): if isWaiting { refuseJoin(refusal) }
        case .success(let joined):
            guard isWaiting else { return joined.member.connectionLost() }
            welcome(joined.member, joined.welcome)
        }
    }

    private func refuseJoin(_ refusal: JoinRefusal) {
        server.counters[.joinsRefused] += 1
        server.note(refusal, self, lobby: lobbyID)
        say("exception", refusal.data)
        transport.end(.refused(refusal))
    }

    // MARK: Out

    override func ended(_ member: Member, _ departure: Departure) {
        self.member = nil
        if let event = departure.event {
            say(event, .object(["reason": .string(departure.reason)]))
        }
        transport.end(departure)
    }

    override func pongReceived(_ payload: Span<UInt8>) {
        guard takePong() else { return }
        member?.confirm()
    }

    override func outboxDrained() {
        member?.transportDrained()
    }

    override func sendPing() {
        transport.sendAhead(PlainFrames.ping)
    }

    override func closed() {
        unsubscribe()
        guard let member else { return }
        self.member = nil
        member.connectionLost()
    }
}
