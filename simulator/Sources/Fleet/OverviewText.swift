import JSONCore

/// An overview (protocol/spec/admin.md) as a person reads it. What a server of another version leaves out is shown as
/// zero or not at all.
struct OverviewText {
    /// As many lobbies as fit a usual terminal; the rest is counted.
    private static let lobbiesShown = 30
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

    /// - Parameter lobby: What the server says of one lobby, which is shown in place of all.
    init(_ overview: JSONValue, server: String, lobby: JSONValue? = nil, by order: MonitorOrder = .players) {
        self.order = order
        self.overview = overview
        self.server = server
        self.lobby = lobby
    }

    /// The whole screen.
    var lines: [String] {
        let rows = overview["lobbies"]?.array ?? []
        guard let lobby else { return totals + [""] + lobbyLines(rows) }
        if let error = lobby["error"]?.string { return totals + ["", error] }
        return totals + [""] + seatLines(lobby)
    }

    // MARK: Totals

    private var totals: [String] {
        var heading = "muster \(server)   up \(Readable.duration(overview["uptimeSeconds"]?.number ?? 0))"
        if overview["draining"]?.bool == true { heading += "   DRAINING" }
        var table = Columns([.left, .left])
        table.add(["now", now])
        table.add(["a second", rates])
        table.add(["tick lateness", lateness])
        table.add(["players", players])
        if !troubles.isEmpty { table.add(["trouble", troubles]) }
        return [heading, ""] + table.lines
    }

    private var now: String {
        "connections \(count(overview["connections"]))   lobbies \(count(overview["lobbyCount"]))   "
            + "players \(seats("taken")), connected \(seats("connected"))   seats \(seats("total"))"
    }

    private func seats(_ key: String) -> String { count(overview["seats"]?[key]) }

    private var rates: String {
        let rates = overview["perSecond"]
        return "in \(bytes(rates?["bytesIn"]))   out \(bytes(rates?["bytesOut"]))   steps \(count(rates?["steps"]))"
    }

    private var lateness: String {
        let lateness = overview["tickLatenessMilliseconds"]
        let cells = [("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max")].map { key, title in
            "\(title) \(Readable.milliseconds(lateness?[key]?.number ?? 0))"
        }
        return cells.joined(separator: "   ") + "   of \(count(lateness?["count"])) steps"
    }

    private var players: String {
        let titles = [("joins", "joined"), ("resumes", "resumed"), ("leaves", "left"), ("drops", "dropped")]
        let more = [("graceExpired", "expired"), ("kicks", "kicked")]
        return (titles + more).map { "\($0.1) \(count(overview["counters"]?[$0.0]))" }.joined(separator: "   ")
    }

    private var troubles: String {
        Self.troubleNames.compactMap { name in
            guard let number = overview["counters"]?[name]?.integer, number > 0 else { return nil }
            return "\(name) \(Readable.count(number))"
        }.joined(separator: "   ")
    }

    private func count(_ value: JSONValue?) -> String { Readable.count(value?.integer ?? 0) }

    private func bytes(_ value: JSONValue?) -> String { Readable.bytes(value?.number ?? 0) }

    // MARK: Lobbies and seats

    /// Lobbies, those with the most of what they are ordered by first.
    private func lobbyLines(_ rows: [JSONValue]) -> [String] {
        guard !rows.isEmpty else { return ["No lobby is open."] }
        let sorted = rows.sorted { left, right in
            let (leftWeight, rightWeight) = (order.weight(left), order.weight(right))
            return leftWeight == rightWeight ? id(left) < id(right) : leftWeight > rightWeight
        }
        var table = Columns([.left, .left])
        table.add([
            "LOBBY", "GAME", "PLAYERS", "CONNECTED", "SEATS", "TICK", "RATE", "LATE", "CPU", "OUT", "STEPS DROPPED",
        ])
        for row in sorted.prefix(Self.lobbiesShown) {
            table.add([
                id(row), (row["game"]?.string ?? "") + (row["paused"]?.bool == true ? " (paused)" : ""),
                count(row["players"]), count(row["connected"]), count(row["seats"]), count(row["tick"]),
                "\(count(row["tickRate"])) Hz", milliseconds(row["latenessMilliseconds"]?["max"]),
                Readable.decimal(row["cpuPercent"]?.number ?? 0, 1) + " %", bytes(row["snapshotBytesPerSecond"]) + "/s",
                count(row["stepsDropped"]),
            ])
        }
        let total = max(Int(clamping: overview["lobbyCount"]?.integer ?? 0), rows.count)
        let hidden = total - min(rows.count, Self.lobbiesShown)
        return table.lines + (hidden > 0 ? ["… and \(Readable.count(Int64(hidden))) more"] : [])
    }

    private func id(_ row: JSONValue) -> String { row["id"]?.string ?? "" }

    private func milliseconds(_ value: JSONValue?) -> String { value?.number.map(Readable.milliseconds) ?? "" }

    private func seatLines(_ row: JSONValue) -> [String] {
        var table = Columns([.right, .left, .left, .right, .right, .right, .right, .right, .left, .left])
        table.add([
            "SEAT", "NAME", "STATE", "RESUMES", "ROUND TRIP", "SNAPSHOT AGE", "QUEUED", "EARLY", "TRANSPORT", "ADDRESS",
        ])
        for seat in row["seatRows"]?.array ?? [] {
            table.add([
                count(seat["seat"]), seat["name"]?.string ?? "", seat["state"]?.string ?? "", count(seat["resumes"]),
                milliseconds(seat["roundTripMilliseconds"]), milliseconds(seat["snapshotAgeMilliseconds"]),
                seat["queuedBytes"].map(bytes) ?? "", seat["inputEarlyTicks"]?.integer.map(Readable.count) ?? "",
                seat["transport"]?.string ?? "", seat["address"]?.string ?? "",
            ])
        }
        let heading = "Lobby \(id(row)), \(row["game"]?.string ?? ""), tick \(count(row["tick"]))"
        return [heading] + pauseLines(row) + [""] + table.lines
    }

    /// By whom a lobby is held still, which has no end by itself.
    private func pauseLines(_ row: JSONValue) -> [String] {
        guard let pause = row["pause"] else { return row["paused"]?.bool == true ? ["Paused by its game"] : [] }
        let reason = pause["reason"]?.string ?? ""
        let since = Readable.duration(pause["seconds"]?.number ?? 0)
        return ["Paused by \(pause["by"]?.string ?? "") for \(since)\(reason.isEmpty ? "" : ": \(reason)")"]
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
