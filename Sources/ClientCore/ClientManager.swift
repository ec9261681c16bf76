import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// How a ``ClientManager`` connects and comes back.
package struct ClientManagerOptions {
    /// The connection below.
    package var engine: EngineClientOptions
    /// Whether it connects again by itself, after a loss and where connecting fails.
    package var reconnects = true
    /// How often it tries in a row; nil for as often as it takes.
    package var attemptsMax: Int?
    /// The waits between attempts.
    package var backoff = Backoff(first: .seconds(1), longest: .seconds(5), jitter: 0.5)
    /// How long an attempt may take; nil where the owner bounds it.
    package var connectTimeout: Interval? = .seconds(20)
    /// Whether an attempt begins with a WebSocket once one has worked.
    package var remembersUpgrade = false
    /// How packets travel; the server must have chosen the same.
    package var codec = SocketCodec.standard
    /// What a packet of the server may hold.
    package var packets: SocketPacketDecoder.Limits

    /// Options with the defaults above.
    package init(_ engine: EngineClientOptions) {
        self.engine = engine
        packets = SocketPacketDecoder.Limits(
            packetBytesMax: engine.messageBytesMax, attachmentsMax: SocketPacket.attachmentsCeiling,
            json: JSONLimits(depthMax: 128, valuesMax: 1_000_000))
    }
}

/// What a ``ClientManager`` tells its owner, about the connection that its namespaces share.
package protocol ClientManagerOwner: AnyObject {
    /// The handshake has come.
    func managerOpened()
    /// An open connection is over, or an attempt to connect has failed.
    func managerEnded(_ end: EngineEnd)
    /// The next attempt comes after this wait; `attempt` counts from 1.
    func managerWaits(_ wait: Interval, attempt: Int)
    /// No further attempt comes by itself: all have failed, or none is wanted.
    func managerGaveUp()
    /// The connection has moved to a WebSocket.
    func managerUpgraded()
    /// A heartbeat has come and has been answered.
    func managerAnsweredHeartbeat()
}

extension ClientManagerOwner {
    package func managerWaits(_ wait: Interval, attempt: Int) {}
    package func managerGaveUp() {}
    package func managerUpgraded() {}
    package func managerAnsweredHeartbeat() {}
}

/// The clients of many namespaces at one server, over one connection: it makes the connection when the first of them
/// wants it, makes it again when it is lost, and ends it when none wants it any more.
///
/// The owner is not retained. ``timeReached(_:)`` is to be called when ``deadline`` has come.
package final class ClientManager {
    private enum Phase {
        /// There is no connection, and none is wanted.
        case closed
        case opening(deadline: Instant?)
        case open
        /// Until the next attempt.
        case waiting(until: Instant)
        /// The connection ends in good order.
        case closing
    }

    /// Who is told about the connection.
    package weak var owner: (any ClientManagerOwner)?

    private let options: ClientManagerOptions
    /// How packets travel.
    let codec: SocketCodec
    private let context: ClientContext
    private var random: SeededRandom
    private var backoff: Backoff
    private var phase = Phase.closed
    private var engine: EngineClient?
    /// A connection that is still ending while there is a new one.
    private var leaving: EngineClient?
    private var decoder: ClientDecoder
    private var sockets: [NamespaceClient] = []
    /// Whether the last WebSocket worked.
    private var prefersWebSocket = false

    /// A manager that is not connected.
    ///
    /// - Parameter random: Decides the waits, and makes nonces and masks; see ``WebSocketClient``.
    package init(_ options: ClientManagerOptions, random: SeededRandom, _ context: ClientContext) {
        self.options = options
        self.random = random
        self.context = context
        backoff = options.backoff
        codec = options.codec
        decoder = ClientDecoder(options.codec, options.packets)
    }

    /// Whether a connection is being ended in good order.
    package var isEnding: Bool { if case .closing = phase { true } else { leaving != nil } }

    /// Whether the handshake has come and the connection is not lost since.
    package var isOpen: Bool { if case .open = phase { true } else { false } }

    /// How messages travel; nil without a connection.
    package var transport: EngineTransport? { isOpen ? engine?.transport : nil }

    /// How many bytes wait to be handed to a stream.
    package var queuedBytes: Int { engine?.queuedBytes ?? 0 }

    /// The client of that namespace, made if there is none.
    package func socket(_ namespace: String, _ options: NamespaceClientOptions = .init()) -> NamespaceClient {
        if let socket = socket(named: namespace) { return socket }
        let socket = NamespaceClient(namespace, options, self)
        sockets.append(socket)
        return socket
    }

    private func socket(named namespace: String) -> NamespaceClient? {
        for socket in sockets where socket.namespace == namespace { return socket }
        return nil
    }

    // MARK: For its sockets

    var now: Instant { context.clock() }

    /// Whether an event may go out now. A server that has been silent for too long is not waited for: what is said to it would be
    /// lost.
    func isReachable() -> Bool {
        guard isOpen, let engine else { return false }
        guard engine.isSilent(at: now) else { return true }
        engine.abort()
        engineEnded(.heartbeatMissed)
        return false
    }

    /// Whether what is sent now goes out in this turn.
    var isWritable: Bool { engine?.isWritable ?? false }

    func send(text: [UInt8], compresses: Bool) { engine?.send(text: text, compresses: compresses) }

    func send(binary: [UInt8], compresses: Bool) { engine?.send(binary: binary, compresses: compresses) }

    /// A namespace wants to be connected; whether it can say so at once.
    func wanted() -> Bool {
        switch phase {
        case .open: return true
        case .closed: open()
        case .closing:
            // The old connection still says goodbye; the namespace has asked for a new one.
            leaving?.abort()
            leaving = engine
            leaving?.disown()
            open()
        case .opening, .waiting: break
        }
        return false
    }

    /// A namespace no longer wants to be connected.
    func released() {
        guard !sockets.contains(where: \.isActive) else { return }
        switch phase {
        case .closed, .closing: break
        case .waiting:
            phase = .closed
            backoff.reset()
        case .opening, .open:
            phase = .closing
            engine?.close()
        }
    }

    // MARK: Connecting

    private func open() {
        var engineOptions = options.engine
        if options.remembersUpgrade, prefersWebSocket, engineOptions.transports.contains(.websocket) {
            engineOptions.transports.removeAll { $0 == .websocket }
            engineOptions.transports.insert(.websocket, at: 0)
        }
        let engine = EngineClient(engineOptions, random: SeededRandom(seed: random.next()), context)
        self.engine = engine
        decoder.reset()
        phase = .opening(deadline: options.connectTimeout.map { now + $0 })
        engine.open(for: self)
    }

    /// Waits for the next attempt, if there is to be one.
    private func retry() {
        guard sockets.contains(where: \.isActive) else { return phase = .closed }
        guard options.reconnects, backoff.attempts < options.attemptsMax ?? .max else {
            phase = .closed
            backoff.reset()
            owner?.managerGaveUp()
            return
        }
        let wait = backoff.next(using: &random)
        phase = .waiting(until: now + wait)
        owner?.managerWaits(wait, attempt: backoff.attempts)
    }

    // MARK: Time

    /// When ``timeReached(_:)`` has something to do next.
    package var deadline: Instant? {
        var first = engine?.deadline
        func consider(_ other: Instant?) {
            if let other { first = first.map { min($0, other) } ?? other }
        }
        switch phase {
        case .opening(let deadline): consider(deadline)
        case .waiting(let until): consider(until)
        case .closed, .open, .closing: break
        }
        consider(leaving?.deadline)
        for socket in sockets { consider(socket.deadline) }
        return first
    }

    /// Does what is due.
    package func timeReached(_ now: Instant) {
        engine?.timeReached(now)
        leaving?.timeReached(now)
        if leaving?.hasEnded == true { leaving = nil }
        switch phase {
        case .opening(let deadline?) where now >= deadline:
            engine?.abort()
            engineEnded(.failed("no answer within \(options.connectTimeout?.seconds ?? 0) s"))
        case .waiting(let until) where now >= until: open()
        default: break
        }
        for socket in sockets { socket.timeReached(now) }
    }

    /// Sends the answer to a heartbeat, whether there was one or not: for a test's client that misbehaves.
    package func sendPong() { engine?.sendPong() }

    // MARK: The end

    /// Ends every namespace's place and the connection, in good order.
    package func close() {
        for socket in sockets { socket.disconnect() }
        released()
    }

    /// Drops everything at once. No owner is told.
    package func abort() {
        owner = nil
        phase = .closed
        engine?.abort()
        engine = nil
        leaving?.abort()
        leaving = nil
        for socket in sockets { socket.abort() }
        sockets = []
    }
}

extension ClientManager: EngineClientOwner {
    package func engineOpened() {
        phase = .open
        backoff.reset()
        if engine?.transport == .websocket { prefersWebSocket = true }
        owner?.managerOpened()
        for socket in sockets where socket.isActive { socket.managerOpened() }
    }

    package func engineUpgraded() {
        prefersWebSocket = true
        owner?.managerUpgraded()
    }

    package func engineReceived(text: Span<UInt8>) {
        do {
            if let packet = try decoder.text(text) { handle(packet) }
        } catch {
            malformed(error)
        }
    }

    package func engineReceived(binary: Span<UInt8>) {
        do {
            if let packet = try decoder.binary(binary) { handle(packet) }
        } catch {
            malformed(error)
        }
    }

    private func handle(_ packet: SocketPacket) {
        socket(named: packet.namespace)?.received(packet.body)
    }

    private func malformed(_ error: any Error) {
        engine?.abort()
        ended(.malformed("\(error)"), .parseError)
    }

    package func engineAnsweredHeartbeat() { owner?.managerAnsweredHeartbeat() }

    package func engineEnded(_ end: EngineEnd) {
        let reason: ClientDisconnectReason =
            switch end {
            case .heartbeatMissed: .pingTimeout
            case .closed: .transportClose
            case .failed, .malformed: .transportError
            case .left: .clientDisconnect
            }
        ended(end, reason)
    }

    private func ended(_ end: EngineEnd, _ reason: ClientDisconnectReason) {
        engine = nil
        if case .failed = end { prefersWebSocket = false }
        switch phase {
        case .open:
            phase = .closed
            backoff.reset()
            for socket in sockets { socket.connectionLost(reason) }
        case .opening:
            phase = .closed
            for socket in sockets where socket.isActive { socket.connectFailed(end) }
        case .closing: phase = .closed
        case .closed, .waiting: return
        }
        owner?.managerEnded(end)
        // Whoever was told may have connected again.
        if case .closed = phase { retry() }
    }
}
