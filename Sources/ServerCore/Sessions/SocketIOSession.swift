import ByteKit
import JSONCore
import LobbyCore
import SnapshotCore
import SocketIOCore

/// The Socket.IO dialect: Engine.IO v4 packets over WebSocket or long polling, Socket.IO v5 packets in those, and several
/// namespaces in one session (protocol/spec/socketio.md).
///
/// `/` is open to everyone and lists lobbies, `/lobby/<id>` is a lobby, `/admin` is for admins.
final class SocketIOSession: EngineSession {
    /// What a namespace of this session is attached to.
    private enum Attachment {
        /// Waits for the decision on that CONNECT, by its number.
        case authorizing(Int)
        case root
        case lobby(Member)
        case admin(AdminWatcher)
    }

    private var attachments: [(namespace: String, attachment: Attachment)] = []
    /// The namespaces that we ended last, as many as a client may be in.
    private var endedNamespaces: [String] = []
    private var decoder: SocketPacketDecoder
    private var connectCount = 0
    /// After so many wrong passwords of lobbies the connection ends.
    private static let wrongPasswordsMax = 3
    private var wrongPasswords = 0
    /// After so many refused CONNECTs with none accepted between, the connection ends: nobody is to try all there is.
    private static let refusalsMax = 32
    private var refusals = 0
    /// Attachments to come of a packet that was dropped.
    private var attachmentsToSkip = 0

    override var hasJoined: Bool {
        attachments.contains { entry in
            if case .authorizing = entry.attachment { false } else { true }
        }
    }

    override init(_ transport: Transport, _ handshake: EngineHandshake) {
        decoder = SocketPacketDecoder(limits: .init(packetBytesMax: transport.limits.messageBytesMax))
        super.init(transport, handshake)
    }

    // MARK: Engine.IO

    override func messageReceived(_ text: Span<UInt8>) {
        attachmentsToSkip = 0
        do throws(SocketPacketError) {
            if let packet = try decoder.text(text) { handle(packet) }
        } catch {
            transport.end(.badMessage("\(error)"))
        }
    }

    override var expectsAttachment: Bool { decoder.isWaiting || attachmentsToSkip > 0 }

    /// Drops a packet with its attachments. Heartbeats and leaving are never dropped: they cost next to nothing, and
    /// without them both sides would disagree.
    override func textDropped(_ bytes: Span<UInt8>) {
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "4") else { return textReceived(bytes) }
        switch bytes[1] {
        case UInt8(ascii: "1"): textReceived(bytes)
        case UInt8(ascii: "5"), UInt8(ascii: "6"):
            var cursor = 2
            attachmentsToSkip = 0
            while cursor < min(bytes.count, 4), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[cursor]) {
                attachmentsToSkip = attachmentsToSkip * 10 + Int(bytes[cursor] - UInt8(ascii: "0"))
                cursor += 1
            }
        default: break
        }
    }

    override func binaryReceived(_ bytes: Span<UInt8>) {
        guard attachmentsToSkip == 0 else {
            attachmentsToSkip -= 1
            return
        }
        do throws(SocketPacketError) {
            if let packet = try decoder.binary(bytes) { handle(packet) }
        } catch {
            transport.end(.badMessage("\(error)"))
        }
    }

    override func heartbeatTaken() {
        for case (_, .lobby(let member)) in attachments { member.confirm() }
    }

    override func outboxDrained() {
        for case (_, .lobby(let member)) in attachments { member.transportDrained() }
    }

    override func closed() {
        super.closed()
        let left = attachments
        attachments = []
        for (_, attachment) in left { detach(attachment) }
    }

    private func detach(_ attachment: Attachment) {
        switch attachment {
        case .lobby(let member): member.connectionLost()
        case .admin(let watcher): server.admin.remove(watcher)
        case .root:
            server.rootSocketCount -= 1
            unsubscribe()
        case .authorizing: break
        }
    }

    // MARK: Socket.IO

    private func handle(_ packet: SocketPacket) {
        let place = attachments.firstIndex { $0.namespace == packet.namespace }
        switch packet.body {
        case .connect(let auth):
            guard place == nil else { return transport.end(.badMessage("already connected to \(packet.namespace)")) }
            connect(packet.namespace, auth: auth.map { .object($0) } ?? .null)
        case .disconnect:
            guard let place else { return strayPacket(packet.namespace, leaves: true) }
            leave(removeAttachment(at: place))
        case .event(let name, let values, let ackID):
            guard let place else { return strayPacket(packet.namespace) }
            let event = ReceivedEvent(
                namespace: packet.namespace, name: name.text ?? "", values: values, ackID: ackID)
            eventReceived(event, attachments[place].attachment)
        // The server asks for no acks yet; one that nobody waits for means nothing.
        case .ack: break
        case .connectError: transport.end(.badMessage("only a server sends CONNECT_ERROR"))
        }
    }

    /// A packet for a namespace that the client is not in. It may have crossed our DISCONNECT on the way: then it is
    /// dropped, and the client's other namespaces live on.
    ///
    /// - Parameter leaves: Whether it says that the client leaves. Where we have said the same, nothing is wrong with it.
    private func strayPacket(_ namespace: String, leaves: Bool = false) {
        guard !endedNamespaces.contains(namespace) else {
            if !leaves { server.counters[.messagesMalformed] += 1 }
            return
        }
        transport.end(.badMessage("not connected to \(namespace)"))
    }

    private func removeAttachment(at place: Int) -> Attachment {
        let removed = attachments.remove(at: place).attachment
        if attachments.isEmpty { restartJoinDeadline() }
        return removed
    }

    override func dismiss(_ reason: String) {
        // Told so in each namespace, an official client does not come back by itself.
        for (namespace, attachment) in attachments {
            if case .authorizing = attachment { continue }
            send(SocketPacket(namespace: namespace, .disconnect))
        }
        super.dismiss(reason)
    }

    private func leave(_ attachment: Attachment) {
        // The member is gone from `attachments`, so nothing is sent to a namespace the client has left.
        if case .lobby(let member) = attachment {
            member.leave()
        } else {
            detach(attachment)
        }
    }

    // MARK: Connecting to a namespace

    private func connect(_ namespace: String, auth: JSONValue) {
        guard attachments.count < server.settings.namespacesMax else {
            server.counters[.namespacesRefused] += 1
            return refuse(namespace, message: "too many namespaces", data: .null)
        }
        if namespace == "/" {
            attachments.append((namespace, .root))
            server.rootSocketCount += 1
            accept(namespace)
        } else if namespace == "/admin" {
            let number = authorizing(namespace)
            guard !handshake.isForeignToAdmins else {
                server.counters[.adminLoginsRefused] += 1
                return refuse(namespace, message: "pages of this origin may not act as admin", data: .null)
            }
            let address = transport.remotePeer?.adminText ?? transport.peerAddress
            server.admin.login(auth, from: transport.remotePeer, address: address) { [weak self] in
                self?.adminDecided(number, $0, isPage: AdminWatcher.isPage(auth))
            }
        } else if namespace.hasPrefix("/lobby/") {
            joinLobby(namespace, auth)
        } else {
            server.counters[.namespacesRefused] += 1
            refuse(namespace, message: "Invalid namespace", data: .null)
        }
    }

    private func joinLobby(_ namespace: String, _ auth: JSONValue) {
        do throws(JoinRefusal) {
            let request = try JoinRequest(
                lobbyID: String(namespace.dropFirst(7)), auth: auth, peerAddress: transport.peerAddress)
            let number = authorizing(namespace)
            server.identify(request, from: transport.remotePeer) { [weak self] in
                self?.identified(number, namespace, $0)
            }
        } catch {
            refuseJoin(namespace, error)
        }
    }

    private func identified(_ number: Int, _ namespace: String, _ outcome: Result<JoinRequest, JoinRefusal>) {
        guard authorizingPlace(number) != nil else { return }
        switch outcome {
        case .failure(let refusal): refuseJoin(namespace, refusal)
        case .success(let request):
            server.join(request, session: self, dialect: .socketIO) { self.joined(number, namespace, $0) }
        }
    }

    private func joined(_ number: Int, _ namespace: String, _ outcome: JoinOutcome) {
        let place = authorizingPlace(number)
        switch outcome {
        case .failure(let refusal): if place != nil { refuseJoin(namespace, refusal) }
        case .success(let joined):
            // Meanwhile the client may have taken its CONNECT back, or have gone.
            guard let place else { return isLive ? joined.member.leave() : joined.member.connectionLost() }
            attachments[place].attachment = .lobby(joined.member)
            accept(namespace)
            joined.member.emit(joined.member.welcomeEvent, joined.welcome)
            joined.member.welcomed()
        }
    }

    override func matchDecided(_ member: WaitingMember, _ outcome: JoinOutcome) {
        let place = attachments.firstIndex { entry in
            if case .lobby(let joined) = entry.attachment { joined === member } else { false }
        }
        switch outcome {
        case .failure(let refusal):
            guard isLive, place != nil else { return }
            server.counters[.joinsRefused] += 1
            member.emit("exception", refusal.data)
            ended(member, .refused(refusal))
        case .success(let joined):
            guard isLive, let place else { return joined.member.connectionLost() }
            attachments[place].attachment = .lobby(joined.member)
            joined.member.emit(joined.member.welcomeEvent, joined.welcome)
            joined.member.welcomed()
        }
    }

    private func adminDecided(_ number: Int, _ login: AdminLogin?, isPage: Bool) {
        guard let place = authorizingPlace(number) else { return }
        guard let login else { return refuse("/admin", message: "invalid credentials", data: .null) }
        let watcher = AdminWatcher(session: self, login: login, isPage: isPage)
        attachments[place].attachment = .admin(watcher)
        accept("/admin")
        if !isPage {
            watcher.emit("session", login.json(at: server.clock()))
        } else if let token = login.token {
            watcher.emit("session", .string(token))
        }
        // Sending may have ended a connection that does not read.
        guard isLive else { return }
        server.admin.add(watcher)
    }

    override func adminEnded(_ watcher: AdminWatcher) {
        let place = attachments.firstIndex { entry in
            if case .admin(let own) = entry.attachment { own === watcher } else { false }
        }
        guard let place else { return }
        detach(removeAttachment(at: place))
        remember("/admin")
        send(SocketPacket(namespace: "/admin", .disconnect))
    }

    /// Notes that a CONNECT waits for a decision, and numbers it.
    private func authorizing(_ namespace: String) -> Int {
        connectCount += 1
        attachments.append((namespace, .authorizing(connectCount)))
        return connectCount
    }

    /// Where that CONNECT still waits for its decision; nil when the client has taken it back or is gone.
    private func authorizingPlace(_ number: Int) -> Int? {
        guard isLive else { return nil }
        return attachments.firstIndex { entry in
            if case .authorizing(number) = entry.attachment { return true }
            return false
        }
    }

    private func accept(_ namespace: String) {
        refusals = 0
        let sid = EngineID.make(from: server.randomBytes(EngineID.randomByteCount))
        send(SocketPacket(namespace: namespace, .connect(["sid": .string(sid)])))
    }

    private func refuseJoin(_ namespace: String, _ refusal: JoinRefusal) {
        server.counters[.joinsRefused] += 1
        server.note(refusal, self, lobby: String(namespace.dropFirst(7)))
        if refusal == .wrongPassword {
            wrongPasswords += 1
            // A plain connection ends with its first.
            guard wrongPasswords < Self.wrongPasswordsMax else { return transport.end(.rateLimited) }
        }
        refuse(namespace, message: refusal.message, data: refusal.data)
    }

    private func refuse(_ namespace: String, message: String, data: JSONValue) {
        attachments.removeAll { $0.namespace == namespace }
        refusals += 1
        guard refusals < Self.refusalsMax else { return transport.end(.rateLimited) }
        var payload: JSONObject = ["message": .string(message)]
        if data != .null { payload["data"] = data }
        send(SocketPacket(namespace: namespace, .connectError(.object(payload))))
        transport.armTimer()
    }

    // MARK: Events

    private func eventReceived(_ event: ReceivedEvent, _ attachment: Attachment) {
        switch attachment {
        case .authorizing: transport.end(.badMessage("an event before CONNECT was answered"))
        case .root where ["lobbies", "subscribe", "unsubscribe"].contains(event.name): listEvent(event)
        case .root where event.name == "reserve":
            // The lobby's id stands where a join has terms.
            var data = event.argument.object ?? [:]
            let id = data["lobby"]?.string ?? ""
            data["lobby"] = nil
            reserve(in: id, event, .object(data), isMember: false)
        case .root: acknowledge(event, .null)
        case .admin(let watcher):
            adminEvent(event, watcher)
        case .lobby(let member): memberEvent(event, member)
        }
    }

    /// Acknowledges an event whose answer may have come on a later turn, when the client may have left.
    func answer(_ event: ReceivedEvent, _ data: JSONValue) {
        guard attachments.contains(where: { $0.namespace == event.namespace }) else { return }
        acknowledge(event, data)
    }

    private func isJoined(_ member: Member) -> Bool {
        attachments.contains { entry in
            if case .lobby(let joined) = entry.attachment { joined === member } else { false }
        }
    }

    override func commandAnswered(_ member: Member, key: JSONValue?, _ answer: LobbyAnswer) {
        guard isJoined(member), let id = key?.integer.flatMap(Int.init(exactly:)) else { return }
        let data: JSONValue =
            switch answer.outcome {
            case .success(let data): data
            case .failure(let refusal): .object(refusal.data)
            }
        acknowledge(id, in: member.namespace, data)
    }

    override func inputAnswered(_ member: Member, key: JSONValue, accepted: Bool?, moment: LobbyMoment) {
        guard isJoined(member), let id = key.integer.flatMap(Int.init(exactly:)) else { return }
        let first: JSONObject = accepted.map { ["accepted": .bool($0)] } ?? [:]
        acknowledge(id, in: member.namespace, moment.data(first))
    }

    // MARK: Out

    /// Packets of the client's to a namespace that we have ended may be under way.
    private func remember(_ namespace: String) {
        if endedNamespaces.count == server.settings.namespacesMax { endedNamespaces.removeFirst() }
        endedNamespaces.append(namespace)
    }

    override func ended(_ member: Member, _ departure: Departure) {
        let namespace = member.namespace
        guard let place = attachments.firstIndex(where: { $0.namespace == namespace }) else { return }
        _ = removeAttachment(at: place)
        remember(namespace)
        if let event = departure.event { member.emit(event, .object(["reason": .string(departure.reason)])) }
        send(SocketPacket(namespace: namespace, .disconnect))
    }

    /// Sends a packet, framed.
    func send(_ packet: SocketPacket) {
        transport.send(SocketIOFrames.packet(packet))
    }
}
