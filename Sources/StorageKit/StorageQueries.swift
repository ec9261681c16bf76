/// What a leaderboard is ordered by.
public enum LeaderboardOrder: String, Sendable, CaseIterable {
    /// Each player's best score, the highest first.
    case best
    /// All that each player has scored, the highest first.
    case sum
    /// Each player's least score, the lowest first: for times and strokes.
    case least
}

/// A page of a leaderboard that somebody wants to see.
public struct LeaderboardQuery: Sendable, Equatable {
    /// Where a page begins.
    public enum Place: Sendable, Equatable {
        /// At a rank, from 1.
        case rank(Int)
        /// So that the player of that name is in its middle; the best placed of several. Empty when there is none.
        case around(String)
    }

    /// The game's name.
    public var game: String
    /// A season's name; empty for all times.
    public var season: String
    /// By what the players are ordered.
    public var order: LeaderboardOrder
    /// Where the page begins.
    public var place: Place
    /// The most rows, 1 to 100.
    public var limit: Int

    /// The first ten of all times, by their best scores, unless it says otherwise.
    public init(
        game: String, season: String = "", order: LeaderboardOrder = .best, place: Place = .rank(1), limit: Int = 10
    ) {
        self.game = game
        self.season = season
        self.order = order
        self.place = place
        self.limit = limit
    }
}

/// Entries of the audit log that somebody wants to see: those that are as all that is said.
public struct AuditQuery: Sendable, Equatable {
    /// Who has done it; nil for anybody.
    public var actor: String?
    /// What was done; nil for anything.
    public var action: String?
    /// What the target begins with; nil for any.
    public var target: String?
    /// What came of it: `done`, or the code of a refusal; nil for either.
    public var outcome: String?
    /// Not before that time.
    public var since: UnixMilliseconds?
    /// Where the page before has ended; nil for the first page.
    public var before: Int64?
    /// The most entries, 1 to 100.
    public var limit: Int

    /// The newest entries of all.
    public init(before: Int64? = nil, limit: Int = 100) {
        self.before = before
        self.limit = limit
    }
}

/// A page of a leaderboard.
public struct Leaderboard: Sendable, Equatable {
    /// One player.
    public struct Row: Sendable, Equatable {
        /// From 1; of two with the same score, the one who came first to the board is the better.
        public var rank: Int
        /// What the player was called last.
        public var name: String
        /// Who the player is; nil for a guest, who is known by its name alone.
        public var subject: String?
        /// By the order that was asked for.
        public var score: Int
        /// In how many matches.
        public var matches: Int

        /// A row.
        public init(rank: Int, name: String, subject: String?, score: Int, matches: Int) {
            self.rank = rank
            self.name = name
            self.subject = subject
            self.score = score
            self.matches = matches
        }
    }

    /// How many players it has.
    public var players: Int
    /// By rank.
    public var rows: [Row]

    /// A page.
    public init(players: Int, rows: [Row]) {
        self.players = players
        self.rows = rows
    }
}

/// A page of something that is kept in the order in which it came, the newest first.
public struct StoredPage<Row: Sendable & Equatable>: Sendable, Equatable {
    /// The newest first.
    public var rows: [Row]
    /// What to ask for to see the next page: rows before this one. Nil behind the last page.
    public var next: Int64?

    /// A page.
    public init(rows: [Row], next: Int64?) {
        self.rows = rows
        self.next = next
    }
}
