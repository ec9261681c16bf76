import Determinism

extension GameContext {
    /// Takes a seat away from its player, who may not come back. The game's `leave` follows, after this call.
    ///
    /// Whoever has shown who it is, is banned as that; of a guest the address is, which others may share.
    ///
    /// - Parameters:
    ///   - seat: The number of the seat.
    ///   - reason: Told to the player, now and at each try.
    ///   - time: For how long; nil for as long as the lobby lives.
    public mutating func ban(_ seat: Int, reason: String, for time: Interval? = nil) {
        output.kicks.append(GameKick(seat: seat, reason: reason, ban: GameBan(time: time)))
    }
}

/// That a kicked player may not come back.
package struct GameBan: Sendable, Equatable {
    /// For how long; nil for as long as the lobby lives.
    package var time: Interval?

    /// A ban of that length.
    package init(time: Interval?) {
        self.time = time
    }
}
