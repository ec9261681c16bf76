import Determinism

/// The seats of one lobby: who holds each, whether they are connected, and what brings them back.
///
/// A seat is counted and changed in one step, before anything waits, so a lobby can never hold more players than it has
/// seats. What may happen to one is ``SeatTransitions``; every change goes through `happen`, which executes that table.
package struct SeatTable {
    /// The SHA-256 of a resume token; tokens themselves are never kept.
    package typealias TokenDigest = [UInt8]

    /// Where a seat stands.
    package enum State: Sendable, Equatable {
        case free
        /// It is kept until this instant for whoever comes with the reservation.
        case reserved(until: Instant)
        case connected
        /// The connection was lost; the seat is kept until this instant.
        case dropped(until: Instant)

        /// The same without the time.
        package var phase: SeatPhase {
            switch self {
            case .free: .free
            case .reserved: .reserved
            case .connected: .connected
            case .dropped: .dropped
            }
        }

        /// Until when the seat is kept; nil where there is no end.
        package var until: Instant? {
            switch self {
            case .reserved(let until), .dropped(let until): until
            case .free, .connected: nil
            }
        }
    }

    /// One seat and its holder.
    package struct Row {
        package fileprivate(set) var state: State = .free
        /// The holder's name, empty when there is none.
        package fileprivate(set) var name = ""
        /// Who the holder is beyond doubt, or for whom alone the seat is kept; nil for a guest, and for anybody.
        package fileprivate(set) var subject: String?
        /// What the holder may be, in the author's words.
        package fileprivate(set) var role: String?
        /// How often the seat has been resumed by its present holder.
        package fileprivate(set) var resumes = 0
        /// The number of the reservation, while the seat is kept for one.
        package fileprivate(set) var reservation: UInt64?
        /// The token handed out last.
        fileprivate var token: TokenDigest = []
        /// The one before, still good until the player has shown that the newer one arrived.
        fileprivate var previousToken: TokenDigest = []
        fileprivate var isConfirmed = false

        /// Whether somebody sits there, connected or not.
        package var isHeld: Bool { state.phase == .connected || state.phase == .dropped }
    }

    /// All seats, by number.
    package private(set) var rows: [Row]
    /// Changes whenever a seat's state or name does.
    package private(set) var revision: UInt64 = 0
    /// Whether a holder with a subject may come back without a token, by being who it is.
    package var returnsBySubject = false
    /// Tokens that were good once.
    private var spent = SpentTokens()
    private var counts: [Int]
    private var lastReservation: UInt64 = 0

    /// A table of `count` free seats.
    package init(count: Int) {
        rows = Array(repeating: Row(), count: count)
        counts = SeatPhase.allCases.map { $0 == .free ? count : 0 }
    }

    /// How many seats are not free: held or reserved.
    package var takenCount: Int { rows.count - counts[SeatPhase.free.rawValue] }
    /// How many seats have a holder, connected or not.
    package var heldCount: Int { takenCount - reservedCount }
    /// How many holders are connected.
    package var connectedCount: Int { counts[SeatPhase.connected.rawValue] }
    /// How many seats are kept for somebody who has not come yet.
    package var reservedCount: Int { counts[SeatPhase.reserved.rawValue] }

    // MARK: Sitting down

    /// Keeps the first free seat for whoever comes with the reservation's number; nil when all are taken.
    ///
    /// - Parameter subject: Who alone may come with it; nil for anybody.
    package mutating func reserve(for subject: String? = nil, until: Instant) -> (seat: Int, number: UInt64)? {
        guard let seat = firstFree, happen(.reserve, to: seat, next: .reserved(until: until)) == .success(.none) else {
            return nil
        }
        lastReservation += 1
        rows[seat].subject = subject
        rows[seat].reservation = lastReservation
        return (seat, lastReservation)
    }

    /// Gives the first free seat to `name`, or nil when all are taken.
    package mutating func take(
        name: String, subject: String? = nil, role: String? = nil, token: TokenDigest
    ) -> Int? {
        guard let seat = firstFree, happen(.join, to: seat, next: .connected) == .success(.joined) else { return nil }
        rows[seat] = Row(state: .connected, name: name, subject: subject, role: role, token: token)
        return seat
    }

    /// Gives a seat to `name`, who has come with its reservation, which is used up.
    ///
    /// - Throws: ``SeatRefusal/notReserved`` when the seat is not kept for that reservation.
    package mutating func claim(
        _ seat: Int, reservation: UInt64, name: String, subject: String?, role: String? = nil, token: TokenDigest
    ) throws(SeatRefusal) {
        guard rows[seat].reservation == reservation else { throw .notReserved }
        _ = try happen(.claim, to: seat, next: .connected).get()
        rows[seat] = Row(state: .connected, name: name, subject: subject, role: role, token: token)
    }

    private var firstFree: Int? { rows.firstIndex { $0.state == .free } }

    // MARK: Coming back

    /// The seat whose present or previous token this is. Compared in constant time over all seats.
    package func seat(withToken digest: TokenDigest) -> Int? {
        var found: Int?
        for (seat, row) in rows.enumerated() where row.isHeld {
            let current = Self.isEqual(row.token, digest)
            let previous = Self.isEqual(row.previousToken, digest)
            if current || previous { found = seat }
        }
        return found
    }

    /// What became of a token that belongs to no seat any more; nil where it never did, or that is too long ago.
    package func fate(ofToken digest: TokenDigest) -> TokenFate? { spent.fate(of: digest) }

    /// The first seat of that subject.
    package func seat(of subject: String) -> Int? {
        rows.firstIndex { $0.isHeld && $0.subject == subject }
    }

    /// Connects the holder of a seat again and rotates the token: a resume where the connection was lost, else a take-over.
    ///
    /// - Parameter presented: The token that the holder has come with, which stays good until the newer one has arrived; nil
    ///   where the holder is known without one: then older ones are dead at once.
    /// - Returns: ``SeatEffect/resumed`` or ``SeatEffect/replaced``.
    /// - Precondition: the seat has a holder.
    package mutating func resume(_ seat: Int, newToken: TokenDigest, presented: TokenDigest?) -> SeatEffect {
        let event = rows[seat].state == .connected ? SeatEvent.takeOver : .resume
        guard case .success(let effect) = happen(event, to: seat, next: .connected) else {
            preconditionFailure("only a seat with a holder can be resumed")
        }
        for old in [rows[seat].token, rows[seat].previousToken] where old != presented { spent.add(old, .used) }
        rows[seat].previousToken = presented ?? []
        rows[seat].token = newToken
        rows[seat].isConfirmed = false
        rows[seat].resumes += 1
        return effect
    }

    /// Notes that the holder has shown to have received the newest token: older ones are dead from here on.
    package mutating func confirm(_ seat: Int) {
        guard !rows[seat].isConfirmed else { return }
        rows[seat].isConfirmed = true
        spent.add(rows[seat].previousToken, .used)
        rows[seat].previousToken = []
    }

    // MARK: Going

    /// The connection was lost. Keeps the seat until `until`, unless its holder can't know a token.
    ///
    /// - Returns: ``SeatEffect/dropped`` or ``SeatEffect/left``; ``SeatEffect/none`` where nobody was connected.
    package mutating func drop(_ seat: Int, until: Instant) -> SeatEffect {
        let row = rows[seat]
        let canReturn = row.isConfirmed || !row.previousToken.isEmpty || returnsBySubject && row.subject != nil
        guard canReturn else { return free(seat, by: .vanish) }
        guard case .success(let effect) = happen(.drop, to: seat, next: .dropped(until: until)) else { return .none }
        return effect
    }

    /// Frees a seat; its tokens are dead.
    ///
    /// - Parameter event: Why: leave, kick, ban, expire or dispose.
    /// - Returns: What the game has to be told.
    @discardableResult
    package mutating func free(_ seat: Int, by event: SeatEvent) -> SeatEffect {
        guard case .success(let effect) = happen(event, to: seat, next: .free) else { return .none }
        let fate = TokenFate(event)
        spent.add(rows[seat].token, fate)
        // The one before was used once; it is told as the seat's end is.
        spent.add(rows[seat].previousToken, fate)
        rows[seat] = Row()
        return effect
    }

    /// The first seat whose time is over: of a reservation, or of a grace time.
    package func expired(at now: Instant) -> Int? {
        guard takenCount > connectedCount else { return nil }
        return rows.firstIndex { row in row.state.until.map { $0 <= now } ?? false }
    }

    // MARK: The one place where a seat changes

    /// Executes the table for one event: the seat, the counts and the revision change here and nowhere else.
    private mutating func happen(
        _ event: SeatEvent, to seat: Int, next: State
    ) -> Result<SeatEffect, SeatRefusal> {
        let before = rows[seat].state.phase
        switch SeatTransitions.outcome(of: event, in: before) {
        case .refused(let refusal): return .failure(refusal)
        case .to(let phase, let effect):
            precondition(next.phase == phase, "the table says what becomes of a seat")
            counts[before.rawValue] -= 1
            counts[phase.rawValue] += 1
            if before != phase { revision += 1 }
            rows[seat].state = next
            return .success(effect)
        }
    }

    /// No digest is that of no token.
    fileprivate static func isEqual(_ left: TokenDigest, _ right: TokenDigest) -> Bool {
        !left.isEmpty && ConstantTime.areEqual(left, right)
    }
}

/// What became of a token.
package enum TokenFate: Sendable, Equatable {
    /// A newer one has taken its place.
    case used
    /// The grace time ended, or the lobby did.
    case expired
    /// Its holder has left.
    case left
    /// Its holder was kicked.
    case kicked
    /// Its holder was banned.
    case banned

    /// The fate of the tokens of a seat that `event` has freed.
    init(_ event: SeatEvent) {
        switch event {
        case .leave: self = .left
        case .kick: self = .kicked
        case .ban: self = .banned
        default: self = .expired
        }
    }
}

/// The tokens of a lobby that were good last: so that whoever comes with one is told why it is not any more.
///
/// Of the oldest nothing is known once there are ``countMax``: they are then like tokens that never were.
private struct SpentTokens {
    /// The most that are remembered, of about 70 bytes each.
    static let countMax = 64

    private var ring: [(digest: SeatTable.TokenDigest, fate: TokenFate)] = []
    private var oldest = 0

    mutating func add(_ digest: SeatTable.TokenDigest, _ fate: TokenFate) {
        guard !digest.isEmpty else { return }
        if ring.count < Self.countMax {
            ring.append((digest, fate))
        } else {
            ring[oldest] = (digest, fate)
            oldest = (oldest + 1) % Self.countMax
        }
    }

    /// Compared in constant time over all of them.
    func fate(of digest: SeatTable.TokenDigest) -> TokenFate? {
        var found: TokenFate?
        for entry in ring where SeatTable.isEqual(entry.digest, digest) { found = entry.fate }
        return found
    }
}
