import ByteKit
import Determinism
import JSONCore

/// What has happened to connections and seats of one loop of late, so that it can be told what became of a player: two rings of
/// so many entries, the newest in place of the oldest (protocol/spec/admin.md §7).
///
/// An entry is written when somebody comes, moves, is lost or goes, never for a message.
struct Journal {
    /// The most entries of each ring. Seats have one of their own, so that nobody pushes them out by connecting.
    static let entriesMax = 4_096

    private var seats: [JournalEntry] = []
    private var sessions: [JournalEntry] = []
    private var oldestSeat = 0
    private var oldestSession = 0
    private var lastSession: UInt64
    private var lastEntry: UInt64 = 0

    /// - Parameter loop: The loop's number, which is in those of its sessions.
    init(loop: Int) { lastSession = UInt64(loop) << 40 }

    /// A number that no other session of the process has.
    mutating func numberSession() -> UInt64 {
        lastSession += 1
        return lastSession
    }

    mutating func add(_ entry: JournalEntry) {
        var entry = entry
        lastEntry += 1
        entry.number = lastEntry
        if entry.lobby.isEmpty {
            Self.add(entry, to: &sessions, &oldestSession)
        } else {
            Self.add(entry, to: &seats, &oldestSeat)
        }
    }

    private static func add(_ entry: JournalEntry, to ring: inout [JournalEntry], _ oldest: inout Int) {
        guard ring.count == entriesMax else { return ring.append(entry) }
        ring[oldest] = entry
        oldest = oldest + 1 == entriesMax ? 0 : oldest + 1
    }

    /// The newest entries that are wanted, as many as are asked for, in no order.
    func entries(_ query: JournalQuery) -> [JournalEntry] {
        var found = (seats + sessions).filter(query.matches)
        found.sort(by: JournalEntry.isBefore)
        return found.suffix(query.limit)
    }
}

/// What happened to a session or a seat.
enum JournalKind: String, Sendable, CaseIterable {
    // Of sessions.
    case connected, upgraded, closed, ended
    // Of seats, and of whoever wanted one.
    case joined, resumed, refused, dropped, left, kicked, banned, replaced, expired
    case lobbyClosed = "lobby-closed"
}

/// One thing that happened.
struct JournalEntry: Sendable {
    let at: Instant
    let kind: JournalKind
    /// The session's number; 0 where it has nothing to do with one.
    let session: UInt64
    /// The lobby's id; empty of what happens to a session.
    var lobby = ""
    /// The seat's number; -1 for none.
    var seat = -1
    /// The player's name, and who it is beyond doubt.
    var name = ""
    var subject: String?
    /// Where the session comes from.
    var peer: PeerAddress?
    /// The close code that the client was told; 0 for none.
    var code: UInt16 = 0
    /// The transport, or why, in words.
    var detail = ""
    /// Counts the entries of its loop: of those of one moment it tells the order.
    fileprivate(set) var number: UInt64 = 0

    static func isBefore(_ left: JournalEntry, _ right: JournalEntry) -> Bool {
        (left.at, left.number) < (right.at, right.number)
    }

    /// As admins are shown it.
    ///
    /// - Parameter role: Whoever only looks on is told no subject and no address.
    func json(for role: AdminRole, at now: Instant) -> JSONValue {
        var row: JSONObject = ["kind": .string(kind.rawValue), "secondsAgo": .number((now - at).thousandths)]
        if session > 0 { row["session"] = .integer(Int64(session)) }
        if !lobby.isEmpty { row["lobby"] = .string(lobby) }
        if seat >= 0 { row["seat"] = .integer(Int64(seat)) }
        if !name.isEmpty { row["name"] = .string(name) }
        if role > .viewer {
            if let subject { row["subject"] = .string(subject) }
            if let peer { row["address"] = .string(peer.description) }
        }
        if code > 0 { row["code"] = .integer(Int64(code)) }
        if !detail.isEmpty { row["detail"] = .string(DisplayText.cleaned(detail, charactersMax: 200)) }
        return .object(row)
    }
}

extension Interval {
    fileprivate var thousandths: Double { Double(nanoseconds / 1_000_000) / 1_000 }
}

/// Which entries somebody wants to see: those that have all that is named.
struct JournalQuery: Sendable {
    /// A player's name, in any case, or who the player is.
    var player: String?
    var lobby: String?
    var seat: Int?
    var kind: JournalKind?
    /// Only what came later.
    var after: Instant?
    /// Sessions, of which all is wanted whatever else is said.
    var sessions: [UInt64] = []
    var limit: Int

    func matches(_ entry: JournalEntry) -> Bool {
        if let after, entry.at <= after { return false }
        if entry.session > 0, sessions.contains(entry.session) { return true }
        // Sessions alone are asked for.
        if player == nil, lobby == nil, kind == nil, !sessions.isEmpty { return false }
        if let kind, entry.kind != kind { return false }
        if let lobby, entry.lobby != lobby { return false }
        if let seat, entry.seat != seat { return false }
        guard let player else { return true }
        return entry.subject == player || entry.name.lowercased() == player
    }
}
