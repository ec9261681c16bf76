import Determinism
import Glibc

/// What the kernel is told about a TCP connection; Unix sockets have no use for it.
///
/// Set on a listening socket, each connection that it accepts inherits it, at no cost.
package struct SocketOptions: Sendable, Equatable {
    /// How many bytes the kernel takes ahead of what it can send (`TCP_NOTSENT_LOWAT`): 16 KiB; 0 for the kernel's own.
    ///
    /// What a slow peer has not been sent then waits with us, where it can still be replaced by something newer.
    package var unsentByteCountMax = 16 * 1024

    /// How long sent bytes may go without an acknowledgement before the connection is closed with `ETIMEDOUT`
    /// (`TCP_USER_TIMEOUT`, RFC 5482): 20 s; zero for the kernel's own, which is about 15 minutes.
    package var unacknowledgedMax = Interval.seconds(20)

    /// The defaults.
    package init() {}

    /// Sets the options on a TCP socket.
    func apply(to descriptor: Int32) throws(UVError) {
        let level = Int32(IPPROTO_TCP)
        // We gather what belongs together ourselves; holding back a small write would only delay it.
        try setOption(descriptor, level, TCP_NODELAY, 1)
        if unsentByteCountMax > 0 {
            try setOption(descriptor, level, TCP_NOTSENT_LOWAT, Int32(clamping: unsentByteCountMax))
        }
        if unacknowledgedMax > .zero {
            let milliseconds = max(1, unacknowledgedMax.nanoseconds / 1_000_000)
            try setOption(descriptor, level, TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
        }
    }
}
