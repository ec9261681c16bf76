import GameKit

/// What clients see of the arena, also of a ``TeamArena``.
extension Arena {
    @FieldBuilder<Match> static func matchFields() -> [Field<Match>] {
        Field("round", \.round, .int(1...65_535))
        Field("secondsLeft", \.secondsLeft, .int(0...3_600))
    }

    @FieldBuilder<Player> static func playerFields() -> [Field<Player>] {
        Field("x", \.x, .fixed(-20...20, step: 1 / 64), .linear)
        Field("y", \.y, .fixed(-12...12, step: 1 / 64), .linear)
        Field("aim", \.aim, .int(0...ArenaMap.directionCount - 1))
        Field("health", \.health, .int(0...100))
        Field("ammo", \.ammo, .int(0...ammoMax))
        Field("score", \.score, .int(0...9_999))
    }

    @FieldBuilder<Projectile> static func projectileFields() -> [Field<Projectile>] {
        Field("x", \.x, .fixed(-20...20, step: 1 / 64), .linear)
        Field("y", \.y, .fixed(-12...12, step: 1 / 64), .linear)
        Field("aim", \.aim, .int(0...ArenaMap.directionCount - 1))
        Field("owner", \.owner, .int(0...15))
    }

    @FieldBuilder<Pickup> static func pickupFields() -> [Field<Pickup>] {
        Field("x", \.x, .fixed(-20...20, step: 1 / 64))
        Field("y", \.y, .fixed(-12...12, step: 1 / 64))
        Field("kind", \.kind)
    }
}
