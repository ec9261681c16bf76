import Determinism
import GameKit
import JSONCore
import LobbyCore

/// Players talking to each other (protocol/spec/lobby.md §4.2).
extension HostedLobby {
    /// The lobby's chat, made for the first who says something or is muted.
    private func withChat<Value>(
        _ body: (inout ChatTable) throws(MatchRefusal) -> Value
    ) throws(MatchRefusal) -> Value {
        var table = chat ?? ChatTable(seatCount: lobby.seats.rows.count)
        // The only one to hold it, so that it is changed in place.
        chat = nil
        defer { chat = table }
        return try body(&table)
    }

    /// Says something for a player.
    ///
    /// - Returns: What the sender is told: the text as others are shown it.
    func say(_ text: String, to target: ChatTarget, by seat: Int) throws(MatchRefusal) -> JSONValue {
        let match = lobby.match
        try MatchVerb.chat.check(match.role(of: seat), in: match.phase)
        guard match.rules.hasChat else { throw .notInRules }
        if target == .team, match.team(of: seat) == nil { throw .notInRules }
        if case .seat(let other) = target {
            guard other != seat, match.role(of: other) != .outsider else { throw .noSuchSeat }
            guard members[other] != nil else { throw .away }
        }
        let now = server.clock()
        let cleaned = try withChat { table throws(MatchRefusal) in
            try table.say(text, to: target, by: seat, at: now)
        }
        server.counters[.chatMessages] += 1
        var data: JSONObject = [
            "seat": .integer(Int64(seat)), "name": .string(lobby.seats.rows[seat].name), "text": .string(cleaned),
        ]
        switch target {
        case .lobby: emit("chat", .object(data))
        case .team:
            data["to"] = "team"
            emit("chat", .object(data)) { match.team(of: $0.seat) == match.team(of: seat) }
        case .seat(let other):
            data["to"] = .integer(Int64(other))
            members[other]?.emit("chat", .object(data))
        }
        return ["text": .string(cleaned)]
    }

    /// Keeps a player from talking for so many seconds; 0 ends it. The player is told.
    func mute(_ other: Int, seconds: Int, reason: String, by role: MatchRole, own: Int) throws(MatchRefusal) {
        let match = lobby.match
        try MatchVerb.mute.check(role, in: match.phase)
        guard other != own, match.role(of: other) != .outsider else { throw .noSuchSeat }
        let until = server.clock() + .seconds(seconds)
        let person = members[other]?.person
        try withChat { table throws(MatchRefusal) in
            table.mute(other, person: person, until: until, reason: reason)
        }
        if seconds > 0 { server.counters[.mutes] += 1 }
        members[other]?.emit("muted", ["seconds": .integer(Int64(seconds)), "reason": .string(reason)])
    }
}

extension JoinRequest {
    /// By what a player is known again who comes back to another seat; nil where nothing says so.
    var person: String? { identity.subject.map { "subject \($0)" } ?? guestAddress }
}
