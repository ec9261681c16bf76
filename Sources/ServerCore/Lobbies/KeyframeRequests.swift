import Determinism

/// What one member's requests for keyframes have come to (protocol/spec/game-messages.md §4).
///
/// A keyframe costs what many deltas do, so there is one for two requests in ten seconds at most. The server's state is the
/// truth: who claims that the states differ is sent it anew, and when that does not help it has no place in the match.
struct KeyframeRequests {
    /// What becomes of a request.
    enum Answer { case keyframe, nothing, kick }

    /// How many requests are granted in ``time``.
    static let most = 2
    static let time = Interval.seconds(10)
    /// How many claims that the states differ are taken in ``mismatchTime``; the next one is the last.
    static let mismatchesMost = 3
    static let mismatchTime = Interval.seconds(60)

    private var granted: [Instant] = []
    private var mismatches: [Instant] = []

    /// Decides about a request.
    mutating func take(isMismatch: Bool, at now: Instant) -> Answer {
        if isMismatch {
            mismatches.removeAll { now - $0 >= Self.mismatchTime }
            guard mismatches.count < Self.mismatchesMost else { return .kick }
            mismatches.append(now)
        }
        granted.removeAll { now - $0 >= Self.time }
        guard granted.count < Self.most else { return .nothing }
        granted.append(now)
        return .keyframe
    }
}
