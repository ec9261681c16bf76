import Synchronization

/// The season to whose leaderboards results are added: what the configuration says, or else what an admin has begun.
final class Season: Sendable {
    private struct State {
        var name: String
        /// Whether an admin of this process has begun it: what earlier ones have left is then the past.
        var isBegun = false
    }

    private let isConfigured: Bool
    private let state: Mutex<State>

    /// - Parameter configured: What the configuration says; empty for nothing.
    init(configured: String) {
        isConfigured = !configured.isEmpty
        state = Mutex(State(name: configured))
    }

    /// Its name; empty for none.
    var name: String { state.withLock { $0.name } }

    /// Takes up the one that an admin of an earlier process has begun.
    func restore(_ name: String) {
        state.withLock { if !isConfigured && !$0.isBegun { $0.name = name } }
    }

    /// Begins another, or with an empty name none.
    ///
    /// - Returns: Whether it is an admin's to say.
    func begin(_ name: String) -> Bool {
        guard !isConfigured else { return false }
        state.withLock { $0 = State(name: name, isBegun: true) }
        return true
    }
}
