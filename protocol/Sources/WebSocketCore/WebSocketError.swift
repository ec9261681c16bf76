/// What a peer did against RFC 6455 or our limits. The connection is over: send the close frame, then close.
package enum WebSocketError: Error, Equatable, Sendable {
    /// RSV1, RSV2 or RSV3 set with nothing agreed that gives it a meaning, or RSV1 on another frame than a message's first
    /// (§5.2, RFC 7692 §6.1).
    case reservedBits
    /// Opcode 3–7 or 11–15 (§5.2).
    case reservedOpcode
    /// A client's frame without a mask, or a server's with one (§5.1).
    case mask
    /// A control frame without FIN (§5.5).
    case fragmentedControl
    /// A control frame of more than 125 bytes (§5.5).
    case controlTooLong
    /// A length in more bytes than it needs, or with the top bit set (§5.2).
    case length
    /// A continuation frame with nothing to continue (§5.4).
    case unexpectedContinuation
    /// A text or binary frame inside a fragmented message (§5.4).
    case expectedContinuation
    /// A close frame of one byte, or with a code that may not be sent (§5.5.1, §7.4).
    case closePayload
    /// Text or a close reason that is not UTF-8 (§8.1).
    case invalidText
    /// More frames in one message than the limit.
    case tooManyFragments
    /// A longer message than the limit.
    case messageTooBig
    /// A compressed message that is no DEFLATE data, or is cut short (RFC 7692 §7.2.2).
    case invalidDeflate
    /// More work to decompress messages than we have allowed (``MessageInflater/allowance``).
    case tooMuchToInflate

    /// The code of the close frame that answers.
    package var closeCode: UInt16 {
        switch self {
        case .reservedBits, .reservedOpcode, .mask, .fragmentedControl, .controlTooLong, .length,
            .unexpectedContinuation, .expectedContinuation, .closePayload:
            WebSocketCloseCode.protocolError
        case .invalidText, .invalidDeflate: WebSocketCloseCode.invalidText
        case .tooManyFragments: WebSocketCloseCode.policyViolation
        case .messageTooBig: WebSocketCloseCode.messageTooBig
        case .tooMuchToInflate: WebSocketCloseCode.rateLimited
        }
    }

    /// The reason in that frame.
    package var reason: String {
        switch self {
        case .reservedBits: "reserved bits set"
        case .reservedOpcode: "reserved opcode"
        case .mask: "wrong masking"
        case .fragmentedControl: "fragmented control frame"
        case .controlTooLong: "control frame too long"
        case .length: "bad length"
        case .unexpectedContinuation: "nothing to continue"
        case .expectedContinuation: "message not continued"
        case .closePayload: "bad close frame"
        case .invalidText: "not UTF-8"
        case .tooManyFragments: "too many fragments"
        case .messageTooBig: "message too big"
        case .invalidDeflate: "not DEFLATE data"
        case .tooMuchToInflate: "too much compressed data"
        }
    }
}
