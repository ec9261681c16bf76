import ByteKit
import Determinism
import HTTPCore
import JSONCore
import SocketIOCore
import WebSocketCore

/// One client of a ``SocketHub``: an Engine.IO session, and the client's place in each namespace.
class SocketConnection: EngineSession {
    final let hub: SocketHub
    // Nearly every client is in one namespace.
    private var first: NamespaceSocket?
    private var others: [NamespaceSocket] = []
    private var hasEverJoined = false
    private let openedAt: Instant
    private var extras: Extras?

    /// What few connections need.
    private final class Extras {
        /// Puts a packet together whose attachments are arriving.
        var pending: SocketPacketDecoder?
        /// Attachments to come of a packet that was dropped.
        var attachmentsToSkip = 0
        /// Namespaces that the client has asked for and nobody has decided about.
        var asked: [String] = []
        /// The namespaces that we ended last.
        var ended: [String] = []
        /// Volatile events that wait, each the newest of its name.
        var newest: [NewestEvent] = []
        /// Puts packets together where an author says how.
        var decode: ((SocketParser.Message) throws -> SocketPacket?)?
    }

    init(_ transport: Transport, _ handshake: EngineHandshake, hub: SocketHub) {
        self.hub = hub
        openedAt = transport.server.clock()
        super.init(transport, handshake)
        joinDeadline = openedAt + hub.settings.connectTimeout
    }

    private var ownExtras: Extras {
        if let extras { return extras }
        let made = Extras()
        extras = made
        return made
    }

    final override var hasJoined: Bool { hasEverJoined }

    /// Whether the client speaks no Socket.IO.
    var isPlain: Bool { false }

    /// Sends a packet that is neither event nor ack; false where it cannot be written.
    @discardableResult
    func send(_ packet: SocketPacket) -> Bool { hub.send(packet, over: transport) }

    /// How the client came.
    var handshakeOfClient: SocketHandshake {
        var handshake = self.handshake.request?.handshake ?? SocketHandshake()
        handshake.address = transport.peerAddress
        handshake.issuedAt = openedAt
        return handshake
    }

    // MARK: Packets in

    override func messageReceived(_ text: Span<UInt8>) {
        guard hub.isStandard else { return received(text, isText: true) }
        guard extras?.pending == nil else {
            extras?.pending = nil
            return fail(.forcedClose, "\(SocketPacketError.textInsteadOfAttachment)")
        }
        extras?.attachmentsToSkip = 0
        do throws(SocketPacketError) {
            if let event = try hub.scanned(text) { return received(event, text) }
            if isRevision3, text.count > 0, text[0] == UInt8(ascii: "0") { return connect(packet: text) }
            let (packet, pending) = try hub.decode(text)
            if let pending { ownExtras.pending = pending }
            if let packet { handle(packet) }
        } catch {
            fail(.forcedClose, "\(error)")
        }
    }

    override func binaryReceived(_ bytes: Span<UInt8>) {
        guard hub.isStandard else { return received(bytes, isText: false) }
        if let extras, extras.attachmentsToSkip > 0 {
            extras.attachmentsToSkip -= 1
            return
        }
        do throws(SocketPacketError) {
            guard let extras, var pending = extras.pending.take() else { throw .unexpectedAttachment }
            let packet = try pending.binary(bytes)
            if let packet { handle(packet) } else { extras.pending = pending }
        } catch {
            fail(.forcedClose, "\(error)")
        }
    }

    override var expectsAttachment: Bool {
        guard let extras else { return false }
        return extras.pending != nil || extras.attachmentsToSkip > 0
    }

    /// Drops a packet with its attachments. Heartbeats, acks and leaving are never dropped.
    override func textDropped(_ bytes: Span<UInt8>) {
        guard bytes.count > 1, bytes[0] == EnginePacket.Kind.message.rawValue else { return textReceived(bytes) }
        guard hub.isStandard else {
            return received(bytes.extracting(droppingFirst: EnginePacket.dataStart), isText: true, isOverRate: true)
        }
        switch bytes[1] {
        case UInt8(ascii: "1"), UInt8(ascii: "3"): textReceived(bytes)
        case UInt8(ascii: "5"), UInt8(ascii: "6"):
            var (cursor, count) = (2, 0)
            while cursor < min(bytes.count, 4), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[cursor]) {
                count = count * 10 + Int(bytes[cursor] - UInt8(ascii: "0"))
                cursor += 1
            }
            ownExtras.attachmentsToSkip = count
        default: break
        }
    }

    override func binaryDropped(_ bytes: Span<UInt8>) {
        if !hub.isStandard { received(bytes, isText: false, isOverRate: true) }
    }

    /// A message where the hub's codec is not the standard one.
    ///
    /// - Parameter isOverRate: Whether its packet is dropped, unless it is an ack or one that leaves.
    private func received(_ message: Span<UInt8>, isText: Bool, isOverRate: Bool = false) {
        if extras?.decode == nil, let decode = hub.makeDecoder() { ownExtras.decode = decode }
        do {
            guard let packet = try hub.packet(message, isText: isText, extras?.decode) else { return }
            switch packet.body {
            case .connect, .event, .connectError: if isOverRate { return }
            case .ack, .disconnect: break
            }
            handle(packet)
        } catch {
            fail(.forcedClose, "\(error)")
        }
    }

    private func received(_ event: ScannedEvent, _ text: Span<UInt8>) {
        guard let socket = socket(text, event.namespace) else { return stray(text, event.namespace) }
        guard socket.isConnected else { return fail(.forcedServerClose, "an event before CONNECT was answered") }
        guard let name = event.name else {
            guard let id = event.ackID else { return }
            return socket.ackReceived(id, arguments(of: event, text))
        }
        let handler = socket.namespace.behaviour.handlers[text, name]
        guard socket.takesEventsAtOnce else {
            let name = handler?.name ?? String(validating: text.extracting(name)) ?? ""
            return socket.received(
                ReceivedEvent(name: name, arguments: arguments(of: event, text), ackID: event.ackID))
        }
        guard let handler else { return }
        handler.value(
            socket, ReceivedEvent(name: handler.name, arguments: arguments(of: event, text), ackID: event.ackID))
    }

    private func arguments(of event: ScannedEvent, _ text: Span<UInt8>) -> SocketArguments {
        SocketArguments(text: [UInt8](copying: text.extracting(event.arguments)))
    }

    private func handle(_ packet: SocketPacket) {
        let socket = socket(packet.namespace)
        switch packet.body {
        case .connect(let auth): connect(packet.namespace, auth: .object(auth ?? JSONObject()))
        case .disconnect:
            guard let socket else { return stray(packet.namespace, leaves: true) }
            forget(socket)
            socket.left(.clientNamespaceDisconnect)
        case .event(let name, let values, let ackID):
            guard let socket else { return stray(packet.namespace) }
            guard socket.isConnected else { return fail(.forcedServerClose, "an event before CONNECT was answered") }
            let text = name.text ?? name.value.text
            socket.received(ReceivedEvent(name: text, arguments: SocketArguments(values), ackID: ackID))
        case .ack(let values, let id):
            guard let socket else { return stray(packet.namespace) }
            socket.ackReceived(id, SocketArguments(values))
        case .connectError: fail(.forcedServerClose, "only a server sends CONNECT_ERROR")
        }
    }

    /// A packet for a namespace that the client is not in. It may have crossed our DISCONNECT on the way: then it is
    /// dropped, and the client's other namespaces live on.
    ///
    /// - Parameter leaves: Whether it says that the client leaves. Where we have said the same, nothing is wrong with it.
    private func stray(_ namespace: String, leaves: Bool = false) {
        guard extras?.ended.contains(namespace) != true, extras?.asked.contains(namespace) != true else {
            if !leaves { server.counters[.messagesMalformed] += 1 }
            return
        }
        fail(.forcedServerClose, "not connected to the namespace")
    }

    private func stray(_ text: Span<UInt8>, _ namespace: Range<Int>) {
        stray(namespace.isEmpty ? SocketPacket.mainNamespace : String(validating: text.extracting(namespace)) ?? "")
    }

    /// Ends the session for a fault of the client's.
    func fail(_ reason: SocketDisconnectReason, _ text: String) {
        endReason = reason
        transport.end(.badMessage(text))
    }

    // MARK: Places in namespaces

    private func socket(_ text: Span<UInt8>, _ namespace: Range<Int>) -> NamespaceSocket? {
        if let first, Self.isNamed(first, text, namespace) { return first }
        return others.first { Self.isNamed($0, text, namespace) }
    }

    private static func isNamed(_ socket: NamespaceSocket, _ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        // The prefix has a comma at its end, and is empty for `/`, as the name is.
        let prefix = socket.namespace.prefix
        guard prefix.count == (name.isEmpty ? 0 : name.count + 1) else { return false }
        for index in 0..<name.count where prefix[index] != text[name.lowerBound + index] { return false }
        return true
    }

    private func socket(_ namespace: String) -> NamespaceSocket? {
        if let first, first.namespace.name == namespace { return first }
        return others.first { $0.namespace.name == namespace }
    }

    private var count: Int { (first == nil ? 0 : 1) + others.count + (extras?.asked.count ?? 0) }

    /// The client's place in each namespace that it is in, or waits to be let into.
    var allSockets: [NamespaceSocket] { (first.map { [$0] } ?? []) + others }

    private func add(_ socket: NamespaceSocket) {
        if first == nil { first = socket } else { others.append(socket) }
    }

    /// Takes a socket out of the connection's list.
    private func forget(_ socket: NamespaceSocket) {
        if first === socket { first = nil } else { others.removeAll { $0 === socket } }
        extras?.newest.removeAll { $0.socket === socket }
    }

    // MARK: Joining

    final func connect(_ name: String, auth: JSONValue) {
        guard socket(name) == nil, extras?.asked.contains(name) != true else {
            return fail(.forcedServerClose, "already connected to the namespace")
        }
        guard count < hub.settings.namespacesMax else {
            server.counters[.namespacesRefused] += 1
            return refuse(name, ConnectRefusal("too many namespaces"))
        }
        if let ban = server.ban(ofGuestsFrom: transport.remotePeer)?.refusal {
            server.counters[.joinsBarred] += 1
            return refuse(name, ConnectRefusal(ban.message, data: ["code": .integer(Int64(ban.code))]))
        }
        // Nearly always it is there already.
        if let namespace = hub.existingNamespace(name) { return enter(namespace, auth: auth) }
        ownExtras.asked.append(name)
        hub.resolve(name, auth: auth) { [weak self] namespace in
            self?.resolved(name, namespace, auth: auth)
        }
    }

    private func resolved(_ name: String, _ namespace: SocketNamespace?, auth: JSONValue) {
        guard isLive, let index = extras?.asked.firstIndex(of: name) else { return }
        extras?.asked.remove(at: index)
        guard let namespace else {
            server.counters[.namespacesRefused] += 1
            return refuse(name, ConnectRefusal("Invalid namespace"))
        }
        enter(namespace, auth: auth)
    }

    private func enter(_ namespace: SocketNamespace, auth: JSONValue) {
        namespace.joining()
        guard hub.recovery != nil, !isPlain, let claim = SocketClaim(auth) else { return enter(namespace, auth, nil) }
        // A secret, and none of the author's affairs.
        var object = auth.object ?? JSONObject()
        object["pid"] = nil
        object["offset"] = nil
        ownExtras.asked.append(namespace.name)
        hub.take(claim, in: namespace, bytesMax: transport.limits.outboxBytesMax) { [weak self, hub] place in
            guard let self, isLive, let index = extras?.asked.firstIndex(of: namespace.name) else {
                if let place { hub.recovery?.giveBack(place) }
                if place != nil { hub.recovery?.endReturn() }
                return namespace.joiningEnded()
            }
            extras?.asked.remove(at: index)
            enter(namespace, .object(object), place)
        }
    }

    private func enter(_ namespace: SocketNamespace, _ auth: JSONValue, _ place: SocketPlace?) {
        let socket = NamespaceSocket(self, namespace, auth: auth, place: place)
        add(socket)
        let skips = place != nil && hub.settings.recovery?.skipsMiddlewares == true
        if skips { accept(socket) } else { ask(0, about: socket) }
    }

    /// Asks the namespace's middlewares in turn, then lets the socket in.
    private func ask(_ index: Int, about socket: NamespaceSocket) {
        let middlewares = socket.namespace.behaviour.middlewares
        guard middlewares.indices.contains(index) else { return accept(socket) }
        var isAnswered = false
        middlewares[index](socket) { [weak self] refusal in
            guard let self, !isAnswered, socket.phase == .joining else { return }
            isAnswered = true
            guard let refusal else { return ask(index + 1, about: socket) }
            server.counters[.socketsRefused] += 1
            forget(socket)
            socket.refused()
            refuse(socket.namespace.name, refusal)
        }
    }

    private func accept(_ socket: NamespaceSocket) {
        hasEverJoined = true
        extras?.ended.removeAll { $0 == socket.namespace.name }
        server.counters[.socketsConnected] += 1
        var payload: JSONObject = ["sid": .string(socket.id.text)]
        if let pid = socket.privateID { payload["pid"] = .string(pid) }
        socket.connected(SocketPacket(namespace: socket.namespace.name, .connect(isRevision3 ? nil : payload)))
    }

    private func refuse(_ namespace: String, _ refusal: ConnectRefusal) {
        let packet = SocketPacket(namespace: namespace, .connectError(payload(of: refusal)))
        guard !send(packet), refusal.data != nil else { return }
        // Bytes in it, say: what went wrong is in the log.
        refuse(namespace, ConnectRefusal(refusal.message))
    }

    private func payload(of refusal: ConnectRefusal) -> JSONValue {
        if isRevision3 {
            if let data = refusal.data, data.object != nil || data.string != nil { return data }
            return .string(refusal.message)
        }
        var payload: JSONObject = ["message": .string(refusal.message)]
        if let data = refusal.data { payload["data"] = data }
        return .object(payload)
    }

    // MARK: Socket.IO 2

    /// Whether the client speaks Socket.IO 2, the protocol's revision 4, over revision 3 of Engine.IO. It is in `/` from the
    /// beginning, shows a query where others show auth, and is told of errors by what they say alone.
    private var isRevision3: Bool { handshake.form.revision == .three }

    override func opened() {
        super.opened()
        if isRevision3, isLive { connect(SocketPacket.mainNamespace, auth: [:]) }
    }

    /// Takes a CONNECT of that revision, `0/admin?token=1,`: what is in its query is auth.
    private func connect(packet: Span<UInt8>) {
        var end = 1
        while end < packet.count, packet[end] != UInt8(ascii: ",") { end += 1 }
        let parts = (String(validating: packet.extracting(1..<end)) ?? "")
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].isEmpty ? SocketPacket.mainNamespace : String(parts[0])
        guard packet.count <= hub.limits.connectBytesMax, SocketPacketEncoder.isLegal(namespace: name) else {
            return fail(.forcedClose, "\(SocketPacketError.illegalNamespace)")
        }
        var auth = JSONObject()
        if parts.count > 1, let pairs = try? HTTPQuery(String(parts[1])).pairs {
            for pair in pairs { auth[pair.name] = .string(pair.value) }
        }
        connect(name, auth: .object(auth))
    }

    override func moved() {
        for socket in allSockets { socket.namespace.behaviour.observer?.upgraded(socket) }
    }

    // MARK: Leaving

    /// The client has come back on another connection.
    func replace() { transport.end(.replaced) }

    /// Ends one place, or all of them and the connection, and tells the client.
    func disconnect(_ socket: NamespaceSocket, closes: Bool) {
        end(socket)
        guard closes, isLive else { return }
        while let next = first ?? others.first { end(next) }
        guard isLive else { return }
        transport.end(.service(code: 1000, reason: ""))
    }

    private func end(_ socket: NamespaceSocket) {
        let name = socket.namespace.name
        hub.sequencer?.settle(socket)
        forget(socket)
        let extras = ownExtras
        if extras.ended.count == hub.settings.namespacesMax { extras.ended.removeFirst() }
        extras.ended.append(name)
        send(SocketPacket(namespace: name, .disconnect))
        socket.left(.serverNamespaceDisconnect)
    }

    override func closed() {
        super.closed()
        extras = nil
        let reason = endReason
        while let socket = first ?? others.first {
            forget(socket)
            socket.left(reason)
        }
    }

    // MARK: Volatile events

    /// Keeps a volatile event until the client takes bytes again, in place of an older one of the same name.
    func keepNewest(_ frames: [UInt8], _ name: String, compresses: Bool, of socket: NamespaceSocket) {
        let extras = ownExtras
        if let index = extras.newest.firstIndex(where: { $0.socket === socket && $0.name == name }) {
            extras.newest.remove(at: index)
            server.counters[.volatilesReplaced] += 1
        } else if extras.newest.count == hub.settings.volatilesMax {
            extras.newest.removeFirst()
            server.counters[.volatilesReplaced] += 1
        }
        extras.newest.append(NewestEvent(socket: socket, name: name, frames: frames, compresses: compresses))
    }

    override func outboxDrained() {
        guard let extras, !extras.newest.isEmpty else { return }
        let newest = extras.newest
        extras.newest = []
        for event in newest { transport.sendShared(event.frames, compresses: event.compresses) }
    }
}

/// A volatile event that waits for its client to take bytes.
private struct NewestEvent {
    let socket: NamespaceSocket
    let name: String
    let frames: [UInt8]
    let compresses: Bool
}
