/// Where a seat stands, without the time until which it does.
package enum SeatPhase: Int, CaseIterable, Sendable {
    case free, reserved, connected, dropped
}

/// What can happen to a seat.
package enum SeatEvent: Int, CaseIterable, Sendable {
    /// It is kept for whoever comes with the reservation.
    case reserve
    /// A new player sits down, without a reservation.
    case join
    /// A new player sits down who has the seat's reservation.
    case claim
    /// The holder's connection is lost, and the holder can come back.
    case drop
    /// The holder's connection is lost, and nobody can know a token to come back with.
    case vanish
    /// The dropped holder is back.
    case resume
    /// The holder comes with a second connection: the first one is over.
    case takeOver
    /// The time until which the seat was kept is over.
    case expire
    /// The holder gives it up, or whoever reserved it does.
    case leave
    /// It is taken away from its holder.
    case kick
    /// It is taken away from its holder, who shall not come back.
    case ban
    /// The lobby is over.
    case dispose
}

/// What others have to be told of a change.
package enum SeatEffect: Sendable, Equatable {
    /// Nobody.
    case none
    /// The game: somebody has sat down.
    case joined
    /// The game: the holder's connection is gone.
    case dropped
    /// The game: the holder is back.
    case resumed
    /// The holder's first connection: it is replaced.
    case replaced
    /// The game: the seat is empty for good.
    case left
}

/// Why an event cannot happen to a seat.
package enum SeatRefusal: Error, Sendable, Equatable {
    /// Somebody has it, or it is kept for somebody.
    case taken
    /// Nobody has it.
    case nobody
    /// It is not kept for anybody: the reservation was used, or is over.
    case notReserved
    /// Its holder is not connected.
    case notConnected
    /// Its holder is connected still: that is a take-over.
    case notDropped
    /// There is no time after which it is given up.
    case notTimed
}

/// What comes of an event: the next phase with what it brings about, or why it cannot be.
package enum SeatOutcome: Sendable, Equatable {
    case to(SeatPhase, SeatEffect)
    case refused(SeatRefusal)
}

/// The life of a seat: for each phase and event what comes of it. ``SeatTable`` does what stands here, and nothing else.
package enum SeatTransitions {
    /// A row for each ``SeatEvent``, a column for each ``SeatPhase``, in their orders.
    package static let table: [[SeatOutcome]] = [
        // Free, reserved, connected, dropped.
        /* reserve */ [.to(.reserved, .none), .refused(.taken), .refused(.taken), .refused(.taken)],
        /* join */ [.to(.connected, .joined), .refused(.taken), .refused(.taken), .refused(.taken)],
        /* claim */ [
            .refused(.notReserved), .to(.connected, .joined), .refused(.notReserved), .refused(.notReserved),
        ],
        /* drop */ [.refused(.nobody), .refused(.nobody), .to(.dropped, .dropped), .refused(.notConnected)],
        /* vanish */ [.refused(.nobody), .refused(.nobody), .to(.free, .left), .refused(.notConnected)],
        /* resume */ [.refused(.nobody), .refused(.nobody), .refused(.notDropped), .to(.connected, .resumed)],
        /* takeOver */ [.refused(.nobody), .refused(.nobody), .to(.connected, .replaced), .refused(.notConnected)],
        /* expire */ [.refused(.nobody), .to(.free, .none), .refused(.notTimed), .to(.free, .left)],
        /* leave */ [.refused(.nobody), .to(.free, .none), .to(.free, .left), .to(.free, .left)],
        /* kick */ [.refused(.nobody), .to(.free, .none), .to(.free, .left), .to(.free, .left)],
        /* ban */ [.refused(.nobody), .to(.free, .none), .to(.free, .left), .to(.free, .left)],
        // A game that is over is told nothing more.
        /* dispose */ [.to(.free, .none), .to(.free, .none), .to(.free, .none), .to(.free, .none)],
    ]

    /// What comes of `event` for a seat in `phase`.
    package static func outcome(of event: SeatEvent, in phase: SeatPhase) -> SeatOutcome {
        table[event.rawValue][phase.rawValue]
    }
}
