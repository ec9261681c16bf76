import JSONCore

/// An admin holds a lobby still: no steps are run but those that are allowed one by one.
extension HostedLobby {
    /// The most steps that may be allowed ahead.
    private static let stepsAllowedMax = 1_000

    /// Pauses the lobby before its next step, or lets it go on; tells everybody there.
    func pause(_ isPaused: Bool, reason: String) {
        guard isPaused != (stepsAllowed != nil) else { return }
        stepsAllowed = isPaused ? 0 : nil
        emit("paused", ["paused": .bool(isPaused), "reason": .string(reason)])
    }

    /// Allows so many more steps of a paused lobby; false where it is not paused.
    func allowSteps(_ count: Int) -> Bool {
        guard let allowed = stepsAllowed else { return false }
        stepsAllowed = min(allowed + count, Self.stepsAllowedMax)
        return true
    }
}
