import ByteKit

/// Which side of a connection we are.
package enum WebSocketRole: Sendable {
    /// Receives masked frames and sends unmasked ones.
    case server
    /// Receives unmasked frames and sends masked ones.
    case client

    /// The other side.
    var peer: WebSocketRole { self == .server ? .client : .server }
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
/// Fragments are joined as they come, so a thousand small ones cost what one large one does. A compressed message is
/// decompressed as it comes, and never to more than the limit.
package struct WebSocketReceiver {
    /// The message of an event that says so, until the next call; before that, what has come of a partial one.
    package private(set) var assembled: [UInt8] = []
    /// The payload of the control frame in the event just returned, until the next call. At most 125 bytes.
    package private(set) var control: [UInt8] = []
    /// What decompresses, where that was agreed to.
    private let inflater: MessageInflater?

    // Kept small: there is one of these for each idle connection.

    /// The length of this frame as far as it is known; then its payload bytes that are still to come.
    private var remaining: UInt64 = 0
    private var messageMax: UInt32
    private let fragmentsLimit: UInt32
    private var fragments: UInt32 = 0
    /// The mask, turned so that its first byte is the next payload byte's.
    private var key: UInt32 = 0
    private let role: WebSocketRole
    private var stage = Stage.first
    private var opcode = WebSocketOpcode.continuation
    /// The data message under way: text or binary.
    private var message: WebSocketOpcode?
    private var text = UTF8Validator()
    /// Header bytes that the stage still needs, and how many the length has.
    private var needed: UInt8 = 0
    private var lengthBytes: UInt8 = 0
    private var isFinal = false
    private var isMasked = false
    private var isCompressed = false
    private var hasDelivered = false

    private enum Stage: UInt8 { case first, second, length, key, payload, ended }

    /// Waits for the first frame.
    ///
    /// - Parameters:
    ///   - role: Which side we are.
    ///   - messageBytesMax: 16 KiB is what a game's inputs need many times over (protocol/spec/websocket.md §3).
    ///   - fragmentsMax: 64, as in the same place; up to 4,294,967,295.
    ///   - inflater: Where permessage-deflate was agreed to. It belongs to this receiver.
    package init(
        role: WebSocketRole, messageBytesMax: Int = 16 * 1024, fragmentsMax: Int = 64,
        inflater: MessageInflater? = nil
    ) {
        precondition(messageBytesMax >= 0 && fragmentsMax >= 1, "limits of a receiver are not negative")
        self.role = role
        messageMax = UInt32(clamping: messageBytesMax)
        fragmentsLimit = UInt32(clamping: fragmentsMax)
        self.inflater = inflater
    }

    /// Bytes of a message at most, decompressed; up to 4 GiB. May be changed at any time; it is looked at when a frame's
    /// length is known, before a byte of the frame is kept.
    package var messageBytesMax: Int {
        get { Int(messageMax) }
        set {
            precondition(newValue >= 0, "limits of a receiver are not negative")
            messageMax = UInt32(clamping: newValue)
        }
    }

    /// Frames in one message at most, empty ones too.
    package var fragmentsMax: Int { Int(fragmentsLimit) }

    /// Whether a data message has begun and not ended: what a deadline for slow messages asks.
    package var isMidMessage: Bool { message != nil }

    /// Bytes of memory held for partial frames and messages, and to decompress them, to be charged to a budget.
    package var residentBytes: Int { assembled.capacity + control.capacity + (inflater?.residentBytes ?? 0) }

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
        if hasDelivered { releaseDelivered() }
        if let event = takeWholeMessage(&bytes, at: &cursor) { return event }
        guard cursor < bytes.count || stage == .payload else { return nil }
        do {
            return try takePieces(&bytes, at: &cursor)
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
        hasDelivered = false
        control = []
        if message == nil { assembled = [] }
    }

    private mutating func end() {
        stage = .ended
        message = nil
        assembled = []
        inflater?.release()
    }
}

// MARK: - The short way

extension WebSocketReceiver {
    /// The message at `cursor`, where it is one plain frame of less than 64 KiB that lies there whole and breaks no rule;
    /// nil, with nothing taken, for everything else. This is what nearly every message is.
    private mutating func takeWholeMessage(
        _ bytes: inout MutableSpan<UInt8>, at cursor: inout Int
    ) -> WebSocketEvent? {
        let available = bytes.count - cursor
        guard available >= 2, stage == .first, message == nil else { return nil }
        let first = bytes[cursor]
        guard first == 0x81 || first == 0x82 else { return nil }
        let second = bytes[cursor + 1]
        let isMasked = second & 0x80 != 0
        guard isMasked == (role == .server) else { return nil }
        var length = Int(second & 0x7F)
        var headerBytes = 2
        if length > 125 {
            guard length == 126, available >= 4 else { return nil }
            length = Int(bytes[cursor + 2]) << 8 | Int(bytes[cursor + 3])
            guard length > 125 else { return nil }
            headerBytes = 4
        }
        if isMasked { headerBytes += 4 }
        guard available >= headerBytes + length, length <= Int(messageMax) else { return nil }
        let start = cursor + headerBytes
        let range = start..<start + length
        if isMasked {
            let key = bytes.span.uint32LittleEndian(at: start - 4) ?? 0
            var payload = bytes._mutatingExtracting(range)
            applyMask(&payload, key: key)
            if first == 0x81, !UTF8Validator.isValid(payload.span) {
                // The long way finds the first wrong byte; it expects the bytes as they came.
                applyMask(&payload, key: key)
                return nil
            }
        } else if first == 0x81, !UTF8Validator.isValid(bytes.span.extracting(range)) {
            return nil
        }
        cursor = range.upperBound
        return first == 0x81 ? .text(.input(range)) : .binary(.input(range))
    }
}

// MARK: - The long way: any frame, in any pieces

extension WebSocketReceiver {
    private mutating func takePieces(
        _ bytes: inout MutableSpan<UInt8>, at cursor: inout Int
    ) throws(WebSocketError) -> WebSocketEvent? {
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
    }

    private mutating func takeHeaderByte(_ byte: UInt8) throws(WebSocketError) {
        switch stage {
        case .first:
            try takeFirst(byte)
            stage = .second
        case .second:
            try takeSecond(byte)
        case .length:
            remaining = remaining << 8 | UInt64(byte)
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
        guard byte & 0x30 == 0, byte & 0x40 == 0 || inflater != nil else { throw .reservedBits }
        guard let opcode = WebSocketOpcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
        let isFirstOfCompressed = byte & 0x40 != 0
        self.opcode = opcode
        isFinal = byte & 0x80 != 0
        switch opcode {
        case .text, .binary:
            guard message == nil else { throw .expectedContinuation }
            message = opcode
            fragments = 1
            text = UTF8Validator()
            isCompressed = isFirstOfCompressed
            if isCompressed { inflater?.begin() }
        case .continuation:
            guard !isFirstOfCompressed else { throw .reservedBits }
            guard message != nil else { throw .unexpectedContinuation }
            guard fragments < fragmentsLimit else { throw .tooManyFragments }
            fragments += 1
        case .close, .ping, .pong:
            guard !isFirstOfCompressed else { throw .reservedBits }
            guard isFinal else { throw .fragmentedControl }
        }
    }

    private mutating func takeSecond(_ byte: UInt8) throws(WebSocketError) {
        isMasked = byte & 0x80 != 0
        guard isMasked == (role == .server) else { throw .mask }
        let short = byte & 0x7F
        remaining = 0
        switch short {
        case 126, 127:
            guard !opcode.isControl else { throw .controlTooLong }
            lengthBytes = short == 126 ? 2 : 8
            needed = lengthBytes
            stage = .length
        default:
            remaining = UInt64(short)
            try begin()
        }
    }

    private mutating func takeLongLength() throws(WebSocketError) {
        let least: UInt64 = lengthBytes == 2 ? 126 : 0x1_0000
        guard remaining >= least, remaining <= UInt64(Int64.max) else { throw .length }
        try begin()
    }

    /// The length is known: refuse what is too big before a byte of it is kept.
    private mutating func begin() throws(WebSocketError) {
        if !opcode.isControl {
            if isCompressed {
                try inflater?.admit(remaining, messageBytesMax: messageBytesMax)
            } else {
                guard remaining <= UInt64(max(0, messageBytesMax - assembled.count)) else { throw .messageTooBig }
            }
        }
        needed = 4
        key = 0
        stage = isMasked ? .key : .payload
    }
}

// MARK: - Payload (§5.3–§5.5, RFC 7692 §6)

extension WebSocketReceiver {
    private mutating func takePayload(
        _ bytes: inout MutableSpan<UInt8>, at cursor: inout Int
    ) throws(WebSocketError) -> WebSocketEvent? {
        let count = Int(min(remaining, UInt64(bytes.count - cursor)))
        let range = cursor..<cursor + count
        if isMasked, count > 0 {
            var piece = bytes._mutatingExtracting(range)
            applyMask(&piece, key: key)
            let turn = UInt32(count & 3) * 8
            if turn > 0 { key = key >> turn | key << (32 - turn) }
        }
        cursor += count
        remaining -= UInt64(count)
        let piece = bytes.span.extracting(range)
        if opcode.isControl { return try takeControl(piece) }
        return isCompressed ? try takeCompressed(piece) : try takeData(piece, at: range)
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
        guard !assembled.isEmpty else { return delivered(in: .input(range)) }
        keep(piece)
        return delivered(in: .assembled)
    }

    private mutating func takeCompressed(_ piece: Span<UInt8>) throws(WebSocketError) -> WebSocketEvent? {
        let isWhole = remaining == 0 && isFinal
        let before = assembled.count
        var failure: WebSocketError?
        do throws(WebSocketError) {
            try inflater?.take(piece, into: &assembled, outputMax: messageBytesMax)
            if isWhole { try inflater?.finish(into: &assembled, outputMax: messageBytesMax) }
        } catch {
            failure = error
        }
        // What came out before it failed came first on the wire, so what is wrong with it counts first.
        if message == .text {
            var text = text
            guard text.consume(assembled.span.extracting(before...)) else { throw .invalidText }
            self.text = text
        }
        if let failure { throw failure }
        guard !isWhole || message != .text || text.isComplete else { throw .invalidText }
        if remaining == 0 { stage = .first }
        return isWhole ? delivered(in: .assembled) : nil
    }

    /// Ends the data message and says where it is.
    private mutating func delivered(in location: WebSocketBytes) -> WebSocketEvent {
        let kind = message
        message = nil
        if location == .assembled { hasDelivered = true }
        return kind == .text ? .text(location) : .binary(location)
    }

    private mutating func keep(_ piece: Span<UInt8>) {
        assembled.makeRoom(for: piece.count)
        assembled.append(piece)
    }
}
