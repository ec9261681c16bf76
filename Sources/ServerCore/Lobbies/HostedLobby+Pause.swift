import Determinism
import JSONCore

/// An admin's pause of a lobby, which has no end but the admin's word.
struct AdminPause {
    /// The admin's user name.
    let admin: String
    /// Why, as the players were told.
    let reason: String
    let since: Instant
    /// How many steps are run all the same.
    var stepsAllowed = 0

    /// As admins are shown it (protocol/spec/admin.md §5.2).
    func shown(at now: Instant) -> JSONValue {
        ["by": .string(admin), "reason": .string(reason), "seconds": .number(max(0, (now - since).seconds))]
    }
}

/// An admin holds a lobby still: no steps are run but those that are allowed one by one.
extension HostedLobby {
    /// The most steps that may be allowed ahead.
    private static let stepsAllowedMax = 1_000

    /// Pauses the lobby before its next step, or lets it go on; tells everybody there.
    func pause(_ isPaused: Bool, by admin: String, reason: String) {
        guard isPaused != (adminPause != nil) else { return }
        adminPause = isPaused ? AdminPause(admin: admin, reason: reason, since: server.clock()) : nil
        emit("paused", ["paused": .bool(isPaused), "reason": .string(reason)])
    }

    /// Allows so many more steps of a paused lobby; false where it is not paused.
    func allowSteps(_ count: Int) -> Bool {
        guard let allowed = adminPause?.stepsAllowed else { return false }
        adminPause?.stepsAllowed = min(allowed + count, Self.stepsAllowedMax)
        return true
    }
}
