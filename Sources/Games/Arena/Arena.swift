import GameKit

/// A shooter seen from above: players move, aim and shoot among walls, collect health and ammunition, and score.
///
/// Options: `roundSeconds`, 10 to 3,600 (180 when left out).
struct Arena: Game {
    /// What a player asks for; holds until the next input comes.
    struct Input: GameInput, Equatable {
        var dx = 0
        var dy = 0
        var aim = 0
        var fire = false

        static var fields: [Field<Input>] {
            Field("dx", \.dx, .int(-1...1))
            Field("dy", \.dy, .int(-1...1))
            Field("aim", \.aim, .int(0...ArenaMap.directionCount - 1))
            Field("fire", \.fire)
        }
    }

    /// A player, under the id of its seat. With no health it waits to respawn.
    struct Player: Entity {
        var x = 0.0
        var y = 0.0
        var aim = 0
        var health = 0
        var ammo = 0
        var score = 0
        var intent = Input()
        var readyTick: UInt32 = 0
        var respawnTick: UInt32 = 0
        /// Its team in a ``TeamArena``; −1 where everybody is on their own.
        var team = -1
        var isAlive: Bool { health > 0 }
        var position: ArenaMap.Vector { ArenaMap.Vector(x: x, y: y) }
    }

    /// A shot under way.
    struct Projectile: Entity {
        var x = 0.0
        var y = 0.0
        var aim = 0
        var owner = 0
        var endTick: UInt32 = 0
    }

    /// What a pickup gives.
    enum PickupKind: Int, CaseIterable, FieldValue { case health, ammo }

    /// Something to collect by walking over it.
    struct Pickup: Entity {
        var x = 0.0
        var y = 0.0
        var kind = PickupKind.health
    }

    /// The current round.
    struct Match: Sendable {
        var round = 1
        var secondsLeft = 0
    }

    static let name = "arena"
    static let rules = Rules(tickRate: 30, seats: 16, rewind: .milliseconds(250))
    static var replicated: Replication<Arena> {
        Single(\.match, "match", fields: matchFields)
        Entities(\.players, "player", fields: playerFields)
        Entities(\.projectiles, "projectile", fields: projectileFields)
        Entities(\.pickups, "pickup", fields: pickupFields)
    }

    static let ammoMax = 50
    static let playerHalf = 0.5
    static let shotHalf = 0.1
    static let playerSpeed = 6.0
    static let shotSpeed = 18.0
    static let damage = 25
    static let pickupCount = 6

    var match = Match()
    var players = Table<Player>()
    var projectiles = Table<Projectile>()
    var pickups = Table<Pickup>()
    private var pickupTicks: [UInt32] = []
    /// Who stood where after the last steps, by seat; nil for who was not alive.
    private var past = Rewind<[ArenaMap.Vector?]>(Self.rules)
    private let roundSeconds: Int
    /// Whether it is over after its first round.
    private let isOneRound: Bool

    init(_ context: inout GameContext, options: JSONValue) throws {
        try self.init(&context, options: options, isOneRound: false)
    }

    init(_ context: inout GameContext, options: JSONValue, isOneRound: Bool) throws {
        self.isOneRound = isOneRound
        roundSeconds = try OptionsError.integer("roundSeconds", in: 10...3_600, of: options) ?? (isOneRound ? 90 : 180)
        match.secondsLeft = roundSeconds
        for _ in 0..<Self.pickupCount { placePickup(&context.random) }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        var player = Player()
        player.team = seat.team ?? -1
        spawn(&player, &context.random)
        players[seat: seat.number] = player
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        players[seat: seat.number] = nil
        projectiles.removeAll { _, shot in shot.owner == seat.number }
    }

    mutating func drop(_ seat: Seat, _ context: inout GameContext) {
        players[seat: seat.number]?.intent = Input()
    }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs { players[seat: seat]?.intent = input }
        moveProjectiles(&context)
        for id in players.ids {
            guard var player = players[id] else { continue }
            if player.isAlive {
                move(&player, context.dt)
                collect(&player, context.tick)
            } else if context.tick >= player.respawnTick {
                spawn(&player, &context.random)
            }
            players[id] = player
        }
        for id in players.ids { shoot(id, &context) }
        past.keep(at: context.tick, startingWith: Array(repeating: nil, count: Self.rules.seats)) { places in
            for seat in places.indices { places[seat] = nil }
            for (id, player) in players where player.isAlive { places[Int(id)] = player.position }
        }
        while let due = pickupTicks.first, due <= context.tick {
            pickupTicks.removeFirst()
            placePickup(&context.random)
        }
        if context.tick % UInt32(context.tickRate) == 0 { countDown(&context) }
    }

    /// Moves along each axis for itself, so that a player slides along a wall.
    private func move(_ player: inout Player, _ dt: Double) {
        let intent = player.intent
        player.aim = intent.aim
        let isDiagonal = intent.dx != 0 && intent.dy != 0
        let distance = Self.playerSpeed * dt * (isDiagonal ? 0.707_106_781_186_547_5 : 1)
        let x = player.x + Double(intent.dx) * distance
        if !ArenaMap.isBlocked(x, player.y, Self.playerHalf) { player.x = x }
        let y = player.y + Double(intent.dy) * distance
        if !ArenaMap.isBlocked(player.x, y, Self.playerHalf) { player.y = y }
    }

    private mutating func shoot(_ id: EntityID, _ context: inout GameContext) {
        guard let player = players[id], player.isAlive, player.intent.fire, player.ammo > 0,
            context.tick >= player.readyTick
        else { return }
        players[id]?.ammo -= 1
        players[id]?.readyTick = context.tick + 8
        launch(shot(of: player, seat: Int(id), endTick: context.tick + 60), &context)
    }

    private func shot(of player: Player, seat: Int, endTick: UInt32) -> Projectile {
        var shot = Projectile()
        (shot.x, shot.y, shot.aim, shot.owner, shot.endTick) = (player.x, player.y, player.aim, seat, endTick)
        return shot
    }

    /// Lets a shot go where it would be had it been fired when its shooter saw what it aimed at: it flies at once through the
    /// steps since, and may have hit somebody in one of them. From then on it is where everybody sees it.
    private mutating func launch(_ shot: Projectile, _ context: inout GameContext) {
        var shot = shot
        for tick in context.tickSeen(by: shot.owner) + 1..<context.tick {
            guard fly(&shot, context.dt), let places = past.state(at: tick) else { return }
            if hit(shot, where: places, &context) { return }
        }
        projectiles.insert(shot)
    }

    private mutating func moveProjectiles(_ context: inout GameContext) {
        for id in projectiles.ids {
            guard var shot = projectiles[id] else { continue }
            let isFlying = fly(&shot, context.dt) && context.tick < shot.endTick
            projectiles[id] = !isFlying || hit(shot, where: nil, &context) ? nil : shot
        }
    }

    /// Moves a shot on by a step; false where a wall ends it.
    private func fly(_ shot: inout Projectile, _ dt: Double) -> Bool {
        let direction = ArenaMap.directions[shot.aim]
        shot.x += direction.x * Self.shotSpeed * dt
        shot.y += direction.y * Self.shotSpeed * dt
        return !ArenaMap.isBlocked(shot.x, shot.y, Self.shotHalf)
    }

    /// Whether the shot has hit somebody, who then pays for it.
    ///
    /// - Parameter places: Where a seat's player stood, if it lived; nil for where they stand now.
    private mutating func hit(_ shot: Projectile, where places: [ArenaMap.Vector?]?, _ context: inout GameContext)
        -> Bool
    {
        let reach = Self.playerHalf + Self.shotHalf
        let team = players[seat: shot.owner]?.team ?? -1
        for (id, player) in players where player.isAlive && Int(id) != shot.owner {
            // Shots pass through those of their own team.
            if player.team == team, team >= 0 { continue }
            guard let place = places.map({ $0[Int(id)] }) ?? player.position else { continue }
            let (dx, dy) = (place.x - shot.x, place.y - shot.y)
            guard dx * dx + dy * dy < reach * reach else { continue }
            var victim = player
            victim.health = max(0, victim.health - Self.damage)
            if !victim.isAlive {
                victim.respawnTick = context.tick + 3 * UInt32(context.tickRate)
                players[seat: shot.owner]?.score += 1
                context.emit("frag", ["by": .integer(Int64(shot.owner)), "who": .integer(Int64(id))])
            }
            players[id] = victim
            return true
        }
        return false
    }

    private mutating func collect(_ player: inout Player, _ tick: UInt32) {
        for (id, pickup) in pickups {
            let (dx, dy) = (pickup.x - player.x, pickup.y - player.y)
            guard dx * dx + dy * dy < 1 else { continue }
            switch pickup.kind {
            case .health where player.health < 100: player.health = min(100, player.health + 50)
            case .ammo where player.ammo < Self.ammoMax: player.ammo = min(Self.ammoMax, player.ammo + 10)
            default: continue
            }
            pickups[id] = nil
            pickupTicks.append(tick + 10 * UInt32(Self.rules.tickRate))
        }
    }

    private func spawn(_ player: inout Player, _ random: inout SeededRandom) {
        let place = freePlace(&random, x: Self.half(of: player.team))
        (player.x, player.y, player.health, player.ammo) = (place.x, place.y, 100, 20)
    }

    private mutating func placePickup(_ random: inout SeededRandom) {
        var pickup = Pickup()
        let place = freePlace(&random)
        (pickup.x, pickup.y, pickup.kind) = (place.x, place.y, random.int(in: 0...1) == 0 ? .health : .ammo)
        pickups.insert(pickup)
    }

    /// A random place where a player can stand; walls cover so little that a few tries are enough.
    private func freePlace(_ random: inout SeededRandom, x: ClosedRange<Double> = half(of: -1)) -> ArenaMap.Vector {
        for _ in 0..<32 {
            let place = ArenaMap.Vector(x: random.double(in: x), y: random.double(in: -11...11))
            if !ArenaMap.isBlocked(place.x, place.y, Self.playerHalf) { return place }
        }
        return ArenaMap.Vector(x: x.lowerBound, y: -11)
    }

    /// How far to the left and right a team begins; all of the field for who is on its own.
    private static func half(of team: Int) -> ClosedRange<Double> {
        switch team {
        case 0: -19...(-8)
        case 1: 8...19
        default: -19...19
        }
    }

    private mutating func countDown(_ context: inout GameContext) {
        match.secondsLeft -= 1
        guard match.secondsLeft == 0 else { return }
        if isOneRound { return finish(&context) }
        context.emit("round-over", ["round": .integer(Int64(match.round)), "scores": scores])
        players.update { _, player in player.score = 0 }
        match.round += 1
        match.secondsLeft = roundSeconds
    }

    private var scores: JSONValue {
        .array(players.map { id, player in ["seat": .integer(Int64(id)), "score": .integer(Int64(player.score))] })
    }

    /// The match is over: the team with more points has won, if there is one.
    private func finish(_ context: inout GameContext) {
        var points = [0, 0]
        for (_, player) in players where points.indices.contains(player.team) { points[player.team] += player.score }
        var result: JSONObject = ["scores": scores, "points": .array(points.map { .integer(Int64($0)) })]
        if points[0] != points[1] { result["winner"] = .integer(points[0] > points[1] ? 0 : 1) }
        context.finish(
            .object(result), scores: Dictionary(uniqueKeysWithValues: players.map { (Int($0.id), $0.row.score) }))
    }
}
