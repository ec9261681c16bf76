import ByteKit
import Determinism
import EventLoop
import Foundation
import Testing

/// A loop that a test runs on its own thread, with a guard against running for ever.
final class LoopHarness {
    let loop: EventLoop
    private var guardTimer: LoopTimer?

    private init() throws {
        loop = try EventLoop()
    }

    /// Sets up with `prepare`, runs the loop until ``finish()``, and checks that nothing is left behind.
    static func run(_ prepare: (LoopHarness) throws -> Void) throws {
        weak var leaked: EventLoop?
        do {
            let harness = try LoopHarness()
            leaked = harness.loop
            let loop = harness.loop
            let timer = loop.makeTimer {
                Issue.record("the test did not come to its end")
                loop.stop()
            }
            timer.arm(at: loop.now + .seconds(30))
            harness.guardTimer = timer
            try prepare(harness)
            loop.run()
            #expect(harness.loop.liveHandles() == 0)
        }
        #expect(leaked == nil, "something still holds the loop")
    }

    /// The test has closed all it opened: checks that when this turn's closing is through, and stops.
    func finish() {
        guardTimer?.close()
        guardTimer = nil
        let loop = loop
        loop.post {
            loop.post {
                #expect(loop.liveHandles() == 0)
                loop.stop()
            }
        }
    }

    /// Runs `job` on the next turn.
    func nextTurn(_ job: @escaping () -> Void) {
        var timer: LoopTimer?
        timer = loop.makeTimer {
            timer?.close()
            timer = nil
            job()
        }
        timer?.arm(at: .zero)
    }
}

/// Records that the test has gone wrong.
func fail(_ message: String) {
    Issue.record(Comment(rawValue: message))
}

/// A handler that records what it hears and does what its test says.
final class Recorder: ByteStreamHandler {
    var stream: SocketStream?
    var received: [UInt8] = []
    var drainedCount = 0
    var endedCount = 0
    var closedCount = 0
    var error: UVError?

    var onReceived: (SocketStream) -> Void = { _ in }
    var onDrained: (SocketStream) -> Void = { _ in }
    var onEnded: (SocketStream) -> Void = { $0.close(.afterSending) }
    var onClosed: () -> Void = {}

    /// Becomes the handler of `stream` and starts reading.
    func attach(_ stream: SocketStream) {
        self.stream = stream
        stream.handler = self
        stream.startReading()
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        #expect(bytes.count > 0)
        unsafe bytes.withUnsafeBufferPointer { unsafe received.append(contentsOf: $0) }
        if let stream { onReceived(stream) }
    }

    func streamDrained(_ stream: any ByteStream) {
        drainedCount += 1
        #expect(!stream.isBlocked)
        if let stream = self.stream { onDrained(stream) }
    }

    func streamEnded(_ stream: any ByteStream) {
        endedCount += 1
        if let stream = self.stream { onEnded(stream) }
    }

    func streamClosed(_ stream: any ByteStream) {
        closedCount += 1
        error = self.stream?.error
        self.stream = nil
        onReceived = { _ in }
        onDrained = { _ in }
        onEnded = { _ in }
        let onClosed = onClosed
        self.onClosed = {}
        onClosed()
    }
}

extension SocketStream {
    /// Sends `bytes` alone.
    func send(_ bytes: [UInt8]) {
        var bytes = bytes
        send(&bytes, then: [])
        #expect(bytes.isEmpty)
    }
}

/// A folder of its own that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("muster-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        path = url.path
    }

    func socketPath(_ name: String = "socket") -> String { path + "/" + name }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Bytes that do not repeat at any power of two.
func pattern(_ count: Int) -> [UInt8] {
    let period = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count { bytes.append(contentsOf: period.prefix(count - bytes.count)) }
    return bytes
}
