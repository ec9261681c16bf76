import ByteKit
import Determinism
import HTTPCore
import JSONCore

/// What an admin does about bans (protocol/spec/admin.md).
extension AdminHub {
    /// The longest ban that an admin may give, in seconds: ten years.
    private static let banSecondsMax: Int64 = 315_360_000

    /// Bans the player of a seat, `{"lobby", "seat"}`, or somebody who need not be there, `{"subject"}` or `{"address"}`, from
    /// a lobby of this loop or from all.
    ///
    /// - Parameter lobby: The one that the admin has named; nil for none.
    func ban(_ argument: JSONValue, in lobby: HostedLobby?, by actor: String) -> JSONValue {
        var time: Interval?
        if let seconds = argument["seconds"], seconds != .null {
            guard let count = seconds.integer, (1...Self.banSecondsMax).contains(count) else {
                return Self.error("\"seconds\" must be a whole number from 1 to 315360000")
            }
            time = .seconds(Int(count))
        }
        let isEverywhere = lobby == nil || argument["everywhere"]?.bool ?? false
        let place = lobby.map { " of lobby \($0.id)" } ?? ""
        let whom: String
        if let lobby, let number = argument["seat"] {
            guard let seat = number.integer.flatMap({ Int(exactly: $0) }) else {
                return Self.error("\"seat\" must be a seat number")
            }
            guard lobby.ban(seat: seat, reason: reason(argument), for: time, everywhere: isEverywhere, by: actor) else {
                return Self.error("the seat is free")
            }
            whom = "seat \(seat)\(place)"
        } else {
            guard argument["seat"] == nil, let target = target(argument) else {
                return Self.error("\"lobby\" with \"seat\", \"subject\" or \"address\" says who")
            }
            server.ban(target, from: isEverywhere ? nil : lobby, reason: reason(argument), for: time, by: actor)
            whom = target.text + (isEverywhere ? "" : place)
        }
        server.hooks.log(.info) { "admin banned \(whom)\(isEverywhere ? " from all lobbies" : "")" }
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
        guard let target = target(argument) else {
            return Self.error("either \"subject\" or \"address\" says who")
        }
        guard server.lift(target, from: argument["lobby"]?.string) else { return Self.error("there is no such ban") }
        server.hooks.log(.info) { "admin lifted the ban of \(target.text)" }
        return ["ok": true]
    }

    /// Whom `{"subject"}` or `{"address"}` means; nil for both, for neither, for what is no address, and for one that says
    /// nothing about who is there.
    private func target(_ argument: JSONValue) -> BanTarget? {
        switch (argument["subject"], argument["address"]) {
        case (.string(let subject), nil) where (1...128).contains(subject.utf8.count): return .subject(subject)
        case (nil, .string(let text)):
            // As lists of bans have it, or as somebody has it from a log.
            let isNetwork = text.hasSuffix("/64")
            guard let address = IPAddress(isNetwork ? String(text.dropLast(3)) : text) else { return nil }
            let peer = PeerAddress(address, port: 0)
            guard !(isNetwork && address.isIPv4), !server.settings.admission.exempts(peer) else { return nil }
            return .guests(address: peer.banText)
        default: return nil
        }
    }
}
