import JSONCore

/// What the official Socket.IO Admin UI asks for, in the words of our own verbs, so that roles, checks and the audit log are the same
/// (protocol/spec/admin.md §9.4).
enum AdminUICommand {
    /// Which of its buttons mean something here. Nobody is put into a lobby from outside: so there are no `JOIN` and `MJOIN`.
    static let features = ["EMIT", "LEAVE", "DISCONNECT", "MLEAVE", "MDISCONNECT"]
    /// All that it may ask for.
    private static let names = ["emit", "join", "leave", "_disconnect"]

    /// The verbs that a request stands for, in their order.
    static func verbs(
        for name: String, _ values: [JSONValue]
    ) throws(AdminRefusal) -> [(name: String, data: JSONValue)] {
        guard names.contains(name) else { throw .noSuchVerb }
        guard values.first?.string == AdminUIWords.lobbies else {
            throw .malformed("nothing is done to the namespace; there is \(AdminUIWords.lobbies)")
        }
        func text(_ place: Int) -> String? {
            guard values.indices.contains(place), let text = values[place].string, !text.isEmpty else { return nil }
            return text
        }
        switch name {
        case "_disconnect":
            let closes = values.count > 1 && values[1].bool == true
            guard let room = text(2) else { return [("clear", [:])] }
            guard let id = AdminSocketID(room) else { return [("close-lobby", ["lobby": .string(room)])] }
            let end = ("end-session", JSONValue.object(["session": .integer(Int64(id.session))]))
            guard id.seat >= 0 else { return [end] }
            return closes ? [kick(id), end] : [kick(id)]
        case "leave":
            guard let room = text(1) else { throw .malformed("leave which lobby?") }
            guard let member = text(2) else { return [("clear", ["lobby": .string(room)])] }
            guard let id = AdminSocketID(member), id.seat >= 0, room == id.lobby else {
                throw .malformed("who leaves a lobby is a player of it, or all of them")
            }
            return [kick(id)]
        case "emit":
            guard text(2) == "notice", values.count == 4, let said = values[3].string ?? values[3]["text"]?.string
            else { throw .malformed("the event that admins may send is \"notice\", with a text") }
            var data: JSONObject = ["text": .string(said)]
            if let room = text(1) {
                let id = AdminSocketID(room)
                data["lobby"] = .string(id?.lobby ?? room)
                if let id { data["seat"] = .integer(Int64(id.seat)) }
            }
            return [("message", .object(data))]
        default: throw .malformed("nobody is put into a lobby from outside: who wants to play takes a seat there")
        }
    }

    private static func kick(_ id: AdminSocketID) -> (name: String, data: JSONValue) {
        (
            "kick",
            [
                "lobby": .string(id.lobby), "seat": .integer(Int64(id.seat)),
                "session": .integer(Int64(id.session)),
            ]
        )
    }
}

extension AdminHub {
    /// Does what a page of the official UI asks for. The first verb that is refused ends it.
    func performUI(
        _ name: String, _ values: [JSONValue], by actor: AdminActor, _ answered: @escaping (AdminOutcome) -> Void
    ) {
        do throws(AdminRefusal) {
            guard actor.user.role > .viewer else { throw .forbidden(.moderator) }
            perform(try AdminUICommand.verbs(for: name, values)[...], by: actor, answered)
        } catch {
            server.counters[.adminCallsRefused] += 1
            note(DisplayText.cleaned(name, charactersMax: 64), by: actor, outcome: error.code)
            answered(.failure(error))
        }
    }

    private func perform(
        _ verbs: ArraySlice<(name: String, data: JSONValue)>, by actor: AdminActor,
        _ answered: @escaping (AdminOutcome) -> Void
    ) {
        guard let verb = verbs.first else { return answered(.success(AdminVerb.done)) }
        perform(verb.name, verb.data, by: actor) { [weak self] outcome in
            guard let self, case .success = outcome else { return answered(outcome) }
            perform(verbs.dropFirst(), by: actor, answered)
        }
    }

    /// Ends a client's connection, on whatever loop it is: its number says which.
    func endSession(_ call: AdminCall, _ answered: @escaping (AdminOutcome) -> Void) {
        let number = UInt64(call.integer("session") ?? 0)
        guard let loop = Int(exactly: number >> 40), loop < server.loops.count else {
            return answered(.failure(.noSuchSession))
        }
        server.loops.ask(loop, .endSession(number, reason: call.reason)) { answer in
            guard case .outcome(.bool(true)) = answer else { return answered(.failure(.noSuchSession)) }
            answered(.success(AdminVerb.done))
        }
    }
}

extension Server {
    /// Ends the session of that number for an admin; whether it was there.
    func endSession(_ number: UInt64, reason: String) -> Bool {
        let onSockets = connections.lazy.compactMap { $0?.webSocket?.session }
        let onPolling = engineSessions.allPolling.lazy.compactMap(\.session)
        let session =
            onSockets.first { $0.journalNumber == number } ?? onPolling.first { $0.journalNumber == number }
        session?.dismiss(reason)
        return session != nil
    }
}
