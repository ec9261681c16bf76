import Determinism
import JSONCore

/// What an admin does about bans (protocol/spec/admin.md).
extension AdminHub {
    /// The longest ban that an admin may give, in seconds: ten years.
    private static let banSecondsMax: Int64 = 315_360_000

    /// Bans the player of a seat: `{"lobby", "seat", "reason"?, "seconds"?, "everywhere"?}`.
    func ban(
        _ seat: Int, of lobby: HostedLobby, _ argument: JSONValue, reason: String, by actor: String
    ) -> JSONValue {
        var time: Interval?
        if let seconds = argument["seconds"], seconds != .null {
            guard let count = seconds.integer, (1...Self.banSecondsMax).contains(count) else {
                return ["error": "\"seconds\" must be a whole number from 1 to 315360000"]
            }
            time = .seconds(Int(count))
        }
        let isEverywhere = argument["everywhere"]?.bool ?? false
        guard lobby.ban(seat: seat, reason: reason, for: time, everywhere: isEverywhere, by: actor) else {
            return ["error": "the seat is free"]
        }
        lobby.server.hooks.log(.info) {
            "admin banned seat \(seat) of lobby \(lobby.id)\(isEverywhere ? " from all lobbies" : "")"
        }
        return ["ok": true]
    }

    /// Every ban that holds.
    func listBans() -> JSONValue {
        let now = server.clock()
        return .array(
            server.bans.map { ban in
                var row: JSONObject = [:]
                switch ban.target {
                case .subject(let subject): row["subject"] = .string(subject)
                case .guests(let address): row["address"] = .string(address)
                }
                if let lobby = ban.lobby { row["lobby"] = .string(lobby) }
                row["kind"] = ban.kind == .kicked ? "kick" : "ban"
                row["reason"] = .string(ban.reason)
                if !ban.actor.isEmpty { row["by"] = .string(ban.actor) }
                if ban.until != .distantFuture { row["seconds"] = .number((ban.until - now).seconds) }
                return .object(row)
            })
    }

    /// Lets somebody in again: `{"subject"}` or `{"address"}`, as the list has it, and `"lobby"?`.
    func unban(_ argument: JSONValue) -> JSONValue {
        let target: BanTarget
        switch (argument["subject"]?.string, argument["address"]?.string) {
        case (let subject?, nil): target = .subject(subject)
        case (nil, let address?): target = .guests(address: address)
        default: return ["error": "either \"subject\" or \"address\" says who"]
        }
        guard server.lift(target, from: argument["lobby"]?.string) else { return ["error": "there is no such ban"] }
        server.hooks.log(.info) { "admin lifted the ban of \(target.text)" }
        return ["ok": true]
    }
}
