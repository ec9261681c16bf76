import ByteKit

/// An encrypted connection between two loops: ``TLSStream/detach()``, ``TLSStream/init(_:over:workspace:)``.
///
/// `@unchecked Sendable` holds because an `SSL` may be used on any thread, one at a time, and the channel is: the stream
/// that gave it up does not touch it again, and nobody does before the stream that takes it.
package final class DetachedTLSStream: DetachedStream, @unchecked Sendable {
    /// The connection that carries it.
    package let inner: any DetachedStream
    let channel: SecureChannel
    /// Whether the peer has said that it sends no more.
    let hasEnded: Bool

    init(_ channel: SecureChannel, _ inner: any DetachedStream, hasEnded: Bool) {
        self.channel = channel
        self.inner = inner
        self.hasEnded = hasEnded
    }
}
