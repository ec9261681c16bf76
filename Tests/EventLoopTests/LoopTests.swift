import Determinism
import EventLoop
import Foundation
import Synchronization
import Testing

/// A list that several threads append to.
private final class Journal<Entry: Sendable>: Sendable {
    private let list = Mutex<[Entry]>([])

    func append(_ entry: Entry) { list.withLock { $0.append(entry) } }
    var entries: [Entry] { list.withLock { $0 } }
}

@Suite("Event loop", .serialized)
struct LoopTests {
    @Test func `posts of each thread run on the loop in order, and wake it`() throws {
        let loop = try EventLoop()
        let journal = Journal<Int>()
        for thread in 0..<3 {
            Thread.detachNewThread {
                for index in 0..<1000 {
                    loop.post {
                        loop.assertCurrent()
                        journal.append(thread * 1000 + index)
                        if journal.entries.count == 3000 { loop.stop() }
                    }
                }
            }
        }
        loop.run()
        for thread in 0..<3 {
            #expect(journal.entries.filter { $0 / 1000 == thread } == Array(thread * 1000..<(thread + 1) * 1000))
        }
    }

    @Test func `a job posted by a job runs on a later turn`() throws {
        let loop = try EventLoop()
        let journal = Journal<String>()
        loop.beforeWaiting = { journal.append("wait") }
        loop.post {
            loop.post {
                journal.append("second")
                loop.stop()
            }
            journal.append("first")
        }
        loop.run()
        let jobs = journal.entries.drop { $0 == "wait" }.prefix(3)
        #expect(Array(jobs) == ["first", "wait", "second"])
    }

    @Test func `what was posted before the end runs, later posts are refused`() throws {
        let loop = try EventLoop()
        let journal = Journal<Int>()
        loop.stop()
        #expect(loop.post { journal.append(1) })
        loop.run()
        #expect(!loop.post { journal.append(2) })
        loop.stop()
        #expect(journal.entries == [1])
    }

    @Test func `stop works from another thread`() throws {
        let loop = try EventLoop()
        let timer = loop.makeTimer { Thread.detachNewThread { loop.stop() } }
        timer.arm(at: loop.now)
        loop.run()
        #expect(loop.liveHandles() == 0)
    }

    @Test func `a loop that never runs cleans up after itself`() throws {
        weak var leaked: EventLoop?
        do {
            let loop = try EventLoop()
            leaked = loop
            #expect(loop.liveHandles() == 0)
        }
        #expect(leaked == nil)
    }

    @Test func `the loop belongs to the thread that runs it`() async {
        await #expect(processExitsWith: .failure) {
            let loop = try EventLoop()
            loop.post {
                Thread.detachNewThread { _ = loop.makeTimer {} }
            }
            loop.run()
        }
    }

    @Test func `beforeWaiting runs once a turn, after the timers and before the loop waits`() throws {
        let loop = try EventLoop()
        var order: [String] = []
        loop.beforeWaiting = { order.append("wait") }
        let second = loop.makeTimer {
            order.append("b")
            loop.stop()
        }
        let first = loop.makeTimer {
            order.append("a")
            second.arm(at: .zero)
        }
        first.arm(at: .zero)
        loop.run()
        let waits = order.filter { $0 == "wait" }.count
        #expect(order.prefix(2) == ["a", "wait"])
        #expect(waits >= 2)
        #expect(order.last == "wait", "what the last turn gathered is flushed")
    }

    @Test func `the descriptor limit is the hard limit`() {
        #expect(raiseDescriptorLimit() >= 256)
        #expect(raiseDescriptorLimit() == raiseDescriptorLimit())
        #expect(raiseDescriptorLimit(makingRoomFor: 4_096) == raiseDescriptorLimit())
    }
}

@Suite("Timers", .serialized)
struct TimerTests {
    @Test func `a timer does not fire before its instant`() throws {
        let loop = try EventLoop()
        var open = 40
        var early = 0
        for index in 0..<40 {
            let due = loop.now + .microseconds(index * 137)
            var timer: LoopTimer?
            timer = loop.makeTimer {
                if loop.now < due { early += 1 }
                timer?.close()
                timer = nil
                open -= 1
                if open == 0 { loop.stop() }
            }
            timer?.arm(at: due)
        }
        loop.run()
        #expect(early == 0 && open == 0)
    }

    @Test func `cancelled and closed timers stay silent, a re-armed one fires once`() throws {
        let loop = try EventLoop()
        var fired: [String] = []
        let cancelled = loop.makeTimer { fired.append("cancelled") }
        let closed = loop.makeTimer { fired.append("closed") }
        let rearmed = loop.makeTimer { fired.append("rearmed") }
        let last = loop.makeTimer { loop.stop() }
        cancelled.arm(at: loop.now)
        cancelled.cancel()
        closed.arm(at: loop.now)
        closed.close()
        closed.close()
        closed.arm(at: loop.now)
        closed.cancel()
        rearmed.arm(at: loop.now + .seconds(3600))
        rearmed.arm(at: loop.now)
        last.arm(at: loop.now + .milliseconds(5))
        loop.run()
        #expect(fired == ["rearmed"])
    }

    @Test func `a timer that arms itself for the past does not starve the loop`() throws {
        let loop = try EventLoop()
        var count = 0
        var timer: LoopTimer?
        timer = loop.makeTimer {
            count += 1
            timer?.arm(at: .zero)
        }
        timer?.arm(at: .zero)
        loop.post {
            loop.post { loop.stop() }
        }
        loop.run()
        timer = nil
        #expect(count >= 1)
    }
}

/// An actor that lives on a loop.
private actor Pinned {
    let loop: EventLoop
    private(set) var steps = 0

    init(loop: EventLoop) { self.loop = loop }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    func step() async {
        loop.assertCurrent()
        await Task.detached {}.value
        loop.assertCurrent()
        steps += 1
    }
}

@Suite("The loop as an executor", .serialized)
struct ExecutorTests {
    @Test func `an actor pinned to the loop resumes on its thread`() throws {
        let loop = try EventLoop()
        let pinned = Pinned(loop: loop)
        let journal = Journal<Int>()
        Task.detached {
            await pinned.step()
            await pinned.step()
            journal.append(await pinned.steps)
            loop.stop()
        }
        loop.run()
        #expect(journal.entries == [2])
    }

    @Test func `a task that prefers the loop resumes on its thread`() throws {
        let loop = try EventLoop()
        let journal = Journal<Bool>()
        Task(executorPreference: loop) {
            journal.append(loop.isCurrent)
            await Task.detached { journal.append(loop.isCurrent) }.value
            journal.append(loop.isCurrent)
            loop.stop()
        }
        loop.run()
        #expect(journal.entries == [true, false, true])
    }

    @Test func `code on the loop may assume the isolation of an actor pinned to it`() throws {
        let loop = try EventLoop()
        let pinned = Pinned(loop: loop)
        let journal = Journal<Int>()
        loop.post {
            pinned.assumeIsolated { journal.append($0.steps) }
            loop.stop()
        }
        loop.run()
        #expect(journal.entries == [0])
    }
}

@Suite("Signals", .serialized)
struct SignalTests {
    @Test func `a signal reaches every watcher, on its loop`() throws {
        let loop = try EventLoop()
        var count = 0
        var watchers: [SignalWatcher] = []
        for _ in 0..<2 {
            let watcher = try loop.onSignal(SIGUSR1) {
                loop.assertCurrent()
                count += 1
                guard count == 2 else { return }
                watchers.forEach { $0.close() }
                watchers = []
                loop.stop()
            }
            watchers.append(watcher)
        }
        loop.post { kill(getpid(), SIGUSR1) }
        loop.run()
        #expect(count == 2)
    }

    @Test func `after its last watcher a signal is ignored`() throws {
        let loop = try EventLoop()
        var watcher: SignalWatcher?
        watcher = try loop.onSignal(SIGUSR2) {
            watcher?.close()
            // It would end the process.
            kill(getpid(), SIGUSR2)
            loop.stop()
        }
        loop.post { kill(getpid(), SIGUSR2) }
        loop.run()
        withExtendedLifetime(watcher) {}
    }

    @Test func `a signal that cannot be caught is an error`() throws {
        let loop = try EventLoop()
        #expect(throws: UVError.invalidArgument) { _ = try loop.onSignal(SIGKILL) {} }
        loop.stop()
        loop.run()
    }
}

@Suite("Precise timers", .serialized)
struct PreciseTimerTests {
    @Test func `a precise timer does not fire before its instant, and once`() throws {
        try LoopHarness.run { harness in
            let loop = harness.loop
            let due = loop.now + .microseconds(2_300)
            var timer: PreciseTimer?
            timer = try PreciseTimer(loop: loop) {
                #expect(loop.now >= due)
                timer?.close()
                timer = nil
                harness.finish()
            }
            timer?.arm(at: due)
        }
    }

    @Test func `a cancelled one stays silent, a re-armed one fires at its last instant, the past means the next turn`()
        throws
    {
        try LoopHarness.run { harness in
            let loop = harness.loop
            var fired: [String] = []
            var timers: [PreciseTimer] = []
            timers.append(try PreciseTimer(loop: loop) { fired.append("cancelled") })
            timers.append(try PreciseTimer(loop: loop) { fired.append("rearmed") })
            timers.append(try PreciseTimer(loop: loop) { fired.append("past") })
            timers.append(
                try PreciseTimer(loop: loop) {
                    #expect(fired == ["past", "rearmed"])
                    for timer in timers { timer.close() }
                    timers = []
                    harness.finish()
                })
            let now = loop.now
            timers[0].arm(at: now + .milliseconds(1))
            timers[0].cancel()
            timers[1].arm(at: now + .milliseconds(1))
            timers[1].arm(at: now + .milliseconds(4))
            timers[2].arm(at: .zero)
            timers[3].arm(at: now + .milliseconds(8))
        }
    }
}

@Suite("Mailbox bound (docs/limits.md)", .serialized)
struct MailboxBoundTests {
    @Test func `a loop takes 65,536 posts at a time and refuses the next`() throws {
        try LoopHarness.run { harness in
            let loop = harness.loop
            var accepted = 0
            for _ in 0...EventLoop.mailboxMax where loop.post({}) { accepted += 1 }
            #expect(accepted == EventLoop.mailboxMax)
            // The first turn's timers come before what was posted, the second's after it.
            harness.nextTurn {
                harness.nextTurn {
                    let isOpen = loop.post({})
                    #expect(isOpen)
                    harness.finish()
                }
            }
        }
    }
}
