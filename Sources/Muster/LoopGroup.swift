import ByteKit
import EventLoop
import ServerCore
import Synchronization
import TLS

/// What the loops of one process share: their mailboxes and the directory.
///
/// The loops, and all that is to happen on them, are made on the thread that starts the server; each then belongs to the
/// thread that runs it, and the others reach it through its mailbox alone.
final class LoopGroup: Sendable {
    /// By number; the first runs on the thread that starts the server.
    let loops: [EventLoop]
    private let directory: Mutex<LoopDirectory>
    /// Where each loop's batches go, once its server is there.
    private let servers: Mutex<[LoopBound<Server>?]>

    init(count: Int, _ admission: AdmissionLimits) throws(UVError) {
        var loops: [EventLoop] = []
        for _ in 0..<count { loops.append(try EventLoop()) }
        self.loops = loops
        var random = SystemRandomNumberGenerator()
        directory = Mutex(LoopDirectory(loops: count, admission: admission, seed: random.next()))
        servers = Mutex(Array(repeating: nil, count: count))
    }

    /// The links of one loop; used on that loop alone, with the buffers of its TLS streams.
    func links(of loop: Int, _ workspace: TLSWorkspace) -> any LoopLinks {
        MailboxLinks(group: self, own: loop, workspace)
    }

    /// The server of a loop is ready to be told things.
    func add(_ server: Server, of loop: Int) {
        let bound = LoopBound(server, on: loops[loop])
        servers.withLock { $0[loop] = bound }
    }

    /// Counts what happened on no loop; on any thread.
    func count(_ counter: Counter, _ amount: Int) {
        guard let first = server(of: 0) else { return }
        _ = loops[0].post { first.value.count(counter, amount) }
    }

    /// Runs the first loop on the calling thread and each of the others on one of its own, until all have ended.
    ///
    /// - Throws: When there may be no more threads; every loop has ended then.
    func run() throws(UVError) {
        // The servers hold their links, and those hold this.
        defer { servers.withLock { $0 = [] } }
        var threads: [LoopThread] = []
        do throws(UVError) {
            for loop in loops.dropFirst() { threads.append(try LoopThread { loop.run() }) }
        } catch {
            stop()
            for loop in loops.dropFirst(threads.count + 1) { loop.run() }
            loops[0].run()
            for thread in threads { thread.join() }
            throw error
        }
        loops[0].run()
        for thread in threads { thread.join() }
    }

    /// Ends loops that never ran, and with them what was made on them.
    func abandon() {
        servers.withLock { $0 = [] }
        stop()
        for loop in loops { loop.run() }
    }

    /// Ends every loop soon, without goodbyes.
    func stop() {
        for loop in loops { loop.stop() }
    }

    fileprivate func server(of loop: Int) -> LoopBound<Server>? {
        servers.withLock { $0.indices.contains(loop) ? $0[loop] : nil }
    }

    /// Lends what the loops share, on any thread.
    func withDirectory(_ body: (inout LoopDirectory) -> Void) {
        directory.withLock { body(&$0) }
    }
}

/// One loop's way to the others: through their mailboxes.
private final class MailboxLinks: LoopLinks {
    private let group: LoopGroup
    let own: Int
    private let workspace: TLSWorkspace
    var count: Int { group.loops.count }

    init(group: LoopGroup, own: Int, _ workspace: TLSWorkspace) {
        self.group = group
        self.own = own
        self.workspace = workspace
    }

    func post(_ batch: LoopBatch, to loop: Int) {
        guard let target = group.server(of: loop) else { return }
        group.loops[loop].post { target.value.receive(batch) }
    }

    func attach(_ stream: any DetachedStream) -> (any ByteStream)? {
        switch stream {
        case let secure as DetachedTLSStream:
            attach(secure.inner).map { TLSStream(secure, over: $0, workspace: workspace) }
        case let socket as DetachedSocket: try? group.loops[own].adopt(socket)
        default: nil
        }
    }

    func withDirectory(_ body: (inout LoopDirectory) -> Void) {
        group.withDirectory(body)
    }
}
