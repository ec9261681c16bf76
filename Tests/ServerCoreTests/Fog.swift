import GameKit

/// A game in which nobody sees all: units of two teams, a hand for each seat, animals on a grid, and what no one sees. Where all
/// of it is follows from the tick alone, so that a test knows what each player must see.
///
/// With the option `other` all is different that seat 0 must not see, in number as well as in value.
struct Fog: Game {
    struct Unit: Entity { var strength = 0 }
    struct Animal: Entity {
        var x = 0.0
        var y = 0.0
    }
    struct Clock: Sendable { var tick = 0 }

    static let name = "fog"
    static let rules = Rules(tickRate: 20, seats: 4, grace: .seconds(30))
    static var replicated: Replication<Fog> {
        Single(\.clock, "clock") { Field("tick", \.tick, .int(0...1_000_000)) }
        Entities(\.units, "unit", in: { _, id, _ in .team(Int(id) / 100) }) {
            Field("strength", \.strength, .int(0...4_294_967_294))
        }
        Entities(\.hands, "hand", in: { _, id, _ in .seat(Int(id) / 100) }) {
            Field("strength", \.strength, .int(0...4_294_967_294))
        }
        Entities(\.animals, "animal", in: { game, _, animal in Fog.grid.group(x: animal.x, y: animal.y) }) {
            Field("x", \.x, .fixed(0...100, step: 0.25))
            Field("y", \.y, .fixed(0...100, step: 0.25))
        }
        Entities(\.hidden, "hidden", in: { _, _, _ in .own(60_000) }) {
            Field("strength", \.strength, .int(0...4_294_967_294))
        }
        Entities(\.flags, "flag") { Field("strength", \.strength, .int(0...7)) }
    }

    static let grid = GroupGrid(x: 0...100, y: 0...100, cell: 10)
    static let sight = 12.0
    /// A number whose 32 bits come up nowhere by themselves.
    static let secret = 0xB5C0_FDE8

    private(set) var clock = Clock()
    private(set) var units = Table<Unit>()
    private(set) var hands = Table<Unit>()
    private(set) var animals = Table<Animal>()
    private(set) var hidden = Table<Unit>()
    private(set) var flags = Table<Unit>()
    private let isOther: Bool
    private let seesAlike: Bool

    init(_ context: inout GameContext, options: JSONValue) {
        isOther = options["other"] == true
        seesAlike = options["alike"] == true
        place(0)
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) { flags[seat: seat.number] = Unit(strength: 1) }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { flags[seat: seat.number] = nil }
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) { place(Int(context.tick)) }

    func view(of seat: Seat, _ view: inout View) {
        view.add(.team(seat.number % 2))
        guard !seesAlike else { return }
        view.add(.seat(seat.number))
        let eye = Fog.eye(of: seat.number, at: clock.tick)
        view.add(Fog.grid, x: eye.x, y: eye.y, radius: Fog.sight)
    }

    /// Where a player stands: seat 0 always far from the right side.
    static func eye(of seat: Int, at tick: Int) -> (x: Double, y: Double) {
        (Double((tick + seat * 13) % 50), Double((tick * 3 + seat * 29) % 100))
    }

    /// Where an animal is; those from 50 on never come near seat 0.
    static func animal(_ id: Int, at tick: Int) -> (x: Double, y: Double) {
        guard id < 50 else { return (Double(80 + (tick + id) % 20), Double((tick * 2 + id * 7) % 100)) }
        return (Double((tick * 2 + id * 17) % 70), Double((tick + id * 31) % 100))
    }

    private mutating func place(_ tick: Int) {
        clock.tick = tick
        for team in 0..<2 {
            let isSecret = team == 1 && isOther
            // Some come and go.
            for number in 0..<9 {
                let isThere = (tick + number) % (isSecret ? 3 : 5) != 0
                units[EntityID(team * 100 + number)] =
                    isThere ? Unit(strength: tick / 4 + number + (isSecret ? Fog.secret : 0)) : nil
            }
        }
        for seat in 0..<4 {
            let isSecret = seat > 0 && isOther
            hands[EntityID(seat * 100)] = Unit(strength: seat + tick / 8 + (isSecret ? 7_000 : 0))
            hands[EntityID(seat * 100 + 1)] = isSecret && tick % 2 == 0 ? Unit(strength: Fog.secret) : nil
        }
        for id in 0..<80 {
            let spot = Fog.animal(id, at: tick + (isOther && id >= 50 ? 11 : 0))
            animals[EntityID(id)] = id >= 50 && isOther && tick % 7 == 0 ? nil : Animal(x: spot.x, y: spot.y)
        }
        for id in 0..<(isOther ? tick % 40 : 3) { hidden[EntityID(id)] = Unit(strength: Fog.secret + tick) }
    }
}

/// The same, shown whole to those who watch.
struct OpenFog: Game {
    static let name = "openfog"
    static let rules = Rules(tickRate: 20, seats: 4, watch: WatchRules(delay: .seconds(1), seesEverything: true))
    static var replicated: Replication<OpenFog> {
        Entities(\.hands, "hand", in: { _, id, _ in .seat(Int(id)) }) { Field("at", \.at, .int(0...1_000_000)) }
    }

    private(set) var hands = Table<Pawn>()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) { hands[seat: seat.number] = Pawn() }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { hands[seat: seat.number] = nil }
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        hands.update { _, hand in hand.at += 1 }
    }
}
