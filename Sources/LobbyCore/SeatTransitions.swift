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
    /// What comes of one event, by the phase in which the seat is.
    package struct Row: Sendable {
        package let event: SeatEvent
        package let free: SeatOutcome
        package let reserved: SeatOutcome
        package let connected: SeatOutcome
        package let dropped: SeatOutcome
    }

    /// A row for each ``SeatEvent``, in their order.
    package static let table: [Row] = [
        Row(
            event: .reserve, free: .to(.reserved, .none), reserved: .refused(.taken), connected: .refused(.taken),
            dropped: .refused(.taken)),
        Row(
            event: .join, free: .to(.connected, .joined), reserved: .refused(.taken), connected: .refused(.taken),
            dropped: .refused(.taken)),
        Row(
            event: .claim, free: .refused(.notReserved), reserved: .to(.connected, .joined),
            connected: .refused(.notReserved), dropped: .refused(.notReserved)),
        Row(
            event: .drop, free: .refused(.nobody), reserved: .refused(.nobody), connected: .to(.dropped, .dropped),
            dropped: .refused(.notConnected)),
        Row(
            event: .vanish, free: .refused(.nobody), reserved: .refused(.nobody), connected: .to(.free, .left),
            dropped: .refused(.notConnected)),
        Row(
            event: .resume, free: .refused(.nobody), reserved: .refused(.nobody), connected: .refused(.notDropped),
            dropped: .to(.connected, .resumed)),
        Row(
            event: .takeOver, free: .refused(.nobody), reserved: .refused(.nobody),
            connected: .to(.connected, .replaced), dropped: .refused(.notConnected)),
        Row(
            event: .expire, free: .refused(.nobody), reserved: .to(.free, .none), connected: .refused(.notTimed),
            dropped: .to(.free, .left)),
        Row(
            event: .leave, free: .refused(.nobody), reserved: .to(.free, .none), connected: .to(.free, .left),
            dropped: .to(.free, .left)),
        Row(
            event: .kick, free: .refused(.nobody), reserved: .to(.free, .none), connected: .to(.free, .left),
            dropped: .to(.free, .left)),
        Row(
            event: .ban, free: .refused(.nobody), reserved: .to(.free, .none), connected: .to(.free, .left),
            dropped: .to(.free, .left)),
        // A game that is over is told nothing more.
        Row(
            event: .dispose, free: .to(.free, .none), reserved: .to(.free, .none), connected: .to(.free, .none),
            dropped: .to(.free, .none)),
    ]

    /// What comes of `event` for a seat in `phase`.
    package static func outcome(of event: SeatEvent, in phase: SeatPhase) -> SeatOutcome {
        let row = table[event.rawValue]
        return switch phase {
        case .free: row.free
        case .reserved: row.reserved
        case .connected: row.connected
        case .dropped: row.dropped
        }
    }
}
