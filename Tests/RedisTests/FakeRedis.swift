import ByteKit
import Determinism
import Redis

/// A stream whose other end is the test.
final class FakeStream: ByteStream {
    var handler: (any ByteStreamHandler)?
    var isBlocked = false
    /// What the link has sent since the last ``take()``.
    private var sent: [UInt8] = []
    private(set) var isClosed = false

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        sent += bytes + shared
        bytes.removeAll()
    }

    func pauseReading() {}
    func resumeReading() {}
    func close(_ manner: StreamCloseManner) { isClosed = true }

    /// The commands that were sent since the last call, a line each, in Redis's notation.
    func take() -> [String] {
        defer { sent = [] }
        let lines = String(decoding: sent, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        var commands: [String] = []
        var index = 0
        while index < lines.count, let count = Int(lines[index].dropFirst()) {
            commands.append((0..<count).map { String(lines[index + 2 + 2 * $0]) }.joined(separator: " "))
            index += 1 + 2 * count
        }
        return commands
    }

    func receive(_ text: String) {
        var bytes = Array(text.utf8)
        var span = bytes.mutableSpan
        handler?.streamReceived(&span)
    }
}

/// Time, chance and connections as the test says.
final class RedisScene {
    private(set) var now = Instant.zero + .seconds(100)
    private var timers: [(number: Int, due: Instant, action: () -> Void)] = []
    private var count = 0
    private var random = SeededRandom(seed: 5)
    /// The streams that were asked for, in order.
    private(set) var streams: [FakeStream] = []
    /// Why the next attempts fail; nil lets them through.
    var refusal: String?
    /// Attempts are neither let through nor refused.
    var isSilent = false
    private(set) var dials: [Instant] = []

    var world: RedisWorld {
        RedisWorld(
            now: { self.now },
            after: { interval, action in
                self.count += 1
                self.timers.append((self.count, self.now + interval, action))
                return self.count
            }, callOff: { number in self.timers.removeAll { $0.number == number } }, entropy: { self.random.next() },
            dial: { handler, done in
                self.dials.append(self.now)
                if self.isSilent { return }
                if let refusal = self.refusal { return done(.failed(refusal)) }
                let stream = FakeStream()
                stream.handler = handler
                self.streams.append(stream)
                done(.connected(stream))
            })
    }

    func run(_ interval: Interval) {
        let end = now + interval
        while let next = timers.indices.filter({ timers[$0].due <= end }).min(by: { timers[$0].due < timers[$1].due }) {
            let timer = timers.remove(at: next)
            now = max(now, timer.due)
            timer.action()
        }
        now = end
    }
}
