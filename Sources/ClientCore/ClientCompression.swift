import WebSocketCore

/// How a client's messages are compressed where the server agrees to it (RFC 7692).
package struct ClientCompression {
    /// What is offered, in all four parameters.
    package var deflate = PermessageDeflate()
    /// Shorter messages go out as they are.
    package var thresholdBytes = 32
    /// The contexts of all connections that share it.
    package let pool: DeflatePool

    /// Each message by itself, from 32 bytes on.
    package init(pool: DeflatePool) {
        self.pool = pool
    }
}
