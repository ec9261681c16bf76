/// Milliseconds since 1970 began, without leap seconds: when something was, by the machine's calendar.
public typealias UnixMilliseconds = Int64

/// A match that has ended: who played, and what came of it.
public struct StoredMatch: Sendable, Equatable {
    /// Somebody who sat there at the end.
    public struct Player: Sendable, Equatable {
        /// The seat's number.
        public var seat: Int
        /// What the player was called; not unique.
        public var name: String
        /// Who the player is, as its ticket says; nil for a guest.
        public var subject: String?
        /// The player's team; nil in a game without teams.
        public var team: Int?
        /// What it scored, higher is better; nil in a game that keeps no score.
        public var score: Int?

        /// A player.
        public init(seat: Int, name: String, subject: String? = nil, team: Int? = nil, score: Int? = nil) {
            self.seat = seat
            self.name = name
            self.subject = subject
            self.team = team
            self.score = score
        }
    }

    /// Names the match in all storages for ever: written twice, it is one match.
    public var id: String
    /// The game's name.
    public var game: String
    /// The lobby's id; others have had it, and will.
    public var lobby: String
    /// The season to whose leaderboard it adds, beside that of all times; empty for none.
    public var season: String
    /// When its first step was run.
    public var startedAt: UnixMilliseconds
    /// When it finished.
    public var endedAt: UnixMilliseconds
    /// By seat.
    public var players: [Player]
    /// What the game said when it finished, as JSON.
    public var result: String

    /// A match.
    public init(
        id: String, game: String, lobby: String, season: String = "", startedAt: UnixMilliseconds,
        endedAt: UnixMilliseconds, players: [Player], result: String
    ) {
        self.id = id
        self.game = game
        self.lobby = lobby
        self.season = season
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.players = players
        self.result = result
    }
}

/// A ban.
public struct StoredBan: Sendable, Equatable {
    /// Whom it is about.
    public enum Target: Sendable, Hashable {
        /// Who a player is, as its ticket says.
        case subject(String)
        /// An IP address, or an IPv6 /64, as text.
        case address(String)
    }

    /// Whom it is about.
    public var target: Target
    /// Told to whoever is refused by it.
    public var reason: String
    /// The admin who has said so.
    public var actor: String
    /// When it was said.
    public var since: UnixMilliseconds
    /// When it ends; nil for never.
    public var until: UnixMilliseconds?

    /// A ban; an earlier one of the same target is replaced by it.
    public init(
        _ target: Target, reason: String, actor: String, since: UnixMilliseconds, until: UnixMilliseconds? = nil
    ) {
        self.target = target
        self.reason = reason
        self.actor = actor
        self.since = since
        self.until = until
    }
}

/// Something that somebody with power over others has done, or has wanted and not got.
public struct AuditEntry: Sendable, Equatable {
    /// Names the entry for ever: written twice, it is one entry.
    public var id: String
    /// When it was done.
    public var at: UnixMilliseconds
    /// Who has done it: the admin's user name.
    public var actor: String
    /// From where.
    public var address: String
    /// What was done: `kick`, `close-lobby`.
    public var action: String
    /// To whom or what, as text of the action's own: `lobby/3`.
    public var target: String
    /// Why, as the actor has said.
    public var reason: String
    /// What came of it: `done`, or the code of the refusal.
    public var outcome: String

    /// An entry.
    public init(
        id: String, at: UnixMilliseconds, actor: String, address: String, action: String, target: String,
        reason: String,
        outcome: String = "done"
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.address = address
        self.action = action
        self.target = target
        self.reason = reason
        self.outcome = outcome
    }
}

/// Somebody who may log in as admin.
public struct StoredUser: Sendable, Equatable {
    /// The user name: 1 to 128 bytes without control characters.
    public var name: String
    /// What the user may do: `viewer`, `moderator` or `admin`.
    public var role: String
    /// The password as a slow salted hash, as `muster hash-password` prints it.
    public var password: String
    /// Another one whenever the password or the role is another: what was given out before is worth nothing then.
    public var stamp: String
    /// When the user was added.
    public var since: UnixMilliseconds

    /// A user; an earlier one of the same name is replaced by it.
    public init(name: String, role: String, password: String, stamp: String, since: UnixMilliseconds) {
        self.name = name
        self.role = role
        self.password = password
        self.stamp = stamp
        self.since = since
    }
}

/// One thing to be written.
public enum StorageRecord: Sendable, Equatable {
    /// A match has ended; its scores go to the leaderboards of its game.
    case match(StoredMatch)
    /// Somebody is banned.
    case ban(StoredBan)
    /// A ban is taken back, if there is one.
    case unban(StoredBan.Target)
    /// Somebody may log in as admin, or may so with another password or role.
    case user(StoredUser)
    /// Somebody may not, any more.
    case removeUser(String)
    /// Somebody has used power, or has wanted to.
    case audit(AuditEntry)
    /// A value of the team's own, under a name; nil removes it.
    case setting(name: String, value: String?)

    /// About how many bytes it takes while it waits.
    var cost: Int {
        switch self {
        case .match(let match):
            match.players.reduce(256 + match.result.utf8.count + match.season.utf8.count) {
                $0 + 96 + $1.name.utf8.count + ($1.subject?.utf8.count ?? 0)
            }
        case .ban(let ban): 256 + ban.reason.utf8.count
        case .unban: 128
        case .user(let user): 256 + user.name.utf8.count + user.password.utf8.count
        case .removeUser(let name): 64 + name.utf8.count
        case .audit(let entry): 256 + entry.actor.utf8.count + entry.target.utf8.count + entry.reason.utf8.count
        case .setting(let name, let value): 64 + name.utf8.count + (value?.utf8.count ?? 0)
        }
    }
}
