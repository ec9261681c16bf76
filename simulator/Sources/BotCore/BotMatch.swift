import JSONCore

/// What a bot wants of the match around its game (protocol/spec/lobby.md §4.1): to begin, and to play again.
struct BotMatch {
    private var host: Int?

    /// What to say at one of the lobby's events `phase` and `players`; nil for nothing.
    ///
    /// A host's vote for a rematch decides, so that it waits for everyone else's.
    mutating func wish(at event: String, _ data: JSONValue, seat: Int) -> String? {
        if event == "phase" { return data["phase"]?.string == "finished" && host != seat ? "rematch" : nil }
        host = data["host"]?.integer.map { Int(clamping: $0) }
        let rows = data["players"]?.array ?? []
        let own = rows.first { $0["seat"]?.integer == Int64(seat) }
        if own?["ready"]?.bool == false { return "ready" }
        guard own?["rematch"]?.bool == false else { return nil }
        let others = rows.filter { $0["seat"]?.integer != Int64(seat) && $0["connected"]?.bool == true }
        return host != seat || others.allSatisfy { $0["rematch"]?.bool == true } ? "rematch" : nil
    }
}
