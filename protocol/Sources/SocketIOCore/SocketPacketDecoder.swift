import ByteKit
import JSONCore

/// Puts Socket.IO packets together from the messages of one session: a text, then its attachments.
///
/// At most one packet is under way. After an error the session is over; the decoder is idle and holds nothing.
package struct SocketPacketDecoder: Sendable {
    /// What one packet may cost.
    package struct Limits: Sendable, Equatable {
        /// The most bytes of a packet, text and attachments together.
        package var packetBytesMax: Int
        /// The most bytes of a connect packet's JSON: auth is a ticket, not data.
        package var connectBytesMax: Int
        /// The most attachments of a packet, up to ``SocketPacket/attachmentsCeiling``.
        package var attachmentsMax: Int
        /// What the JSON may hold.
        package var json: JSONLimits

        /// Limits; the defaults are those of `protocol/spec/socketio.md` §5.
        package init(
            packetBytesMax: Int = 1_000_000, connectBytesMax: Int = 4096,
            attachmentsMax: Int = SocketPacket.attachmentsMax, json: JSONLimits = JSONLimits()
        ) {
            precondition(
                (0...SocketPacket.attachmentsCeiling).contains(attachmentsMax), "A packet has 0 to 64 attachments.")
            self.packetBytesMax = packetBytesMax
            self.connectBytesMax = connectBytesMax
            self.attachmentsMax = attachmentsMax
            self.json = json
        }
    }

    private let limits: Limits
    private var pending: PendingSocketPacket?
    /// The namespace named last: a client speaks within one nearly always, and its text need not be made again.
    private var lastNamespace = SocketPacket.mainNamespace

    /// A decoder for one session.
    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether attachments of a packet are due. The caller bounds how long.
    package var isWaiting: Bool { pending != nil }

    /// Forgets the packet under way.
    package mutating func reset() {
        pending = nil
    }

    /// Takes a text packet: the data of an Engine.IO message, without its `4`.
    ///
    /// - Returns: the packet; or nil when its attachments are due, or when it is an event or ack without any
    ///   payload, which means nothing and which the reference tolerates.
    package mutating func text(_ text: Span<UInt8>) throws(SocketPacketError) -> SocketPacket? {
        guard pending == nil else {
            pending = nil
            throw .textInsteadOfAttachment
        }
        guard text.count <= limits.packetBytesMax else { throw .tooLarge }
        let header = try SocketPacketHeader(text, attachmentsMax: limits.attachmentsMax)
        if header.type.isBinary { return try binaryPacket(header, text) }
        let namespace = try namespace(header, text)
        guard let body = try body(header, text) else { return nil }
        return SocketPacket(namespace: namespace, body)
    }

    /// Takes an attachment: a binary Engine.IO message.
    ///
    /// - Returns: the packet when this was its last attachment.
    package mutating func binary(_ bytes: Span<UInt8>) throws(SocketPacketError) -> SocketPacket? {
        guard var packet = pending.take() else { throw .unexpectedAttachment }
        guard bytes.count <= packet.bytesLeft else { throw .tooLarge }
        packet.bytesLeft -= bytes.count
        packet.attachments.append([UInt8](copying: bytes))
        guard packet.isComplete else {
            pending = packet
            return nil
        }
        return try packet.assembled()
    }

    private mutating func binaryPacket(
        _ header: SocketPacketHeader, _ text: Span<UInt8>
    ) throws(SocketPacketError) -> SocketPacket? {
        let namespace = try namespace(header, text)
        let content: PendingSocketPacket.Content
        if let name = try SoleAttachment.eventName(header, text) {
            content = .soleAttachment(name, ackID: header.ackID)
        } else {
            guard header.payloadStart < text.count, let body = try body(header, text) else { throw .illegalPayload }
            content = .body(body)
        }
        let packet = PendingSocketPacket(
            namespace: namespace, content: content, count: header.attachmentCount,
            bytesLeft: limits.packetBytesMax - text.count)
        // Without attachments it is whole already (protocol/spec/socketio.md §6, trap 19).
        if packet.isComplete { return try packet.assembled() }
        pending = packet
        return nil
    }

    private mutating func namespace(
        _ header: SocketPacketHeader, _ text: Span<UInt8>
    ) throws(SocketPacketError) -> String {
        guard !header.namespace.isEmpty else { return SocketPacket.mainNamespace }
        let bytes = text.extracting(header.namespace)
        if !Self.isEqual(lastNamespace, bytes) {
            guard let namespace = String(validating: bytes) else { throw .illegalNamespace }
            lastNamespace = namespace
        }
        return lastNamespace
    }

    private static func isEqual(_ text: String, _ bytes: Span<UInt8>) -> Bool {
        let own = text.utf8Span.span
        guard own.count == bytes.count else { return false }
        for index in bytes.indices where own[index] != bytes[index] { return false }
        return true
    }

    /// What the packet says, placeholders still in it; nil for an event or ack without any payload.
    private func body(
        _ header: SocketPacketHeader, _ text: Span<UInt8>
    ) throws(SocketPacketError) -> SocketPacket.Body? {
        let payload = try payload(header, text)
        switch header.type {
        case .event, .binaryEvent:
            guard let payload else { return nil }
            guard case .array(var values) = payload, !values.isEmpty else { throw .illegalPayload }
            guard let name = SocketEventName(values.removeFirst()) else { throw .illegalEventName }
            return .event(name, values, ackID: header.ackID)
        case .ack, .binaryAck:
            guard let id = header.ackID else {
                if payload == nil { return nil }
                throw .illegalAckID
            }
            guard case .array(let values) = payload ?? [] else { throw .illegalPayload }
            return .ack(values, id: id)
        case .connect, .disconnect, .connectError:
            guard header.ackID == nil else { throw .illegalAckID }
            return try Self.controlBody(header.type, payload)
        }
    }

    private static func controlBody(
        _ type: SocketPacketType, _ payload: JSONValue?
    ) throws(SocketPacketError) -> SocketPacket.Body {
        switch (type, payload) {
        case (.connect, nil): .connect(nil)
        case (.connect, .object(let auth)): .connect(auth)
        case (.disconnect, nil): .disconnect
        case (.connectError, .some(let reason)) where reason.object != nil || reason.string != nil:
            .connectError(reason)
        default: throw .illegalPayload
        }
    }

    private func payload(
        _ header: SocketPacketHeader, _ text: Span<UInt8>
    ) throws(SocketPacketError) -> JSONValue? {
        guard header.payloadStart < text.count else { return nil }
        guard header.type != .connect || text.count - header.payloadStart <= limits.connectBytesMax else {
            throw .tooLarge
        }
        do {
            return try JSONValue.parse(text, from: header.payloadStart, limits: limits.json)
        } catch {
            throw .malformedPayload(error)
        }
    }
}
