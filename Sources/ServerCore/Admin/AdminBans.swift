import ByteKit
import Determinism
import HTTPCore
import JSONCore

/// What an admin does about bans (protocol/spec/admin.md §4).
extension AdminHub {
    /// Bans the player of a seat, `{"lobby", "seat"}`, or somebody who need not be there, `{"subject"}` or `{"address"}`, from
    /// a lobby of this loop or from all.
    ///
    /// - Parameter lobby: The one that the admin has named; nil for none.
    func ban(_ call: AdminCall, in lobby: HostedLobby?) throws(AdminRefusal) -> JSONValue {
        let time = call.integer("seconds").map { Interval.seconds($0) }
        let isEverywhere = lobby == nil || call.flag("everywhere") ?? false
        let actor = call.actor.user.name
        if let lobby, let seat = call.integer("seat") {
            guard lobby.ban(seat: seat, reason: call.reason, for: time, everywhere: isEverywhere, by: actor) else {
                throw .noSuchSeat
            }
        } else {
            guard call.integer("seat") == nil, let target = target(call) else {
                throw .malformed("\"lobby\" with \"seat\", \"subject\" or \"address\" says who")
            }
            server.ban(target, from: isEverywhere ? nil : lobby, reason: call.reason, for: time, by: actor)
        }
        return AdminVerb.done
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
    func unban(_ call: AdminCall) -> AdminOutcome {
        guard let target = target(call) else {
            return .failure(.malformed("either \"subject\" or \"address\" says who"))
        }
        guard server.lift(target, from: call.text("lobby")) else { return .failure(.noSuchBan) }
        return .success(AdminVerb.done)
    }

    /// Whom `{"subject"}` or `{"address"}` means; nil for both, for neither, for what is no address, and for one that says
    /// nothing about who is there.
    private func target(_ call: AdminCall) -> BanTarget? {
        switch (call.text("subject"), call.text("address")) {
        case (let subject?, nil) where !subject.isEmpty: return .subject(subject)
        case (nil, let text?):
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
