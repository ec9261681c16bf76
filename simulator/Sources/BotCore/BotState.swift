import Determinism

extension Bot {
    /// Where the bot stands in its life.
    package enum State: Sendable, Equatable {
        /// Its time has not come.
        case idle
        /// A stream is being opened, and upgraded.
        case connecting
        /// The join has been sent.
        case joining
        /// It has a seat.
        case playing
        /// Its connection is lost; the next attempt comes after a wait.
        case waiting
        /// It has given up its seat and waits to be let go.
        case leaving
        /// It does nothing any more.
        case finished
    }

    /// The seat that the bot believes to hold, connected or not.
    package struct HeldSeat: Sendable, Equatable {
        /// The seat's number.
        package var number: Int
        /// The lobby, as the server calls it.
        package var lobby: String
        /// The newest token.
        package var token: String
        /// When the first message was sent from the seat. The server keeps no seat of which it never heard anything, since
        /// nobody could know its token.
        var spokenAt: Instant?
        /// Whether the connection was lost before that message can have arrived for sure.
        var isDoubtful = false
    }
}
