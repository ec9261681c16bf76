import Determinism

/// What a lobby takes of late: how late its steps are, and what it sends. A few additions a step.
struct LobbyLoad {
    /// Of a second or a little more.
    struct Figures {
        var steps = 0
        var latenessSum = Interval.zero
        var latenessMax = Interval.zero
        var bytes = 0
        var length = Interval.zero

        var latenessMean: Interval {
            steps > 0 ? Interval(nanoseconds: latenessSum.nanoseconds / Int64(steps)) : .zero
        }
        /// Of snapshots.
        var bytesPerSecond: Double { length > .zero ? Double(bytes) / length.seconds : 0 }
    }

    private var began = Instant.zero
    private var current = Figures()
    private var last = Figures()

    /// A step was so late.
    mutating func stepped(_ lateness: Interval, at now: Instant) {
        if now - began >= .seconds(1) {
            last = current
            last.length = now - began
            (began, current) = (now, Figures())
        }
        current.steps += 1
        current.latenessSum = current.latenessSum + lateness
        current.latenessMax = max(current.latenessMax, lateness)
    }

    /// So many bytes were sent to somebody.
    mutating func sent(_ bytes: Int) { current.bytes &+= bytes }

    /// The last whole second's; none of a lobby that has stood still for longer.
    func figures(at now: Instant) -> Figures { now - began < .seconds(3) ? last : Figures() }
}
