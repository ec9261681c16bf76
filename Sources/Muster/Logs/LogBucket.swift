import Logging
import Synchronization

/// How many lines of each level are let into the log: none can fill a disk with them.
final class LogBucket: Sendable {
    /// At once, and in a second.
    static let burst = 200.0
    static let rate = 20.0

    private struct Level {
        var tokens = LogBucket.burst
        var last = 0.0
        var leftOut = 0
    }

    private let levels = Mutex<[Logger.Level: Level]>([:])

    /// Takes a line's place; how many were left out before it, or nil if this one is, too.
    func take(_ level: Logger.Level, at seconds: Double) -> Int? {
        levels.withLock { levels in
            var entry = levels[level] ?? Level(last: seconds)
            // A clock that is set back gives nothing and takes nothing.
            entry.tokens = min(Self.burst, entry.tokens + max(0, seconds - entry.last) * Self.rate)
            entry.last = seconds
            defer { levels[level] = entry }
            guard entry.tokens >= 1 else {
                entry.leftOut += 1
                return nil
            }
            entry.tokens -= 1
            defer { entry.leftOut = 0 }
            return entry.leftOut
        }
    }
}
