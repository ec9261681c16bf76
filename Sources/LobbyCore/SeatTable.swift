import Determinism

/// The seats of one lobby: who holds each, whether they are connected, and what brings them back.
///
/// A seat is counted and changed in one step, before anything waits, so a lobby can never hold more players than it has seats.
///
/// | from | event | to |
/// |---|---|---|
/// | free | take | connected |
/// | connected | drop, after the player confirmed | dropped, until the grace time ends |
/// | connected | drop, before | free: nobody knows the token |
/// | connected, dropped | resume with the token | connected, with a new token |
/// | dropped | expire | free |
/// | connected, dropped | vacate (leave, kick) | free, the token is dead |
package struct SeatTable {
    /// The SHA-256 of a resume token; tokens themselves are never kept.
    package typealias TokenDigest = [UInt8]

    /// Where a seat stands.
    package enum State: Sendable, Equatable {
        case free
        case connected
        /// The connection was lost; the seat is kept until this instant.
        case dropped(until: Instant)
    }

    /// One seat and its holder.
    package struct Row {
        package fileprivate(set) var state: State = .free
        /// The holder's name, empty when free.
        package fileprivate(set) var name = ""
        /// How often the seat has been resumed by its present holder.
        package fileprivate(set) var resumes = 0
        /// The token handed out last.
        fileprivate var token: TokenDigest = []
        /// The one before, still good until the player has shown that the newer one arrived.
        fileprivate var previousToken: TokenDigest = []
        fileprivate var isConfirmed = false
    }

    /// All seats, by number.
    package private(set) var rows: [Row]
    /// How many seats are not free.
    package private(set) var takenCount = 0
    /// How many holders are connected.
    package private(set) var connectedCount = 0
    /// Changes whenever a seat's state or name does.
    package private(set) var revision: UInt64 = 0

    /// A table of `count` free seats.
    package init(count: Int) {
        rows = Array(repeating: Row(), count: count)
    }

    /// Gives the first free seat to `name`, or nil when all are taken.
    package mutating func take(name: String, token: TokenDigest) -> Int? {
        guard let seat = rows.firstIndex(where: { $0.state == .free }) else { return nil }
        rows[seat] = Row(state: .connected, name: name, token: token)
        takenCount += 1
        connectedCount += 1
        revision += 1
        return seat
    }

    /// The seat whose present or previous token this is. Compared in constant time over all seats.
    package func seat(withToken digest: TokenDigest) -> Int? {
        var found: Int?
        for (seat, row) in rows.enumerated() where row.state != .free {
            let current = Self.isEqual(row.token, digest)
            let previous = Self.isEqual(row.previousToken, digest)
            if current || previous { found = seat }
        }
        return found
    }

    /// Connects the holder of a seat again and rotates the token.
    package mutating func resume(_ seat: Int, newToken: TokenDigest, presented: TokenDigest) {
        precondition(rows[seat].state != .free, "a free seat cannot be resumed")
        if rows[seat].state != .connected {
            connectedCount += 1
            revision += 1
        }
        rows[seat].state = .connected
        rows[seat].previousToken = presented
        rows[seat].token = newToken
        rows[seat].isConfirmed = false
        rows[seat].resumes += 1
    }

    /// Notes that the holder has shown to have received the newest token: older ones are dead from here on.
    package mutating func confirm(_ seat: Int) {
        guard !rows[seat].isConfirmed else { return }
        rows[seat].isConfirmed = true
        rows[seat].previousToken = []
    }

    /// The connection was lost. Keeps the seat until `until`, unless its holder can't know a token.
    ///
    /// - Returns: Whether the seat is kept.
    package mutating func drop(_ seat: Int, until: Instant) -> Bool {
        guard rows[seat].state == .connected else { return rows[seat].state != .free }
        guard rows[seat].isConfirmed || !rows[seat].previousToken.isEmpty else {
            vacate(seat)
            return false
        }
        rows[seat].state = .dropped(until: until)
        connectedCount -= 1
        revision += 1
        return true
    }

    /// Frees a seat; its tokens are dead.
    package mutating func vacate(_ seat: Int) {
        switch rows[seat].state {
        case .free: return
        case .connected: connectedCount -= 1
        case .dropped: break
        }
        takenCount -= 1
        revision += 1
        rows[seat] = Row()
    }

    /// The first dropped seat whose grace time has ended.
    package func expired(at now: Instant) -> Int? {
        guard takenCount > connectedCount else { return nil }
        return rows.firstIndex { row in
            if case .dropped(let until) = row.state { return until <= now }
            return false
        }
    }

    private static func isEqual(_ left: TokenDigest, _ right: TokenDigest) -> Bool {
        guard left.count == right.count, !left.isEmpty else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
