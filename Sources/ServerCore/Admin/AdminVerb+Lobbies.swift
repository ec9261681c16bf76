import JSONCore
import LobbyCore

/// What admins do to a lobby, on the lobby's loop, and to whoever sits there.
extension AdminVerb {
    static let done: JSONValue = ["ok": true]

    static func kick(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        guard let seat = call.integer("seat") else { throw .noSuchSeat }
        // Meanwhile somebody else may sit there.
        if let session = call.integer("session") {
            guard hosted.members.indices.contains(seat), let member = hosted.members[seat],
                member.clientNumber == UInt64(session)
            else { throw .noSuchSeat }
        }
        guard hosted.kick(seat: seat, reason: call.reason) else { throw .noSuchSeat }
        return done
    }

    static func mute(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        let command = LobbyCommand.mute(
            call.integer("seat") ?? -1, seconds: call.integer("seconds") ?? 0, reason: call.reason)
        return try hosted.carryOut(command)
    }

    static func lock(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        try hosted.carryOut(.lock(call.flag("locked") ?? true))
    }

    /// Says something to a seat's player, or to everybody in the lobby.
    static func message(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        let notice = try notice(call)
        guard let seat = call.integer("seat") else {
            hosted.emit("notice", notice)
            return done
        }
        guard hosted.members.indices.contains(seat), hosted.lobby.seats.rows[seat].isHeld else { throw .noSuchSeat }
        guard let member = hosted.members[seat] else { throw .conflict("that player is not connected") }
        member.emit("notice", notice)
        return done
    }

    /// Says something to everybody in every lobby.
    static func messageAll(_ hub: AdminHub, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        guard call.integer("seat") == nil else { throw .malformed("a \"seat\" is one of a \"lobby\"") }
        hub.server.loops.askAll(.notice(try notice(call))) { _ in }
        return done
    }

    private static func notice(_ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        let text = DisplayText.cleaned(call.text("text") ?? "", charactersMax: 256)
        guard !text.isEmpty else { throw .malformed("nothing is left of \"text\" once it is cleaned") }
        return ["text": .string(text)]
    }

    static func pause(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        hosted.pause(call.flag("paused") ?? true, by: call.actor.user.name, reason: call.reason)
        return done
    }

    static func step(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        guard hosted.allowSteps(call.integer("steps") ?? 1) else { throw .conflict("the lobby is not paused") }
        return done
    }

    /// Takes everybody's seat in the lobby away.
    static func clear(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        hosted.clear(call.reason)
        return done
    }

    /// The same in every lobby.
    static func clearAll(_ hub: AdminHub, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        guard call.actor.user.role == .admin else { throw .forbidden(.admin) }
        hub.server.loops.askAll(.clear(reason: call.reason)) { _ in }
        return done
    }

    static func close(_ hosted: HostedLobby, _ call: AdminCall) throws(AdminRefusal) -> JSONValue {
        hosted.close(call.reason)
        return done
    }
}

extension HostedLobby {
    /// Does for an admin what a host may do, too.
    fileprivate func carryOut(_ command: LobbyCommand) throws(AdminRefusal) -> JSONValue {
        switch carryOut(command, by: nil) {
        case .success: return AdminVerb.done
        case .failure(let refusal): throw AdminRefusal(refusal)
        }
    }
}
