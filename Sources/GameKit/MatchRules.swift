import Determinism

/// What a game wants around its match: who starts it, in teams or not, and what comes after it.
///
/// The defaults are those of a game that runs from the moment its lobby is opened until it finishes or everyone has gone.
public struct MatchRules: Sendable, Equatable {
    /// When the game begins.
    public enum Start: Sendable, Equatable {
        /// With the lobby: whoever comes joins a running game.
        case atOnce
        /// When everybody present has said to be ready and the countdown has passed, or when the host says so. No step is
        /// run before.
        ///
        /// - Parameters:
        ///   - minimum: How many must be present, from 1 to the game's seats.
        ///   - countdown: From the last one's word to the first step, 0 to 60 s; it ends when one of them takes the word
        ///     back, and when too few are left.
        case whenReady(minimum: Int, countdown: Interval)
    }

    /// When the game begins.
    public var start: Start
    /// How many teams there are, 2 to 16; 0 for none. Whoever opens a lobby may ask for fewer.
    public var teams: Int
    /// Whether one player is the host, who may lead the lobby: the first to come, then whoever came next.
    public var hasHost: Bool
    /// How long a lobby whose game has finished stays for a rematch, up to an hour; nil closes it at once.
    public var rematchTime: Interval?
    /// Whether players may talk to each other.
    public var hasChat: Bool

    /// Rules; what is left out is as in a game that only runs. With a ready check there is a host unless `hasHost` says not.
    ///
    /// - Precondition: every number is in its range.
    public init(
        start: Start = .atOnce, teams: Int = 0, hasHost: Bool? = nil, rematchTime: Interval? = nil, hasChat: Bool = true
    ) {
        precondition(teams == 0 || (2...16).contains(teams), "rules: a game has no teams, or 2 to 16")
        if case .whenReady(let minimum, let countdown) = start {
            precondition(minimum >= max(1, teams), "rules: a match needs a player, and one in each team")
            precondition((.zero ... .seconds(60)).contains(countdown), "rules: a countdown is 0 to 60 s")
        }
        if let rematchTime {
            precondition(
                (.zero ... .seconds(3_600)).contains(rematchTime), "rules: a rematch may be asked for within an hour")
        }
        self.start = start
        self.teams = teams
        self.hasHost = hasHost ?? (start != .atOnce)
        self.rematchTime = rematchTime
        self.hasChat = hasChat
    }

    /// Whether there is anything around the game that players are to be told of.
    package var isStaged: Bool { start != .atOnce || teams > 0 || hasHost || rematchTime != nil }

    /// How many must be present for the game to begin.
    package var minimum: Int {
        if case .whenReady(let minimum, _) = start { minimum } else { 1 }
    }
}
