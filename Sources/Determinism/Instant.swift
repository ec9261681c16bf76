/// A point on a monotonic clock, in nanoseconds since an origin that only its source knows.
///
/// Nothing below the event loop asks for "now": instants are arguments, so that a test or a simulated world can
/// supply its own.
public struct Instant: Sendable, Hashable, Comparable {
    /// Nanoseconds since the clock's origin.
    public var nanoseconds: Int64

    /// The instant that many nanoseconds after the clock's origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The clock's origin.
    public static let zero = Instant(nanoseconds: 0)
    /// Later than anything that happens: a deadline that is not set. Nothing may be added to it.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Whether `left` is before `right`.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `interval` later.
    public static func + (instant: Instant, interval: Interval) -> Instant {
        Instant(nanoseconds: instant.nanoseconds + interval.nanoseconds)
    }

    /// The instant `interval` earlier.
    public static func - (instant: Instant, interval: Interval) -> Instant {
        Instant(nanoseconds: instant.nanoseconds - interval.nanoseconds)
    }

    /// The time from `earlier` to `later`; negative when they are the other way round.
    public static func - (later: Instant, earlier: Instant) -> Interval {
        Interval(nanoseconds: later.nanoseconds - earlier.nanoseconds)
    }
}

/// A length of time in whole nanoseconds.
public struct Interval: Sendable, Hashable, Comparable {
    /// The length in nanoseconds; may be negative.
    public var nanoseconds: Int64

    /// A length of that many nanoseconds.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// No time.
    public static let zero = Interval(nanoseconds: 0)

    /// A length in microseconds.
    public static func microseconds(_ count: Int) -> Interval {
        Interval(nanoseconds: Int64(count) * 1_000)
    }

    /// A length in milliseconds.
    public static func milliseconds(_ count: Int) -> Interval {
        Interval(nanoseconds: Int64(count) * 1_000_000)
    }

    /// A length in seconds.
    public static func seconds(_ count: Int) -> Interval {
        Interval(nanoseconds: Int64(count) * 1_000_000_000)
    }

    /// The length in seconds, for display and for games.
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    /// The length in milliseconds, for display.
    public var milliseconds: Double { Double(nanoseconds) / 1e6 }

    /// Whether `left` is shorter than `right`.
    public static func < (left: Interval, right: Interval) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Both lengths together.
    public static func + (left: Interval, right: Interval) -> Interval {
        Interval(nanoseconds: left.nanoseconds + right.nanoseconds)
    }

    /// What is left of `left` without `right`.
    public static func - (left: Interval, right: Interval) -> Interval {
        Interval(nanoseconds: left.nanoseconds - right.nanoseconds)
    }

    /// The length `factor` times over.
    public static func * (interval: Interval, factor: Int) -> Interval {
        Interval(nanoseconds: interval.nanoseconds * Int64(factor))
    }
}
