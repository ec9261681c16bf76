/// One party's wish to be found a match: one player, or several that belong together.
package struct QueueTicket: Sendable, Equatable {
    /// Who may meet: tickets of equal pools.
    package struct Pool: Sendable, Hashable {
        /// The game to be played.
        package let game: String
        /// How many teams a match has; 1 where everyone plays for themselves.
        package let teams: Int
        /// How many players a team has.
        package let teamSize: Int
        /// What else must be the same: text that two sides write alike where they mean the same.
        package let filter: String

        /// A pool of matches with 1 to 16 teams of 1 to 1,024 players.
        package init(game: String, teams: Int, teamSize: Int, filter: String = "") {
            precondition((1...16).contains(teams) && (1...1_024).contains(teamSize), "teams of a match")
            self.game = game
            self.teams = teams
            self.teamSize = teamSize
            self.filter = filter
        }

        /// How many players a match has.
        package var playerCount: Int { teams * teamSize }
    }

    /// The ticket's number: no other has had it.
    package let number: UInt64
    /// Whom it may meet.
    package let pool: Pool
    /// How good its players are, on whatever scale the game has.
    package let rank: Int
    /// How many players it is for, 1 to the team's size.
    package let size: Int
    /// When it came.
    package internal(set) var enteredTick: UInt64 = 0

    /// A ticket that has not come yet.
    package init(number: UInt64, pool: Pool, rank: Int, size: Int = 1) {
        precondition(size >= 1, "a ticket is for somebody")
        self.number = number
        self.pool = pool
        self.rank = rank
        self.size = size
    }
}

/// Which sizes of parties make full teams of a match.
///
/// Found by trying, the largest parties first, since they are the hardest to place. After ``triesMax`` tries it is given up until
/// the next tick: only a queue with very many parties of odd sizes, and hardly anybody alone, comes to that.
struct TeamPlan {
    static let triesMax = 20_000

    /// For each team the sizes of its parties; of the first team without the party that the match is made for.
    private(set) var teams: [[Int]] = []
    private var counts: [Int]
    private var tries = 0
    private let teamSize: Int

    /// A plan for a match with a party of `first` players, nil when there is none.
    ///
    /// - Parameter counts: How many other parties there are, by size from 0 to the team's.
    init?(teams count: Int, teamSize: Int, first: Int, counts: [Int]) {
        self.counts = counts
        self.teamSize = teamSize
        teams = Array(repeating: [], count: count)
        guard counts.indices.reduce(first, { $0 + $1 * counts[$1] }) >= count * teamSize else { return nil }
        guard fill(0, missing: teamSize - first, largest: teamSize) else { return nil }
    }

    /// Fills what is missing of a team with parties no larger than `largest`, then the teams after it.
    private mutating func fill(_ team: Int, missing: Int, largest: Int) -> Bool {
        if missing == 0 {
            return team + 1 == teams.count || fill(team + 1, missing: teamSize, largest: teamSize)
        }
        tries += 1
        guard tries <= Self.triesMax else { return false }
        var size = min(missing, largest)
        while size >= 1 {
            if counts[size] > 0 {
                counts[size] -= 1
                teams[team].append(size)
                if fill(team, missing: missing - size, largest: size) { return true }
                teams[team].removeLast()
                counts[size] += 1
            }
            size -= 1
        }
        return false
    }
}
