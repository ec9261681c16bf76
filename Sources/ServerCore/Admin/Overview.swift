import Determinism
import GameKit
import JSONCore
import LobbyCore

/// What admins and `muster monitor` are shown: totals, rates, tick lateness and lobbies, of all loops.
struct Overview {
    /// The most lobbies listed; the totals count all.
    static let lobbiesListedMax = 500

    private unowned let server: Server
    private var lastInstant: Instant
    private var last = LoopRates()
    private var rates: LoopRates?

    init(server: Server) {
        self.server = server
        lastInstant = server.clock()
    }

    /// This loop's state now. Rates are taken over the time since they were last computed, at least half a second.
    mutating func figures(withRows: Bool = true) -> LoopFigures {
        let seats = server.lobbies.reduce(into: SeatCounts()) { sum, hosted in
            sum.taken += hosted.lobby.seats.takenCount
            sum.connected += hosted.lobby.seats.connectedCount
            sum.total += hosted.lobby.seats.rows.count
        }
        return LoopFigures(
            connections: server.connectionCount, lobbyCount: server.lobbies.count, seats: seats,
            rates: currentRates(), durations: server.durations, counters: server.counted,
            rows: withRows ? server.lobbies.prefix(Self.lobbiesListedMax).map(\.adminRow) : [])
    }

    private mutating func currentRates() -> LoopRates {
        let now = server.clock()
        let seconds = (now - lastInstant).seconds
        if let rates, seconds < 0.5 { return rates }
        let counted = server.counted
        let totals = LoopRates(
            bytesIn: Int64(clamping: counted[.bytesIn]), bytesOut: Int64(clamping: counted[.bytesOut]),
            steps: Int64(clamping: counted[.steps]))
        let scale = seconds > 0 ? 1 / seconds : 0
        let fresh = LoopRates(
            bytesIn: Int64(Double(totals.bytesIn - last.bytesIn) * scale),
            bytesOut: Int64(Double(totals.bytesOut - last.bytesOut) * scale),
            steps: Int64(Double(totals.steps - last.steps) * scale))
        (lastInstant, last, rates) = (now, totals, fresh)
        return fresh
    }

    /// The overview (protocol/spec/admin.md) from every loop's figures, in the order of the loops.
    func merged(_ loops: [LoopFigures]) -> JSONValue {
        var sum = loops[0]
        for figures in loops.dropFirst() { sum.add(figures) }
        return [
            "uptimeSeconds": .number((server.clock() - server.startedAt).seconds),
            "draining": .bool(server.drainDeadline != nil),
            "connections": .integer(Int64(sum.connections)),
            "lobbyCount": .integer(Int64(sum.lobbyCount)),
            "seats": sum.seats.json,
            "watchers": .integer(Int64(server.watcherCount)),
            "subscribers": .integer(Int64(server.subscriberCount)),
            "perSecond": sum.rates.json,
            "tickLatenessMilliseconds": sum.durations.lateness.summary,
            "counters": sum.counters.json,
            "loops": .array(loops.map(\.summary)),
            "season": server.hooks.season.map { .string($0()) } ?? .null,
            "lobbies": .array(Array(sum.rows.prefix(Self.lobbiesListedMax))),
        ]
    }
}

/// What one loop has to show.
struct LoopFigures: Sendable {
    var connections: Int
    var lobbyCount: Int
    var seats: SeatCounts
    var rates: LoopRates
    var durations: Durations
    var counters: Counters
    /// The loop's lobbies, of which there may be more; none where they are not asked for.
    var rows: [JSONValue]

    mutating func add(_ other: LoopFigures) {
        connections += other.connections
        lobbyCount += other.lobbyCount
        seats.add(other.seats)
        rates.add(other.rates)
        durations.add(other.durations)
        counters.add(other.counters)
        rows += other.rows
    }

    /// The loop as a row of the overview.
    var summary: JSONValue {
        [
            "connections": .integer(Int64(connections)), "lobbyCount": .integer(Int64(lobbyCount)),
            "seats": seats.json, "perSecond": rates.json, "tickLatenessMilliseconds": durations.lateness.summary,
        ]
    }
}

/// Seats of several lobbies.
struct SeatCounts: Sendable {
    var taken = 0
    var connected = 0
    var total = 0

    mutating func add(_ other: SeatCounts) {
        taken += other.taken
        connected += other.connected
        total += other.total
    }

    var json: JSONValue {
        [
            "taken": .integer(Int64(taken)), "connected": .integer(Int64(connected)), "total": .integer(Int64(total)),
        ]
    }
}

/// What a loop does in a second; or, of totals, has done.
struct LoopRates: Sendable {
    var bytesIn: Int64 = 0
    var bytesOut: Int64 = 0
    var steps: Int64 = 0

    mutating func add(_ other: LoopRates) {
        bytesIn += other.bytesIn
        bytesOut += other.bytesOut
        steps += other.steps
    }

    var json: JSONValue { ["bytesIn": .integer(bytesIn), "bytesOut": .integer(bytesOut), "steps": .integer(steps)] }
}

extension Counters {
    var json: JSONValue {
        var counts = JSONObject()
        for counter in Counter.allCases { counts["\(counter)"] = .integer(Int64(clamping: self[counter])) }
        return .object(counts)
    }
}

extension Server {
    /// This loop's answer to a question that another loop, or this one, has asked.
    func answer(_ question: LoopQuestion) -> LoopAnswer {
        switch question {
        case .lobbies(let query): .lobbies(rows(query))
        case .fullest(let query): .lobbies(fullest(query))
        case .open(let request): .opened(openHere(request))
        case .reserve(let request): .reserved(reserveHere(request))
        case .evict(let ban): evicted(ban)
        case .openMatch(let request, let teams): .matchOpened(openMatchHere(request, teams: teams))
        case .figures: .figures(admin.figures())
        case .totals: .figures(admin.figures(withRows: false))
        case .alive: .outcome(.null)
        case .command(let call): .commanded(admin.lobbyCommand(call))
        case .adminLobbies(let query): adminLobbies(query)
        case .notice(let notice): noticed(notice)
        case .clear(let reason): cleared(reason)
        case .journal(let query): .journal(journal.entries(query), until: clock())
        case .timeline: timelineNow()
        case .endAdmins: adminsEnded()
        case .adminUI(let question): .adminUI(adminUIFigures(question))
        case .socketPages(let question): .socketPages(socketHubs[question.hub].pagesAnswer(question))
        case .endSession(let number, let reason): .outcome(.bool(endSession(number, reason: reason)))
        }
    }

    private func evicted(_ ban: Ban) -> LoopAnswer {
        evict(ban)
        return .outcome(.null)
    }

    private func adminLobbies(_ query: AdminLobbyQuery) -> LoopAnswer {
        let (rows, count) = admin.lobbies(query)
        return .adminLobbies(rows, count: count)
    }

    private func noticed(_ notice: JSONValue) -> LoopAnswer {
        for lobby in lobbies { lobby.emit("notice", notice) }
        return .outcome(.null)
    }

    private func cleared(_ reason: String) -> LoopAnswer {
        for lobby in lobbies { lobby.clear(reason) }
        return .outcome(.null)
    }

    private func timelineNow() -> LoopAnswer {
        closeTimeline(at: clock())
        return .timeline(timeline)
    }

    private func adminsEnded() -> LoopAnswer {
        admin.endWatchers()
        for hub in socketHubs { hub.pages?.endPages() }
        return .outcome(.null)
    }
}

extension HostedLobby {
    /// The lobby as anyone may see it in a list.
    var publicRow: JSONValue { .object(publicMembers) }

    var publicMembers: JSONObject {
        var row: JSONObject = [
            "id": .string(id), "game": .string(lobby.game.name), "players": .integer(Int64(playerCount)),
            "seats": .integer(Int64(playersMax)),
        ]
        if !terms.title.isEmpty { row["title"] = .string(terms.title) }
        if !terms.metadata.isEmpty { row["metadata"] = .object(terms.metadata) }
        if terms.hasPassword { row["password"] = true }
        if lobby.isLocked { row["locked"] = true }
        return row
    }
}
