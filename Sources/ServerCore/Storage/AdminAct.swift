import JSONCore

/// Something that an admin has done, for the audit log.
package struct AdminAct: Sendable, Equatable {
    /// The admin's user name.
    package let actor: String
    /// From where.
    package let address: String
    /// The command's name, or `login`.
    package let action: String
    /// What it was done to: `LOBBY`, `LOBBY/SEAT`, who was let in again, as a subject or address, and of which lobby, or a
    /// season.
    package let target: String
    /// Why, as the admin has said; 100 characters at most.
    package let reason: String
}

extension AdminHub {
    /// The answer to a command, which also goes to the audit log if it was carried out.
    func audited(
        _ name: String, _ argument: JSONValue, by watcher: AdminWatcher, _ answered: @escaping (JSONValue) -> Void
    ) -> (JSONValue) -> Void {
        guard let audit = server.hooks.audit else { return answered }
        let (actor, address) = (watcher.user, watcher.session.transport.peerAddress)
        return { outcome in
            if outcome["ok"] == true {
                let place = [
                    argument["subject"]?.string ?? argument["address"]?.string, argument["lobby"]?.string,
                    argument["seat"]?.integer.map(String.init), argument["season"]?.string,
                ]
                audit(
                    AdminAct(
                        actor: actor, address: address, action: name,
                        target: place.compactMap(\.self).joined(separator: "/"),
                        reason: String((argument["reason"]?.string ?? "").prefix(100))))
            }
            answered(outcome)
        }
    }

    /// Notes in the audit log that somebody has logged in.
    func auditLogin(_ watcher: AdminWatcher) {
        server.hooks.audit?(
            AdminAct(
                actor: watcher.user, address: watcher.session.transport.peerAddress, action: "login", target: "",
                reason: ""))
    }
}
