import CUV
import Determinism
import Glibc

/// Accepts connections at one address.
///
/// When the process has run out of descriptors, the connections that wait are turned away with the help of a descriptor
/// kept for that, at most 64 each 100 ms: so they hear it, it costs next to nothing, and service is back 100 ms after
/// descriptors are. After any other error accepting rests as long, and who waits goes on waiting.
package final class Listener: LoopHandle {
    /// Where it listens; with the port that the kernel chose when 0 was asked for.
    package let localAddress: SocketAddress
    /// How often accepting has failed, mostly for want of descriptors. Each time accepting rested for 100 ms.
    package private(set) var acceptErrorCount = 0
    /// The last such failure.
    package private(set) var lastAcceptError: UVError?
    /// How many connections have been turned away for want of descriptors.
    package private(set) var turnedAwayCount = 0

    private var socket: ListeningSocket?
    private var onAccept: ((SocketStream) -> Void)?
    private let refusal: [UInt8]
    /// A descriptor to give up for one connection that is turned away; nil while there is none to be had.
    private var reserve: Int32?
    private var backOffTimer: LoopTimer?
    private var isPaused = false
    private var isResting = false

    /// As many connections are accepted in one turn; then it is the other handles' turn.
    private static let acceptsPerTurnMax = 64
    private static let backOff = Interval.milliseconds(100)

    init(
        loop: EventLoop, socket: consuming ListeningSocket, refusal: [UInt8],
        onAccept: @escaping (SocketStream) -> Void
    ) throws(UVError) {
        localAddress = socket.address
        let descriptor = socket.descriptor
        self.socket = consume socket
        self.refusal = refusal
        self.onAccept = onAccept
        super.init(loop: loop, kind: UV_POLL)
        try unsafe UVError.check(uv_poll_init(loop.loop, poll, descriptor))
        adopt()
        startAccepting()
    }

    private var poll: UnsafeMutablePointer<uv_poll_t> {
        unsafe memory.assumingMemoryBound(to: uv_poll_t.self)
    }

    /// Lets new connections wait in the kernel's backlog until ``resumeAccepting()``.
    package func pauseAccepting() {
        loop.assertCurrent()
        guard !isClosing else { return }
        isPaused = true
        _ = unsafe uv_poll_stop(poll)
    }

    /// Accepts again, from the next turn on.
    package func resumeAccepting() {
        loop.assertCurrent()
        isPaused = false
        startAccepting()
    }

    private func startAccepting() {
        guard !isClosing, !isPaused, !isResting else { return }
        keepReserve()
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
        giveUpReserve()
    }

    func acceptWaiting() {
        for _ in 0..<Self.acceptsPerTurnMax where !isPaused {
            do throws(UVError) {
                guard let accepted = try socket?.accept() else { return }
                let stream = try SocketStream(loop: loop, accepted: accepted)
                onAccept?(stream)
            } catch {
                acceptErrorCount += 1
                lastAcceptError = error
                if error.isOutOfDescriptors { turnAway() }
                return rest()
            }
        }
    }

    // MARK: Out of descriptors

    /// Accepts what waits only to refuse it.
    private func turnAway() {
        for _ in 0..<Self.acceptsPerTurnMax where reserve != nil {
            giveUpReserve()
            defer { keepReserve() }
            guard let accepted = try? socket?.accept() else { return }
            accepted.refuse(refusal)
            turnedAwayCount += 1
        }
    }

    private func keepReserve() {
        if reserve == nil { reserve = try? openSocket(family: AF_UNIX) }
    }

    private func giveUpReserve() {
        if let reserve { Glibc.close(reserve) }
        reserve = nil
    }

    /// Lets the waiting connections wait: whatever accepting lacks will not be there at once, and trying without pause
    /// would starve the connections there are.
    private func rest() {
        isResting = true
        _ = unsafe uv_poll_stop(poll)
        let timer =
            backOffTimer
            ?? loop.makeTimer { [unowned self] in
                isResting = false
                startAccepting()
            }
        backOffTimer = timer
        timer.arm(at: loop.now + Self.backOff)
    }

    override func closeAtLoopEnd() {
        close()
    }
}
