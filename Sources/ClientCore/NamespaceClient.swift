import Determinism
import JSONCore
import SocketIOCore

/// What a ``NamespaceClient`` tells its owner.
package protocol NamespaceClientOwner: AnyObject {
    /// The server has confirmed the namespace. What came before has been told, and what waited has been sent.
    func namespaceConnected()
    /// The client is not in the namespace, and why.
    func namespaceConnectFailed(_ failure: ConnectFailure)
    /// An event; binary arguments are in their places.
    func namespaceReceived(_ event: ClientEvent)
    /// The client is no longer in the namespace.
    func namespaceDisconnected(_ reason: ClientDisconnectReason)
    /// An event goes out.
    func namespaceSends(_ name: String, _ arguments: SocketArguments)
    /// An event was given up: before it went out, or, of the server's, before the namespace was confirmed.
    func namespaceDropped(_ name: String, _ failure: EmissionFailure)
}

extension NamespaceClientOwner {
    package func namespaceSends(_ name: String, _ arguments: SocketArguments) {}
    package func namespaceDropped(_ name: String, _ failure: EmissionFailure) {}
}

/// A client in one namespace, through losses of the connection: it keeps what is said meanwhile, and comes back to where it
/// was if the server has kept that (Socket.IO “Connection state recovery”).
///
/// Made by ``ClientManager/socket(_:_:)``. The owner is not retained.
package final class NamespaceClient {
    /// Who is told what happens.
    package weak var owner: (any NamespaceClientOwner)?

    let namespace: String
    /// What is shown with the next CONNECT.
    package var auth: NamespaceClientOptions.Auth

    private let options: NamespaceClientOptions
    // The manager holds its sockets, until it is let go of itself.
    private weak var manager: ClientManager?
    /// What packets name the namespace by.
    let prefix: [UInt8]

    /// Whether the client is in the namespace or wants to be.
    private(set) var isActive = false
    /// Whether a CONNECT has gone out on this connection and has not been answered.
    private var awaitsAnswer = false
    /// Whether the server has confirmed the namespace on this connection.
    package private(set) var isConnected = false
    /// Which of its sessions this is: answers belong to the one in which they were asked for.
    private var session = 0

    /// The id that the server has given it; nil while it is not connected.
    package private(set) var id: String?
    /// Whether the server has brought it back to where it was before the connection was lost.
    package private(set) var isRecovered = false
    /// The secret by which the server knows it again.
    private var privateID: String?
    /// The newest event that it has.
    private var offset: String?

    private var early: [ClientEvent] = []
    private var waiting = OfflineBuffer()
    private var retried = RetryQueue()
    private var acks = PendingAcks()
    /// Numbers emissions whose ack is awaited. Not those of acks on the wire, which an event that is sent again changes.
    private var emissionCount = 0

    init(_ namespace: String, _ options: NamespaceClientOptions, _ manager: ClientManager) {
        prefix = SocketPacketEncoder.prefix(ofNamespace: namespace)
        self.namespace = namespace
        self.options = options
        self.manager = manager
        auth = options.auth
    }

    // MARK: Coming and going

    /// Wants to be in the namespace, from now on until ``disconnect()`` or a refusal.
    package func connect() {
        isActive = true
        guard !isConnected, !awaitsAnswer, manager?.wanted() == true else { return }
        managerOpened()
    }

    /// Leaves the namespace, and the server where nobody else wants it.
    package func disconnect() {
        guard isActive else { return }
        isActive = false
        if isConnected {
            sayGoodbye()
            leave(.clientDisconnect)
        }
        manager?.released()
    }

    /// Drops what is kept. No owner is told, and no ack.
    func abort() {
        owner = nil
        isActive = false
        isConnected = false
        acks = PendingAcks()
        waiting = OfflineBuffer()
        retried = RetryQueue()
        early = []
    }

    /// The connection is there: asks for the namespace.
    func managerOpened() {
        guard !awaitsAnswer else { return }
        awaitsAnswer = true
        session += 1
        let session = session
        switch auth {
        case .fixed(let auth): sendConnect(auth)
        case .asked(let ask):
            ask { [weak self] auth in
                guard let self, session == self.session, awaitsAnswer else { return }
                sendConnect(auth)
            }
        }
    }

    private func sendConnect(_ auth: JSONObject?) {
        var payload = auth
        if let privateID {
            var recovering: JSONObject = ["pid": .string(privateID)]
            if let offset { recovering["offset"] = .string(offset) }
            // What the caller shows goes first.
            for member in auth?.members ?? [] { recovering[member.key] = member.value }
            payload = recovering
        }
        do {
            try manager?.send(.connect(payload), of: self, compresses: false)
        } catch {
            awaitsAnswer = false
            refused("what is shown cannot be sent: \(error)", nil)
        }
    }

    private func sayGoodbye() {
        do {
            try manager?.send(.disconnect, of: self, compresses: true)
        } catch {
            // A parser that has no word for it: the server will see the connection end.
            owner?.namespaceDropped("disconnect", .illegal("\(error)"))
        }
    }

    // MARK: Packets

    func received(_ body: SocketPacket.Body) {
        switch body {
        case .event(let name, let values, let ackID): received(name, values, ackID)
        case .ack(let values, let id): acks.take(id)?(.success(SocketArguments(values)))
        case .connect(let answer): confirmed(answer)
        case .connectError(let reason):
            guard awaitsAnswer else { return }
            awaitsAnswer = false
            guard isActive else { return }
            refused(reason["message"]?.string ?? reason.string ?? "", reason["data"])
        case .disconnect:
            guard isConnected else { return }
            isActive = false
            leave(.serverDisconnect)
            manager?.released()
        }
    }

    private func received(_ name: SocketEventName, _ values: [JSONValue], _ ackID: Int?) {
        guard isActive else { return }
        let event = ClientEvent(
            name: name.text ?? "\(name.value.integer ?? 0)", values: values,
            ack: ackID.map { AckTicket(id: $0, session: session) })
        guard isConnected else {
            // What the server has kept for a client that returns comes before it confirms.
            guard early.count < options.earlyEventsMax else {
                owner?.namespaceDropped(event.name, .bufferFull)
                return
            }
            return early.append(event)
        }
        tell(event)
    }

    private func tell(_ event: ClientEvent) {
        owner?.namespaceReceived(event)
        // Servers number none that wants an answer.
        if privateID != nil, event.ack == nil, let last = event.values.last?.string { offset = last }
    }

    private func confirmed(_ answer: JSONObject?) {
        guard awaitsAnswer else { return }
        awaitsAnswer = false
        guard isActive else { return sayGoodbye() }
        guard let id = answer?["sid"]?.string else {
            return refused("the server speaks an older Socket.IO: its CONNECT has no id", nil)
        }
        self.id = id
        let newID = answer?["pid"]?.string
        isRecovered = newID != nil && newID == privateID
        if !isRecovered { offset = nil }
        privateID = newID
        isConnected = true
        let events = early
        early = []
        for event in events where isConnected { tell(event) }
        guard isConnected else { return }
        sendWaiting()
        sendRetried(again: true)
        owner?.namespaceConnected()
    }

    private func refused(_ message: String, _ data: JSONValue?) {
        isActive = false
        early = []
        owner?.namespaceConnectFailed(.refused(message: message, data: data))
        manager?.released()
    }

    /// The connection is over.
    func connectionLost(_ reason: ClientDisconnectReason) {
        awaitsAnswer = false
        early = []
        if isConnected { leave(reason) }
    }

    /// There is no connection.
    func connectFailed(_ end: EngineEnd) {
        owner?.namespaceConnectFailed(.unreachable(end))
    }

    private func leave(_ reason: ClientDisconnectReason) {
        isConnected = false
        id = nil
        isRecovered = false
        owner?.namespaceDisconnected(reason)
        for acknowledged in acks.takeSent() { acknowledged(.failure(.disconnected)) }
    }

    // MARK: Events out

    /// Sends an event: at once, or once the namespace is there; volatile ones at once or not at all.
    ///
    /// - Returns: Names it where its ack is awaited.
    /// - Precondition: The name has 1 to 128 bytes and is not one of Socket.IO's own.
    @discardableResult
    package func emit(_ emission: ClientEmission) -> EmissionID {
        precondition(SocketEventName(.string(emission.name)) != nil, "An event's name is short and not reserved.")
        emissionCount += 1
        let number = emissionCount
        if options.retries > 0, !emission.isVolatile {
            guard retried.count < options.offlineEventsMax else {
                drop(emission, .bufferFull)
                return EmissionID(number: number)
            }
            retried.append(number, emission)
            sendRetried(again: false)
        } else {
            send(emission, number)
        }
        return EmissionID(number: number)
    }

    private func send(_ emission: ClientEmission, _ number: Int) {
        let isReachable = isConnected && manager?.isReachable() == true
        if emission.isVolatile, !isReachable || manager?.isWritable != true {
            return drop(emission, .notWritable)
        }
        if isReachable {
            var emission = emission
            let ackID = awaitAck(of: &emission, number, isSent: true)
            write(emission, ackID)
        } else {
            keep(emission, number)
        }
    }

    private func keep(_ emission: ClientEmission, _ number: Int) {
        if waiting.count >= options.offlineEventsMax {
            guard options.overflow == .dropsOldest, let oldest = waiting.popFirst() else {
                return drop(emission, .bufferFull)
            }
            owner?.namespaceDropped(oldest.emission.name, .bufferFull)
            if let ackID = oldest.ackID { acks.take(ackID)?(.failure(.disconnected)) }
        }
        var emission = emission
        let ackID = awaitAck(of: &emission, number, isSent: false)
        waiting.append(emission, ackID: ackID)
    }

    /// Notes that an ack is awaited, if it is; its id.
    private func awaitAck(of emission: inout ClientEmission, _ number: Int, isSent: Bool) -> Int? {
        guard let acknowledged = emission.acknowledged.take(), let manager else { return nil }
        let timeout = emission.timeout ?? options.ackTimeout
        return acks.add(
            number, deadline: timeout.map { manager.now + $0 }, isSent: isSent, acknowledged)
    }

    private func sendWaiting() {
        while isConnected, let next = waiting.popFirst() {
            if let ackID = next.ackID { acks.noteSent(ackID) }
            write(next.emission, next.ackID)
        }
    }

    private func write(_ emission: ClientEmission, _ ackID: Int?) {
        owner?.namespaceSends(emission.name, emission.arguments)
        do {
            try manager?.send(
                event: emission.name, emission.arguments, of: self, ackID: ackID, compresses: emission.compresses,
                attachmentsMax: options.attachmentsMax)
        } catch {
            owner?.namespaceDropped(emission.name, .illegal("\(error)"))
            if let ackID { acks.take(ackID)?(.failure(.disconnected)) }
        }
    }

    private func drop(_ emission: ClientEmission, _ failure: EmissionFailure) {
        owner?.namespaceDropped(emission.name, failure)
        emission.acknowledged?(.failure(.disconnected))
    }

    /// Sends an event whose text has been made before (`SocketPacketEncoder.soleAttachmentText`), if the namespace is there.
    package func send(encoded text: [UInt8], attachment: [UInt8]) {
        guard isConnected, let manager else { return }
        precondition(manager.codec.isStandard, "A text that has been made before is of the standard codec.")
        manager.send(text: text, compresses: true)
        manager.send(binary: attachment, compresses: true)
    }

    /// Answers an event, once; in another session than that in which it came the answer is dropped.
    package func acknowledge(_ ticket: AckTicket, _ arguments: SocketArguments) {
        guard isConnected, ticket.session == session else { return }
        do {
            try manager?.send(
                ack: ticket.id, arguments, of: self, attachmentsMax: options.attachmentsMax)
        } catch {
            owner?.namespaceDropped("ack", .illegal("\(error)"))
        }
    }

    /// Gives up waiting for an ack, whose function is not called; an event that has not gone out does not go out.
    package func giveUp(_ emission: EmissionID) {
        if let ackID = acks.id(of: emission.number) {
            _ = acks.take(ackID)
            waiting.remove(ackID: ackID)
        }
        retried.remove(emission.number)
        sendRetried(again: false)
    }

    // MARK: Events that are sent until they are acknowledged

    private func sendRetried(again: Bool) {
        guard isConnected, retried.count > 0, manager?.isReachable() == true,
            let (number, emission) = retried.next(again: again)
        else { return }
        var attempt = emission
        attempt.acknowledged = { [weak self] in self?.retriedAnswered(number, $0) }
        send(attempt, number)
    }

    private func retriedAnswered(_ number: Int, _ result: Result<SocketArguments, AckError>) {
        if let emission = retried.answered(number, result, triesMax: options.retries + 1) {
            emission.acknowledged?(result)
        }
        sendRetried(again: false)
    }

    // MARK: Time

    /// When ``timeReached(_:)`` has something to do next.
    var deadline: Instant? { acks.deadline }

    /// Fails acks that were awaited for too long.
    func timeReached(_ now: Instant) {
        while let ackID = acks.popOverdue(now) {
            waiting.remove(ackID: ackID)
            acks.take(ackID)?(.failure(.timedOut))
        }
    }
}
