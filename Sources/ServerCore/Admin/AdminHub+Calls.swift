import JSONCore

/// What admins ask for, by whatever way (protocol/spec/admin.md §4).
extension AdminHub {
    /// Does what an admin wants, or says why not, at once or on a later turn. What changes something is noted in the audit log
    /// whatever became of it.
    func perform(
        _ name: String, _ data: JSONValue, by actor: AdminActor, _ answered: @escaping (AdminOutcome) -> Void
    ) {
        guard let verb = AdminVerb.named(name) else {
            server.counters[.adminCallsRefused] += 1
            return answered(.failure(.noSuchVerb))
        }
        perform(verb, data, by: actor, answered)
    }

    func perform(
        _ verb: AdminVerb, _ data: JSONValue, by actor: AdminActor, _ answered: @escaping (AdminOutcome) -> Void
    ) {
        do throws(AdminRefusal) {
            guard actor.user.role >= verb.role else { throw .forbidden(verb.role) }
            let call = try AdminCall(verb, data, by: actor)
            carryOut(call) { [weak self] outcome in
                self?.note(call, outcome)
                answered(outcome)
            }
        } catch {
            server.counters[.adminCallsRefused] += 1
            note(verb.name, by: actor, outcome: error.code)
            answered(.failure(error))
        }
    }

    private func carryOut(_ call: AdminCall, _ answered: @escaping (AdminOutcome) -> Void) {
        switch call.verb.work {
        case .here(let work): work(self, call, answered)
        case .either(_, let work) where call.text("lobby") == nil:
            answered(outcome { () throws(AdminRefusal) in try work(self, call) })
        case .lobby, .either:
            let id = call.text("lobby") ?? ""
            guard let loop = server.loops.withDirectory({ $0.loop(of: id) }) ?? nil else {
                return answered(.failure(.noSuchLobby))
            }
            server.loops.ask(loop, .command(call)) { answer in
                if case .commanded(let outcome) = answer { answered(outcome) }
            }
        }
    }

    /// Does what an admin on whatever loop wants of a lobby of this one.
    func lobbyCommand(_ call: AdminCall) -> AdminOutcome {
        guard let hosted = call.text("lobby").flatMap({ server.lobby($0) }) else { return .failure(.noSuchLobby) }
        return switch call.verb.work {
        case .lobby(let work), .either(let work, _): outcome { () throws(AdminRefusal) in try work(hosted, call) }
        case .here: .failure(.noSuchVerb)
        }
    }

    private func outcome(_ work: () throws(AdminRefusal) -> JSONValue) -> AdminOutcome {
        do throws(AdminRefusal) { return .success(try work()) } catch { return .failure(error) }
    }

    /// Takes no new players from now on.
    func drain() -> AdminOutcome {
        guard server.drainDeadline == nil else { return .failure(.conflict("the server drains already")) }
        server.drain()
        return .success(AdminVerb.done)
    }

    // MARK: The audit log

    private func note(_ call: AdminCall, _ outcome: AdminOutcome) {
        switch outcome {
        case .success(let answer):
            // Which season it is may be asked by the verb that begins one.
            guard call.verb.isAction, answer == AdminVerb.done else { return }
            server.counters[.adminActions] += 1
            note(call.verb.name, by: call.actor, target: call.target, reason: call.reason, outcome: "done")
        case .failure(let refusal):
            server.counters[.adminCallsRefused] += 1
            guard call.verb.isAction else { return }
            note(call.verb.name, by: call.actor, target: call.target, reason: call.reason, outcome: refusal.code)
        }
    }

    /// Notes something that an admin has done or wanted, in the audit log and in the log.
    func note(_ action: String, by actor: AdminActor, target: String = "", reason: String = "", outcome: String) {
        let act = AdminAct(
            actor: DisplayText.cleaned(actor.user.name, charactersMax: 128), address: actor.address, action: action,
            target: DisplayText.cleaned(target, charactersMax: 256), reason: reason, outcome: outcome)
        server.hooks.audit?(act)
        guard action != "login" else { return }
        server.hooks.log(.info) {
            let target = act.target.isEmpty ? "" : " \(act.target)"
            let reason = act.reason.isEmpty ? "" : " (\(act.reason))"
            return "admin \(act.actor): \(act.action)\(target)\(reason): \(act.outcome)"
        }
    }
}
