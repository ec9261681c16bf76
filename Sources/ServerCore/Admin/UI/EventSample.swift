import Determinism
import JSONCore
import LobbyCore

/// A sample of what one loop's members say and are told, and why they went, while a page of the official Socket.IO Admin UI shows it
/// in development mode (protocol/spec/admin.md §9.3). While none does it costs a look at ``isOpen``.
struct EventSample {
    /// The most events of a second, and the most of those that come with every tick: inputs and snapshots.
    static let eventsPerSecond = 64
    static let ticksPerSecond = 8
    /// The most entries kept for who asks; the oldest go.
    static let entriesMax = 1_024
    /// How long it goes on after the last question.
    private static let patience = Interval.seconds(3)

    /// What happened to a socket.
    enum Kind: Sendable {
        case received, sent, left
    }

    struct Entry: Sendable {
        let at: Instant
        let kind: Kind
        /// The socket's id: see ``AdminSocketID``.
        let socket: String
        /// The event's name and its argument, fit to be shown; of who left, why.
        let content: [JSONValue]
        fileprivate(set) var number: UInt64 = 0
    }

    /// Whether anybody looks.
    private(set) var isOpen = false
    private var closes = Instant.zero
    private var entries: [Entry] = []
    private var second = (began: Instant.zero, events: 0, ticks: 0)
    /// The number of the newest entry.
    private(set) var newest: UInt64 = 0

    /// Somebody looks, and will again.
    mutating func keepOpen(at now: Instant) {
        isOpen = true
        closes = now + Self.patience
    }

    /// Whether one more event comes to the sample. It ends by itself when nobody has asked for a while.
    mutating func admits(isOfTick: Bool, at now: Instant) -> Bool {
        guard now < closes else {
            isOpen = false
            entries = []
            return false
        }
        if now - second.began >= .seconds(1) { second = (now, 0, 0) }
        guard second.events < Self.eventsPerSecond, !isOfTick || second.ticks < Self.ticksPerSecond else {
            return false
        }
        second.events += 1
        if isOfTick { second.ticks += 1 }
        return true
    }

    mutating func add(_ entry: Entry) {
        if entries.count == Self.entriesMax { entries.removeFirst(Self.entriesMax / 4) }
        newest += 1
        var entry = entry
        entry.number = newest
        entries.append(entry)
    }

    /// The entries behind that number, the oldest first.
    func entries(after number: UInt64) -> ArraySlice<Entry> {
        entries[(entries.firstIndex { $0.number > number } ?? entries.endIndex)...]
    }
}

/// By what pages know a member of a lobby: `LOBBY/SEAT/SESSION`, or `LOBBY/watching/SESSION` of who has no seat. The numbers are those
/// of the other verbs; nothing of it is secret, and whoever takes the seat later has another.
struct AdminSocketID: Equatable {
    let lobby: String
    /// -1 for none.
    let seat: Int
    let session: UInt64

    init(lobby: String, seat: Int, session: UInt64) {
        self.lobby = lobby
        self.seat = seat
        self.session = session
    }

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, LobbyID.isValid(String(parts[0])), let session = UInt64(parts[2]), session <= Int.max,
            let seat = parts[1] == "watching" ? -1 : Int(parts[1]), (-1...1_023).contains(seat)
        else { return nil }
        self.init(lobby: String(parts[0]), seat: seat, session: session)
    }

    var text: String { "\(lobby)/\(seat < 0 ? "watching" : String(seat))/\(session)" }
}

extension Server {
    /// Notes an event of a member's, if it comes to the sample. Call it only while that is open.
    ///
    /// - Parameter isOfTick: Whether it is one that comes with every tick.
    @inline(never)
    func sample(
        _ kind: EventSample.Kind, _ name: String, of member: Member, isOfTick: Bool = false, _ data: JSONValue
    ) {
        // Who waits for a match is in no lobby.
        guard LobbyID.isValid(member.lobbyID) else { return }
        let now = clock()
        guard eventSample.admits(isOfTick: isOfTick, at: now) else {
            counters[.adminEventsSkipped] += 1
            return
        }
        let id = AdminSocketID(lobby: member.lobbyID, seat: member.seat, session: member.clientNumber)
        let content = [.string(DisplayText.cleaned(name, charactersMax: 64)), data.shown()]
        eventSample.add(EventSample.Entry(at: now, kind: kind, socket: id.text, content: content))
    }

    /// Notes why a socket is no more. Call it only while the sample is open.
    @inline(never)
    func sampleLeft(_ id: AdminSocketID, _ why: String) {
        let content: [JSONValue] = [.string(DisplayText.cleaned(why, charactersMax: 100))]
        eventSample.add(EventSample.Entry(at: clock(), kind: .left, socket: id.text, content: content))
    }
}

extension JSONValue {
    /// Names of members whose values are for one player alone, or say who somebody is.
    private static let secrets: Set<String> = [
        "token", "ticket", "tickets", "password", "jwt", "auth", "subject", "address", "key", "secret",
    ]
    private static let shownDepth = 6
    private static let shownValues = 32
    private static let shownCharacters = 200

    /// Bytes as Node shows them, by their number alone.
    static func buffer(_ count: Int) -> JSONValue { .string("<Buffer \(count) bytes>") }

    /// The value as it may be shown: bytes by their number, secrets not at all, and not too much of anything.
    func shown(depth: Int = 0) -> JSONValue {
        switch self {
        case .null, .bool, .integer, .number: return self
        case .binary(let bytes): return .buffer(bytes.count)
        case .string(let text):
            let start = text.prefix(Self.shownCharacters)
            return start.endIndex == text.endIndex ? self : .string(start + "…")
        case .array, .object: break
        }
        guard depth < Self.shownDepth else { return "…" }
        if case .array(let values) = self {
            let start = values.prefix(Self.shownValues).map { $0.shown(depth: depth + 1) }
            return .array(start.count < values.count ? start + ["…"] : start)
        }
        var shown = JSONObject()
        for member in object?.members.prefix(Self.shownValues) ?? [] {
            let isSecret = Self.secrets.contains(member.key.lowercased())
            shown[member.key] = isSecret ? "<secret>" : member.value.shown(depth: depth + 1)
        }
        return .object(shown)
    }
}
