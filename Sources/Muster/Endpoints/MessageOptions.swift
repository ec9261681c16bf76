import Determinism
import HTTPCore
import ServerCore
import WebSocketCore

/// What the clients of a path of your own may use up, and who may connect.
public struct MessageOptions: Sendable {
    /// The longest message a client may send, in bytes; a longer one is refused with close code 1009.
    public var messageBytesMax = 65_536
    /// The most frames in which one message may come.
    public var fragmentsMax = 64
    /// The most bytes that wait for a client that does not read; beyond it, its own input is left with the kernel.
    public var outboxBytesMax = 262_144
    /// Messages a second that a client may send, with a burst of twice as many; nil counts none.
    public var messagesPerSecond: Int? = 240
    /// How often a client is pinged; nil never.
    public var heartbeatInterval: Interval? = .seconds(25)
    /// How long a client may take to answer a ping.
    public var heartbeatTimeout = Interval.seconds(20)
    /// Whether messages are compressed for clients that offer it (RFC 7692).
    public var compresses = false
    /// Shorter messages are never compressed.
    public var compressionThresholdBytes = 1_024
    /// Whether a client's messages may be compressed with what it sent before: smaller, at up to 300 KiB a client.
    public var keepsCompressionContext = false
    /// How much of one client's compressed messages is decompressed in a second, in bytes taken and made, with a burst of a
    /// second's worth; beyond it the client is closed with 4008. Nil sets no bound.
    public var inflatedBytesPerSecond: Int? = 33_554_432
    /// The WebSocket subprotocols that are spoken; the first of a client's list that is among them is selected.
    public var subprotocols: [String] = []
    /// The origins of web pages that may connect besides the server's own host; `["*"]` allows every one.
    public var allowedOrigins: [String] = []
    /// What you have to say about connections: who may come, fields of your own, what is refused.
    public var hooks = ConnectionHooks()

    /// The defaults above.
    public init() {}

    var limits: SessionLimits {
        SessionLimits(
            messageBytesMax: messageBytesMax, fragmentsMax: fragmentsMax, outboxBytesMax: outboxBytesMax,
            messagesPerSecond: messagesPerSecond, waitsForReader: true, compression: compression,
            inflatedBytesPerSecond: inflatedBytesPerSecond, heartbeatInterval: heartbeatInterval,
            heartbeatTimeout: heartbeatTimeout)
    }

    private var compression: MessageCompression? {
        guard compresses else { return nil }
        var compression = MessageCompression()
        compression.deflate = PermessageDeflate(
            sendsWithoutContext: !keepsCompressionContext, receivesWithoutContext: !keepsCompressionContext)
        compression.thresholdBytes = compressionThresholdBytes
        return compression
    }

    func endpoint(_ handler: any MessageHandler, on loop: LoopContext) -> MessageEndpoint {
        MessageEndpoint(
            limits: limits, subprotocols: subprotocols, origins: HTTPOriginRule(origins: allowedOrigins),
            hooks: hooks.hooks(on: loop), service: HandlerAdapter(handler))
    }
}
