import ByteKit

/// Which side of a connection we are.
package enum WebSocketRole: Sendable {
    /// Receives masked frames and sends unmasked ones.
    case server
    /// Receives unmasked frames and sends masked ones.
    case client
}

/// Where the bytes of a received message are.
package enum WebSocketBytes: Equatable, Sendable {
    /// In the bytes lent to the call that returned the event, unmasked: nothing was copied.
    case input(Range<Int>)
    /// In ``WebSocketReceiver/assembled``, until the next call: the message came in fragments or several reads.
    case assembled
}

/// What a peer has sent.
package enum WebSocketEvent: Equatable, Sendable {
    /// A whole text message, valid UTF-8.
    case text(WebSocketBytes)
    /// A whole binary message.
    case binary(WebSocketBytes)
    /// A ping, with its payload in ``WebSocketReceiver/control``: a pong with the same is owed (§5.5.2).
    case ping
    /// A pong, with its payload in ``WebSocketReceiver/control``.
    case pong
    /// The peer's close frame, the last event; its code, if it has one. ``WebSocketReceiver/closeReason`` is the rest.
    case close(code: UInt16?)
}

/// Reads the frames of one connection after its handshake (RFC 6455 §5–§8), for either side.
///
/// A pull parser over lent bytes:
///
///     var cursor = 0
///     while let event = try receiver.next(&bytes, at: &cursor) {
///         switch event {
///         case .text(.input(let range)): handle(bytes.span.extracting(range))
///         case .text(.assembled): handle(receiver.assembled.span)
///         …
///         }
///     }
///
/// It keeps memory only while a message is partial: a message that is whole in one read is handed over where it lies.
/// Fragments are joined as they come, so a thousand small ones cost what one large one does.
package struct WebSocketReceiver: Sendable {
    /// Bytes of a message at most. May be changed at any time; it is looked at when a frame's length is known, before
    /// a byte of the frame is kept.
    package var messageBytesMax: Int
    /// Frames in one message at most, empty ones too.
    package let fragmentsMax: Int
    /// The message of an event that says so, until the next call; before that, what has come of a partial one.
    package private(set) var assembled: [UInt8] = []
    /// The payload of the control frame in the event just returned, until the next call. At most 125 bytes.
    package private(set) var control: [UInt8] = []

    private let role: WebSocketRole
    private var stage = Stage.first
    private var isFinal = false
    private var opcode = WebSocketOpcode.continuation
    /// Bytes that the current part of the header still needs.
    private var needed = 0
    private var length: UInt64 = 0
    private var lengthBytes = 0
    private var isMasked = false
    private var key: UInt32 = 0
    /// Payload bytes of this frame still to come, and already seen.
    private var remaining = 0
    private var phase = 0
    /// The data message under way: text or binary.
    private var message: WebSocketOpcode?
    private var fragments = 0
    private var text = UTF8Validator()
    private var hasDelivered = false

    private enum Stage { case first, second, length, key, payload, ended }

    /// Waits for the first frame.
    ///
    /// - Parameters:
    ///   - role: Which side we are.
    ///   - messageBytesMax: 16 KiB is what a game's inputs need many times over (protocol/spec/websocket.md §3).
    ///   - fragmentsMax: 64, as in the same place.
    package init(role: WebSocketRole, messageBytesMax: Int = 16 * 1024, fragmentsMax: Int = 64) {
        precondition(messageBytesMax >= 0 && fragmentsMax >= 1, "limits of a receiver are not negative")
        self.role = role
        self.messageBytesMax = messageBytesMax
        self.fragmentsMax = fragmentsMax
    }

    /// Whether a data message has begun and not ended: what a deadline for slow messages asks.
    package var isMidMessage: Bool { message != nil }

    /// Bytes of memory held for partial frames and messages, to be charged to a budget.
    package var residentBytes: Int { assembled.capacity + control.capacity }

    /// The reason in the close frame just received; empty where it had none.
    package var closeReason: String { String(decoding: control.dropFirst(2), as: UTF8.self) }

    /// The next event in `bytes`, or nil with every byte taken when there is none yet.
    ///
    /// - Parameters:
    ///   - bytes: Any split of the stream. Payloads are unmasked in place.
    ///   - cursor: Where to begin; afterwards, the first byte not yet taken.
    /// - Throws: Once, at the first byte that no valid stream can have there. Later calls, like those after a close
    ///   frame, take everything and return nil (§5.5.1).
    package mutating func next(
        _ bytes: inout MutableSpan<UInt8>, at cursor: inout Int
    ) throws(WebSocketError) -> WebSocketEvent? {
        releaseDelivered()
        do {
            while true {
                switch stage {
                case .ended:
                    cursor = bytes.count
                    return nil
                case .payload:
                    if let event = try takePayload(&bytes, at: &cursor) { return event }
                    if stage == .payload { return nil }
                default:
                    guard cursor < bytes.count else { return nil }
                    let byte = bytes[cursor]
                    cursor += 1
                    try takeHeaderByte(byte)
                }
            }
        } catch {
            end()
            throw error
        }
    }

    /// A copy of a message, for those who keep it or do not mind.
    package func copy(_ bytes: WebSocketBytes, from input: Span<UInt8>) -> [UInt8] {
        switch bytes {
        case .input(let range): [UInt8](copying: input.extracting(range))
        case .assembled: assembled
        }
    }

    private mutating func releaseDelivered() {
        guard hasDelivered else { return }
        hasDelivered = false
        control = []
        if message == nil { assembled = [] }
    }

    private mutating func end() {
        stage = .ended
        message = nil
        assembled = []
    }
}

// MARK: - Frame header (§5.2)

extension WebSocketReceiver {
    private mutating func takeHeaderByte(_ byte: UInt8) throws(WebSocketError) {
        switch stage {
        case .first:
            try takeFirst(byte)
            stage = .second
        case .second:
            try takeSecond(byte)
        case .length:
            length = length << 8 | UInt64(byte)
            needed -= 1
            if needed == 0 { try takeLongLength() }
        case .key:
            key = key >> 8 | UInt32(byte) << 24
            needed -= 1
            if needed == 0 { stage = .payload }
        case .payload, .ended:
            preconditionFailure("no header byte is due")
        }
    }

    private mutating func takeFirst(_ byte: UInt8) throws(WebSocketError) {
        guard byte & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = WebSocketOpcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
        self.opcode = opcode
        isFinal = byte & 0x80 != 0
        switch opcode {
        case .text, .binary:
            guard message == nil else { throw .expectedContinuation }
            message = opcode
            fragments = 1
            text = UTF8Validator()
        case .continuation:
            guard message != nil else { throw .unexpectedContinuation }
            guard fragments < fragmentsMax else { throw .tooManyFragments }
            fragments += 1
        case .close, .ping, .pong:
            guard isFinal else { throw .fragmentedControl }
        }
    }

    private mutating func takeSecond(_ byte: UInt8) throws(WebSocketError) {
        isMasked = byte & 0x80 != 0
        guard isMasked == (role == .server) else { throw .mask }
        let short = byte & 0x7F
        length = 0
        switch short {
        case 126, 127:
            guard !opcode.isControl else { throw .controlTooLong }
            lengthBytes = short == 126 ? 2 : 8
            needed = lengthBytes
            stage = .length
        default:
            length = UInt64(short)
            try begin()
        }
    }

    private mutating func takeLongLength() throws(WebSocketError) {
        let least: UInt64 = lengthBytes == 2 ? 126 : 0x1_0000
        guard length >= least, length <= UInt64(Int64.max) else { throw .length }
        try begin()
    }

    /// The length is known: refuse what is too big before a byte of it is kept.
    private mutating func begin() throws(WebSocketError) {
        if !opcode.isControl {
            guard length <= UInt64(max(0, messageBytesMax - assembled.count)) else { throw .messageTooBig }
        }
        remaining = Int(length)
        phase = 0
        needed = 4
        key = 0
        stage = isMasked ? .key : .payload
    }
}

// MARK: - Payload (§5.3–§5.5)

extension WebSocketReceiver {
    private mutating func takePayload(
        _ bytes: inout MutableSpan<UInt8>, at cursor: inout Int
    ) throws(WebSocketError) -> WebSocketEvent? {
        let count = min(remaining, bytes.count - cursor)
        let range = cursor..<cursor + count
        if isMasked, count > 0 {
            var piece = bytes._mutatingExtracting(range)
            applyMask(&piece, key: key, phase: phase)
        }
        cursor += count
        remaining -= count
        phase += count
        let piece = bytes.span.extracting(range)
        return opcode.isControl ? try takeControl(piece) : try takeData(piece, at: range)
    }

    private mutating func takeControl(_ piece: Span<UInt8>) throws(WebSocketError) -> WebSocketEvent? {
        control.append(piece)
        guard remaining == 0 else { return nil }
        stage = .first
        hasDelivered = true
        switch opcode {
        case .ping: return .ping
        case .pong: return .pong
        default: return try takeClose()
        }
    }

    private mutating func takeClose() throws(WebSocketError) -> WebSocketEvent {
        end()
        guard !control.isEmpty else { return .close(code: nil) }
        guard let code = control.span.uint16BigEndian(at: 0), WebSocketCloseCode.isSendable(code) else {
            throw .closePayload
        }
        guard UTF8Validator.isValid(control.span.extracting(droppingFirst: 2)) else { throw .invalidText }
        return .close(code: code)
    }

    private mutating func takeData(
        _ piece: Span<UInt8>, at range: Range<Int>
    ) throws(WebSocketError) -> WebSocketEvent? {
        let isWhole = remaining == 0 && isFinal
        if message == .text {
            guard text.consume(piece), !isWhole || text.isComplete else { throw .invalidText }
        }
        if remaining == 0 { stage = .first }
        guard isWhole else {
            keep(piece)
            return nil
        }
        let location: WebSocketBytes
        if assembled.isEmpty {
            location = .input(range)
        } else {
            keep(piece)
            hasDelivered = true
            location = .assembled
        }
        let kind = message
        message = nil
        return kind == .text ? .text(location) : .binary(location)
    }

    private mutating func keep(_ piece: Span<UInt8>) {
        assembled.makeRoom(for: piece.count)
        assembled.append(piece)
    }
}
