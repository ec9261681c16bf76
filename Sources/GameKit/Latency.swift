import Determinism

/// How long the way between a lobby and a player is, and how far apart their clocks are, as the server measures it.
public struct Latency: Sendable, Equatable {
    /// The most that either part says.
    package static let millisecondsMax = 60_000

    /// From a step to the arrival of the first input whose sender has seen it, in milliseconds: the way there and back, and what the
    /// player's client keeps snapshots and inputs waiting. 0 to 60,000.
    public let roundTrip: Int
    /// How far the player's clock is ahead of the lobby's, in milliseconds: what its inputs are meant for when they are sent,
    /// half a round trip before they come. About half a round trip and a tick for one who predicts; negative for one
    /// whose inputs are meant for the tick that it sees. −60,000 to 60,000.
    public let clockOffset: Int

    /// What was measured, cut to what can be said.
    package init(roundTrip: Int, clockOffset: Int) {
        self.roundTrip = min(max(0, roundTrip), Self.millisecondsMax)
        self.clockOffset = min(max(-Self.millisecondsMax, clockOffset), Self.millisecondsMax)
    }

    func feed(_ hash: inout WordHash) {
        hash.feed(UInt64(roundTrip) << 32 | UInt64(clockOffset + Self.millisecondsMax))
    }
}
