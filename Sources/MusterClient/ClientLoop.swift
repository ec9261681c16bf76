import ClientCore
import Determinism
import EventLoop

/// A thread with an event loop, which clients run on: one for each ``SocketManager`` unless told otherwise, or one for many.
///
/// It ends once nobody holds it any more.
public final class ClientLoop: Sendable {
    let loop: EventLoop
    let turns: LoopBound<LoopTurns>

    /// Starts a thread.
    ///
    /// - Throws: ``ClientError/system(_:)``: too many open files, or threads.
    public init() throws(ClientError) {
        do throws(UVError) {
            let loop = try EventLoop()
            let turns = LoopBound(LoopTurns(loop), on: loop)
            self.loop = loop
            self.turns = turns
            let thread = try LoopThread { withExtendedLifetime(turns) { loop.run() } }
            thread.detach()
        } catch {
            throw .system(error.message)
        }
    }

    deinit { loop.stop() }
}

/// What happens in every turn of a loop with clients: their timers, and the flush.
final class LoopTurns {
    let queue = FlushQueue()
    private let loop: EventLoop
    /// Held until they have ended, also when nobody else holds them.
    private var managers: [(core: ClientManager, shell: ManagerShell)] = []
    private var timer: LoopTimer?
    private var armedFor: Instant?

    init(_ loop: EventLoop) {
        self.loop = loop
        timer = loop.makeTimer { [unowned self] in timeReached() }
        loop.beforeWaiting = { [unowned self] in turnEnds() }
    }

    /// Lets a manager have its time.
    func add(_ core: ClientManager, of shell: ManagerShell) { managers.append((core, shell)) }

    /// A manager needs it no longer.
    func remove(_ core: ClientManager) { managers.removeAll { $0.core === core } }

    private func timeReached() {
        armedFor = nil
        let now = loop.now
        for manager in managers { manager.core.timeReached(now) }
    }

    private func turnEnds() {
        queue.flush()
        guard let wake = managers.compactMap(\.core.deadline).min(), wake != armedFor else { return }
        armedFor = wake
        timer?.arm(at: wake)
    }
}
