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
    private let lobby: String?

    init(_ overview: JSONValue, server: String, lobby: String?) {
        self.overview = overview
        self.server = server
        self.lobby = lobby
    }

    /// The whole screen.
    var lines: [String] {
        let rows = overview["lobbies"]?.array ?? []
        guard let lobby else { return totals + [""] + lobbyLines(rows) }
        guard let row = rows.first(where: { $0["id"]?.string == lobby }) else {
            return totals + ["", "There is no lobby \(lobby)."]
        }
        return totals + [""] + seatLines(row)
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

    /// Lobbies, those with the most players first.
    private func lobbyLines(_ rows: [JSONValue]) -> [String] {
        guard !rows.isEmpty else { return ["No lobby is open."] }
        let sorted = rows.sorted { left, right in
            let (leftCount, rightCount) = (playerCount(left), playerCount(right))
            return leftCount == rightCount ? id(left) < id(right) : leftCount > rightCount
        }
        var table = Columns([.left, .left])
        table.add(["LOBBY", "GAME", "PLAYERS", "CONNECTED", "SEATS", "TICK", "RATE", "STEPS DROPPED"])
        for row in sorted.prefix(Self.lobbiesShown) {
            table.add([
                id(row), row["game"]?.string ?? "", "\(playerCount(row))", count(row["connected"]), count(row["seats"]),
                count(row["tick"]), "\(count(row["tickRate"])) Hz", count(row["stepsDropped"]),
            ])
        }
        let total = max(Int(clamping: overview["lobbyCount"]?.integer ?? 0), rows.count)
        let hidden = total - min(rows.count, Self.lobbiesShown)
        return table.lines + (hidden > 0 ? ["… and \(Readable.count(Int64(hidden))) more"] : [])
    }

    private func playerCount(_ row: JSONValue) -> Int { row["players"]?.array?.count ?? 0 }

    private func id(_ row: JSONValue) -> String { row["id"]?.string ?? "" }

    private func seatLines(_ row: JSONValue) -> [String] {
        var table = Columns([.right, .left, .left, .right, .left])
        table.add(["SEAT", "NAME", "STATE", "RESUMES", "ADDRESS"])
        for player in row["players"]?.array ?? [] {
            table.add([
                count(player["seat"]), player["name"]?.string ?? "",
                player["connected"]?.bool == true ? "connected" : "kept", count(player["resumes"]),
                player["address"]?.string ?? "",
            ])
        }
        let heading = "Lobby \(id(row)), \(row["game"]?.string ?? ""), tick \(count(row["tick"]))"
        return [heading, ""] + table.lines
    }
}
