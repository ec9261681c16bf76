/// How an event is sent.
public struct EmitOptions: OptionSet, Sendable {
    /// The options as bits.
    public let rawValue: UInt8

    /// Options from their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Only the newest matters, as with a position. At a server: while a client does not take bytes, the newest event of the name
    /// waits for it in place of those before; what a client does take is sent, however much in one turn. At a client: dropped
    /// while there is no connection, or while it does not take bytes.
    public static let volatile = EmitOptions(rawValue: 1)
    /// Not compressed, even where the other side agreed to that: for what is compressed already, or has a secret in it beside
    /// text that somebody else has chosen.
    public static let uncompressed = EmitOptions(rawValue: 2)
}
