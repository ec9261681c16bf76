import Determinism

/// Who may watch a game without playing it, and how long after the players.
public struct WatchRules: Sendable, Equatable {
    /// How many may watch one lobby at a time; nil for as many as the server lets. Whoever opens a lobby may want fewer.
    public var most: Int?
    /// How long after the players those who watch see what happens, up to five minutes. Whoever opens a lobby may want more.
    public var delay: Interval
    /// The role without which nobody may watch, as a player's JWT or the author's own check says it; nil lets everyone.
    public var role: String?

    /// Whether those who watch see all groups' entities (``Group``), rather than ``Group/all`` alone. Whoever watches at once can tell a
    /// player what is there: such a game wants a ``delay``.
    public var seesEverything: Bool

    /// The longest ``delay``.
    public static let delayMax = Interval.seconds(300)

    /// Rules; what is left out lets everyone watch, at once, what all players see.
    ///
    /// - Precondition: every number is in its range.
    public init(
        most: Int? = nil, delay: Interval = .zero, role: String? = nil, seesEverything: Bool = false
    ) {
        precondition(delay >= .zero && delay <= Self.delayMax, "rules: those who watch are up to five minutes behind")
        precondition(most ?? 0 >= 0, "rules: how many may watch is not negative")
        self.most = most
        self.delay = delay
        self.role = role
        self.seesEverything = seesEverything
    }
}
