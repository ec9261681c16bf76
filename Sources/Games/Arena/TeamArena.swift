import GameKit

/// The arena as a match of two teams: it begins three seconds after everyone is ready, and when its one round is over its
/// players may ask for another.
///
/// Options: `roundSeconds`, 10 to 3,600 (90 when left out).
struct TeamArena: Game {
    typealias Input = Arena.Input

    static let name = "team-arena"
    static let rules = Rules(
        tickRate: 30, seats: 16, rewind: .milliseconds(250),
        match: MatchRules(
            start: .whenReady(minimum: 2, countdown: .seconds(3)), teams: 2, rematchTime: .seconds(30)))
    static var replicated: Replication<TeamArena> {
        Single(\.arena.match, "match", fields: Arena.matchFields)
        Entities(\.arena.players, "player", fields: playerFields)
        Entities(\.arena.projectiles, "projectile", fields: Arena.projectileFields)
        Entities(\.arena.pickups, "pickup", fields: Arena.pickupFields)
    }

    /// Those of the arena, and the team.
    private static func playerFields() -> [Field<Arena.Player>] {
        Arena.playerFields() + [Field("team", \.team, .int(0...1))]
    }

    var arena: Arena

    init(_ context: inout GameContext, options: JSONValue) throws {
        arena = try Arena(&context, options: options, isOneRound: true)
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) { arena.join(seat, &context) }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { arena.leave(seat, &context) }
    mutating func drop(_ seat: Seat, _ context: inout GameContext) { arena.drop(seat, &context) }
    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) { arena.step(inputs, &context) }
}

/// Plays like ``ArenaBrain``, against the other team.
struct TeamArenaBrain: Brain {
    private var brain: ArenaBrain

    init(seed: UInt64) { brain = ArenaBrain(seed: seed) }

    mutating func decide(_ game: TeamArena, seat: Int, tick: UInt32) -> Arena.Input? {
        brain.decide(game.arena, seat: seat, tick: tick)
    }
}
