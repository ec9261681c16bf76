import ByteKit
import Glibc
import Synchronization

/// A TCP connection or Unix socket between two loops: ``SocketStream/detach()``, ``EventLoop/adopt(_:)``.
///
/// Whatever arrives waits in the kernel. If no loop adopts it, letting go of it closes the connection.
package final class DetachedSocket: DetachedStream {
    /// The socket; -1 once it is a loop's.
    private let descriptor: Atomic<Int32>
    private let peer: PeerAddress

    /// The same socket by a descriptor of its own: libuv closes the one that it has. Nil when there are no more.
    init?(_ socket: Int32, peer: PeerAddress) {
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        descriptor = Atomic(copy)
        self.peer = peer
    }

    deinit {
        let socket = descriptor.load(ordering: .acquiring)
        if socket >= 0 { Glibc.close(socket) }
    }

    /// Gives the socket away, once.
    func take() -> AcceptedSocket {
        let socket = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        precondition(socket >= 0, "a connection is adopted once")
        return AcceptedSocket(descriptor: socket, peer: peer)
    }
}

extension EventLoop {
    /// Goes on with a connection that another loop has detached. It reads once it has a handler and is told to.
    ///
    /// - Throws: What keeps this loop from it; the connection is closed then.
    package func adopt(_ socket: DetachedSocket) throws(UVError) -> SocketStream {
        assertCurrent()
        return try SocketStream(loop: self, accepted: socket.take())
    }
}
