import JSONCore
import SocketIOCore

/// What clients ask for once they are in a namespace, and what they are answered.
extension SocketIOSession {
    /// An event as it came.
    struct ReceivedEvent {
        var namespace: String
        var name: String
        var values: [JSONValue]
        var ackID: Int?

        /// The one argument that ours have.
        var argument: JSONValue { values.first ?? .null }
    }

    /// What a client may ask about the list of lobbies.
    func listEvent(_ event: ReceivedEvent) {
        do throws(LobbyQueryError) {
            switch event.name {
            case "lobbies": return try listLobbies(event.argument) { [weak self] in self?.answer(event, .array($0)) }
            case "subscribe": try subscribe(event.argument, .socketIO) { acknowledge(event, .null) }
            default:
                unsubscribe()
                acknowledge(event, .null)
            }
        } catch {
            acknowledge(event, ["error": .string(error.message)])
        }
    }

    /// What a member asks of its lobby.
    func memberEvent(_ event: ReceivedEvent, _ member: Member) {
        member.confirm()
        if server.eventSample.isOpen, event.name != "input" {
            server.sample(.received, event.name, of: member, event.argument)
        }
        switch (event.name, event.argument) {
        case ("input", .binary(let bytes)):
            if let error = member.receiveBinary(bytes.span) { return transport.end(.badMessage(error)) }
            if let id = event.ackID { member.askTick(key: .integer(Int64(id))) }
        case ("input", _):
            do throws(InputRefusal) {
                try member.receiveInput(event.argument, key: event.ackID.map { .integer(Int64($0)) })
            } catch {
                acknowledge(event, ["error": .string(error.message)])
            }
        case ("keyframe", _):
            acknowledge(event, .null)
            member.keyframeRequested(isMismatch: event.argument["mismatch"]?.bool ?? false)
        case ("time", _): if let id = event.ackID { member.askTick(key: .integer(Int64(id))) }
        case ("reserve", let data): reserve(in: member.lobbyID, event, data, isMember: member.hasSeat)
        case ("leave", _):
            acknowledge(event, .null)
            member.leave()
        default:
            let key = event.ackID.map { JSONValue.integer(Int64($0)) }
            guard !member.receiveCommand(event.name, event.argument, key: key) else { return }
            acknowledge(event, ["error": .string("no such event: \(event.name)")])
        }
    }

    /// What an admin wants, by the session of now: it may have ended, or the user's role have changed.
    func adminEvent(_ event: ReceivedEvent, _ watcher: AdminWatcher) {
        let address = watcher.login.actor.address
        guard let login = server.admin.login(by: watcher.login.digest, address: address) else {
            return adminEnded(watcher)
        }
        if event.name == "logout" {
            acknowledge(event, AdminVerb.done)
            return server.admin.logout(login)
        }
        let answered = { [weak self] (outcome: AdminOutcome) in
            switch outcome {
            case .success(let data): self?.answer(event, data)
            case .failure(let refusal): self?.answer(event, refusal.json)
            }
            return ()
        }
        guard watcher.page == nil else {
            return server.admin.performUI(event.name, event.values, by: login.actor, answered)
        }
        server.admin.perform(event.name, event.argument, by: login.actor, answered)
    }

    /// Has seats kept, and answers with their tickets.
    func reserve(in lobby: String, _ event: ReceivedEvent, _ data: JSONValue, isMember: Bool) {
        server.reserve(in: lobby, data, from: transport.remotePeer, isMember: isMember) {
            [weak self] outcome in
            switch outcome {
            case .success(let tickets): self?.answer(event, tickets)
            case .failure(let refusal):
                self?.answer(event, ["error": .string(refusal.message), "code": .integer(Int64(refusal.code))])
            }
        }
    }

    /// Answers an event, if it asked for an answer.
    func acknowledge(_ event: ReceivedEvent, _ data: JSONValue) {
        acknowledge(event.ackID, in: event.namespace, data)
    }

    /// The same, by the number that the client has given its question.
    func acknowledge(_ id: Int?, in namespace: String, _ data: JSONValue) {
        guard let id else { return }
        send(SocketPacket(namespace: namespace, .ack([data], id: id)))
    }
}
