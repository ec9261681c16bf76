import CUV
import Determinism

/// Accepts connections at one address.
package final class Listener: LoopHandle {
    /// Where it listens; with the port that the kernel chose when 0 was asked for.
    package let localAddress: SocketAddress
    /// How often accepting has failed, mostly for want of descriptors. Each time accepting rested for 100 ms.
    package private(set) var acceptErrorCount = 0
    /// The last such failure.
    package private(set) var lastAcceptError: UVError?

    private var socket: ListeningSocket?
    private var onAccept: ((SocketStream) -> Void)?
    private var backOffTimer: LoopTimer?

    /// As many connections are accepted in one turn; then it is the other handles' turn.
    private static let acceptsPerTurnMax = 64
    private static let backOff = Interval.milliseconds(100)

    init(
        loop: EventLoop, socket: consuming ListeningSocket, onAccept: @escaping (SocketStream) -> Void
    ) throws(UVError) {
        localAddress = socket.address
        let descriptor = socket.descriptor
        self.socket = consume socket
        self.onAccept = onAccept
        super.init(loop: loop, kind: UV_POLL)
        try unsafe UVError.check(uv_poll_init(loop.loop, poll, descriptor))
        adopt()
        startAccepting()
    }

    private var poll: UnsafeMutablePointer<uv_poll_t> {
        unsafe memory.assumingMemoryBound(to: uv_poll_t.self)
    }

    private func startAccepting() {
        guard !isClosing else { return }
        let result = unsafe uv_poll_start(poll, Int32(UV_READABLE.rawValue), onAcceptable)
        precondition(result == 0, "uv_poll_start fails only on a descriptor that is used twice")
    }

    /// Stops listening at once and removes the file of a Unix socket. Accepted connections live on.
    package func close() {
        backOffTimer?.close()
        backOffTimer = nil
        closeHandle()
        // libuv allows closing the descriptor as soon as the poll handle is closing.
        socket = nil
        onAccept = nil
    }

    func acceptWaiting() {
        for _ in 0..<Self.acceptsPerTurnMax {
            do throws(UVError) {
                guard let accepted = try socket?.accept() else { return }
                let stream = try SocketStream(loop: loop, accepted: accepted)
                onAccept?(stream)
            } catch {
                acceptErrorCount += 1
                lastAcceptError = error
                return rest()
            }
        }
    }

    /// Lets the waiting connections wait: whatever accepting lacks will not be there at once, and trying without pause
    /// would starve the connections there are.
    private func rest() {
        _ = unsafe uv_poll_stop(poll)
        let timer = backOffTimer ?? loop.makeTimer { [unowned self] in startAccepting() }
        backOffTimer = timer
        timer.arm(at: loop.now + Self.backOff)
    }

    override func closeAtLoopEnd() {
        close()
    }
}
