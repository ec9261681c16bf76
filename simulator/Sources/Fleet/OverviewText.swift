import EventLoop
import JSONCore

/// An overview (protocol/spec/admin.md) as a person reads it, on a terminal of some size or as long and wide as it is. What a server
/// of another version leaves out is shown as zero or not at all.
struct OverviewText {
    /// Counters that a healthy server leaves at zero; shown only when they are not.
    private static let troubleNames = [
        "connectionsRefused", "headsRefused", "handshakesRefused", "messagesMalformed", "messagesRateLimited",
        "heartbeatsMissed", "slowConsumersClosed", "joinsRefused", "inputsRefused", "inputsOverflowed",
        "snapshotsSkipped", "stateMismatches", "stepsDropped", "lobbiesFailed", "adminLoginsRefused",
    ]

    private let overview: JSONValue
    private let server: String
    private let lobby: JSONValue?
    private let order: MonitorOrder
    private let size: TerminalSize

    /// - Parameters:
    ///   - lobby: What the server says of one lobby, which is shown in place of all.
    ///   - size: What it has to fit: columns and rows that do not are left out, and rows counted. Nil for a pipe.
    init(
        _ overview: JSONValue, server: String, lobby: JSONValue? = nil, by order: MonitorOrder = .players,
        on size: TerminalSize? = nil
    ) {
        self.order = order
        self.size = size ?? TerminalSize(columns: .max, rows: .max)
        self.overview = overview
        self.server = server
        self.lobby = lobby
    }

    /// The whole screen.
    var lines: [ScreenLine] {
        let totals = totals + [""]
        guard let lobby else { return totals + lobbyLines(overview["lobbies"]?.array ?? [], below: totals.count) }
        if let error = lobby["error"]?.string { return totals + [ScreenLine(error, .alarm)] }
        return totals + seatLines(lobby, below: totals.count)
    }

    // MARK: Totals

    private var totals: [ScreenLine] {
        let isDraining = overview["draining"]?.bool == true
        let heading = "muster \(server)   up \(Readable.duration(overview["uptimeSeconds"]?.number ?? 0))"
        var parts = [
            figures("now", now), figures("a second", rates), figures("tick lateness", lateness),
            figures("players", players), figures("trouble", troubles, .warning),
        ]
        // Half of a small terminal is for what is below: players go first, then how much a second, lateness, and how many there are.
        for place in [3, 1, 2, 0] where parts.joined().count + 3 > size.rows / 2 { parts[place] = [] }
        return [ScreenLine(heading + (isDraining ? "   DRAINING" : ""), isDraining ? .warning : .strong), ""]
            + parts.joined()
    }

    /// Figures under one title, in as many lines as they need; none of no figures.
    private func figures(_ title: String, _ cells: [String], _ style: ScreenLine.Style = .plain) -> [ScreenLine] {
        let indent = 15
        var lines: [String] = []
        for cell in cells {
            if let last = lines.last, Screen.width(last) + 3 + Screen.width(cell) <= size.columns {
                lines[lines.count - 1] = "\(last)   \(cell)"
            } else {
                let label = lines.isEmpty ? title : ""
                lines.append(label + String(repeating: " ", count: indent - label.count) + cell)
            }
        }
        return lines.map { ScreenLine($0, style) }
    }

    private var now: [String] {
        [
            "connections \(count(overview["connections"]))", "lobbies \(count(overview["lobbyCount"]))",
            "players \(seats("taken")), connected \(seats("connected"))", "seats \(seats("total"))",
        ]
    }

    private func seats(_ key: String) -> String { count(overview["seats"]?[key]) }

    private var rates: [String] {
        let rates = overview["perSecond"]
        return [
            "in \(bytes(rates?["bytesIn"]))", "out \(bytes(rates?["bytesOut"]))", "steps \(count(rates?["steps"]))",
        ]
    }

    private var lateness: [String] {
        let lateness = overview["tickLatenessMilliseconds"]
        let cells = [("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max")].map { key, title in
            "\(title) \(Readable.milliseconds(lateness?[key]?.number ?? 0))"
        }
        return cells + ["of \(count(lateness?["count"])) steps"]
    }

    private var players: [String] {
        let titles = [("joins", "joined"), ("resumes", "resumed"), ("leaves", "left"), ("drops", "dropped")]
        let more = [("graceExpired", "expired"), ("kicks", "kicked")]
        return (titles + more).map { "\($0.1) \(count(overview["counters"]?[$0.0]))" }
    }

    private var troubles: [String] {
        Self.troubleNames.compactMap { name in
            guard let number = overview["counters"]?[name]?.integer, number > 0 else { return nil }
            return "\(name) \(Readable.count(number))"
        }
    }

    private func count(_ value: JSONValue?) -> String { Readable.count(value?.integer ?? 0) }

    private func bytes(_ value: JSONValue?) -> String { Readable.bytes(value?.number ?? 0) }

    // MARK: Lobbies and seats

    /// Lobbies, those with the most of what they are ordered by first.
    ///
    /// - Parameter above: How many lines are above them.
    private func lobbyLines(_ rows: [JSONValue], below above: Int) -> [ScreenLine] {
        guard !rows.isEmpty else { return ["No lobby is open."] }
        let sorted = rows.sorted { left, right in
            let (leftWeight, rightWeight) = (order.weight(left), order.weight(right))
            return leftWeight == rightWeight ? id(left) < id(right) : leftWeight > rightWeight
        }
        var table = Columns([.left, .left])
        table.add([
            "LOBBY", "GAME", "PLAYERS", "CONNECTED", "SEATS", "TICK", "RATE", "LATE", "CPU", "OUT", "STEPS DROPPED",
        ])
        let total = max(Int(clamping: overview["lobbyCount"]?.integer ?? 0), rows.count)
        let room = room(for: total, of: rows.count, below: above)
        for row in sorted.prefix(room) {
            table.add([
                id(row), (row["game"]?.string ?? "") + (row["paused"]?.bool == true ? " (paused)" : ""),
                count(row["players"]), count(row["connected"]), count(row["seats"]), count(row["tick"]),
                "\(count(row["tickRate"])) Hz", milliseconds(row["latenessMilliseconds"]?["max"]),
                Readable.decimal(row["cpuPercent"]?.number ?? 0, 1) + " %", bytes(row["snapshotBytesPerSecond"]) + "/s",
                count(row["stepsDropped"]),
            ])
        }
        let lines = table.lines(within: size.columns, dispensable: [5, 6, 4, 10, 3, 9, 8, 1])
        return [ScreenLine(lines[0], .strong)]
            + zip(lines.dropFirst(), sorted).map { ScreenLine($0, style(ofLobby: $1)) }
            + rest(total - room)
    }

    /// How many of so many rows there is room for, with a title above them and, where some are left out, a line that counts them.
    private func room(for total: Int, of rows: Int, below above: Int) -> Int {
        let room = max(1, size.rows - above - 1)
        return min(rows, total <= room ? total : max(1, min(rows, room - 1)))
    }

    private func rest(_ count: Int) -> [ScreenLine] {
        count > 0 ? [ScreenLine("… and \(Readable.count(Int64(count))) more")] : []
    }

    /// Held still is to be noticed, and late by more than a tick to be looked at.
    private func style(ofLobby row: JSONValue) -> ScreenLine.Style {
        let tick = 1_000 / max(1, row["tickRate"]?.number ?? 1)
        if row["latenessMilliseconds"]?["max"]?.number ?? 0 > tick { return .alarm }
        return row["paused"]?.bool == true ? .warning : .plain
    }

    private func id(_ row: JSONValue) -> String { row["id"]?.string ?? "" }

    private func milliseconds(_ value: JSONValue?) -> String { value?.number.map(Readable.milliseconds) ?? "" }

    private func seatLines(_ row: JSONValue, below above: Int) -> [ScreenLine] {
        var table = Columns([.right, .left, .left, .right, .right, .right, .right, .right, .left, .left])
        table.add([
            "SEAT", "NAME", "STATE", "RESUMES", "ROUND TRIP", "SNAPSHOT AGE", "QUEUED", "EARLY", "TRANSPORT", "ADDRESS",
        ])
        let heading =
            [ScreenLine("Lobby \(id(row)), \(row["game"]?.string ?? ""), tick \(count(row["tick"]))", .strong)]
            + pauseLines(row) + [""]
        let seats = row["seatRows"]?.array ?? []
        let room = room(for: seats.count, of: seats.count, below: above + heading.count)
        for seat in seats.prefix(room) {
            table.add([
                count(seat["seat"]), seat["name"]?.string ?? "", seat["state"]?.string ?? "", count(seat["resumes"]),
                milliseconds(seat["roundTripMilliseconds"]), milliseconds(seat["snapshotAgeMilliseconds"]),
                seat["queuedBytes"].map(bytes) ?? "", seat["inputEarlyTicks"]?.integer.map(Readable.count) ?? "",
                seat["transport"]?.string ?? "", seat["address"]?.string ?? "",
            ])
        }
        let lines = table.lines(within: size.columns, dispensable: [3, 9, 8, 7, 6, 5])
        return heading + [ScreenLine(lines[0], .strong)]
            + zip(lines.dropFirst(), seats).map { ScreenLine($0, $1["state"] == "dropped" ? .warning : .plain) }
            + rest(seats.count - room)
    }

    /// By whom a lobby is held still, which has no end by itself.
    private func pauseLines(_ row: JSONValue) -> [ScreenLine] {
        guard let pause = row["pause"] else {
            return row["paused"]?.bool == true ? [ScreenLine("Paused by its game", .warning)] : []
        }
        let reason = pause["reason"]?.string ?? ""
        let since = Readable.duration(pause["seconds"]?.number ?? 0)
        let who = "Paused by \(pause["by"]?.string ?? "") for \(since)"
        return [ScreenLine(who + (reason.isEmpty ? "" : ": \(reason)"), .warning)]
    }
}

/// What the monitor's lobbies are in the order of, the most first.
package enum MonitorOrder: String, Sendable, CaseIterable {
    case players, lateness, cpu, bytes, id

    fileprivate func weight(_ row: JSONValue) -> Double {
        switch self {
        case .players: row["players"]?.number ?? 0
        case .lateness: row["latenessMilliseconds"]?["max"]?.number ?? 0
        case .cpu: row["cpuPercent"]?.number ?? 0
        case .bytes: row["snapshotBytesPerSecond"]?.number ?? 0
        case .id: 0
        }
    }
}
