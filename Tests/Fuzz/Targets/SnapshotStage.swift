internal import SnapshotCore

/// A game's states and the tables of its schema, for the fuzz targets of snapshots: made once.
struct SnapshotStage: Sendable {
    let schema: Schema
    /// Its states: mostly one tick after the other, some later.
    let states: [WorldState]
    /// What codec 1 has without and with a recording.
    let generic: CodingTables
    let trained: CodingTables

    /// One of several; each is made when it is first asked for.
    static func chosen(by number: Int) -> SnapshotStage {
        switch number % 4 {
        case 0: lamps
        case 1: bodies
        case 2: many
        default: bare
        }
    }

    private static let lamps = SnapshotStage([
        .init("lamp", .table, [.init("lit", .bool), .init("x", .int(0...9), .linear)])
    ])
    private static let bodies = SnapshotStage([
        .init("body", .table, [.init("turn", .quaternion(bits: 9), .linear), .init("x", .int(0...8_000), .linear)])
    ])
    private static let many = SnapshotStage([
        .init("door", .table, [.init("state", .enumeration(5)), .init("at", .angle(bits: 12), .linear)]),
        .init("clock", .single, [.init("turn", .quaternion(bits: 3)), .init("at", .int(-5...4_294_967_290), .linear)]),
        .init("mark", .table, [.init("x", .fixed(-4...4, step: 0.125), .linear)]),
        .init("flag", .single, [.init("up", .bool)]),
    ])
    private static let bare = SnapshotStage(
        MovingWorld.carried + [.init("place", .table, []), .init("nothing", .single, [])])

    private init(_ types: [Schema.EntityType]) {
        let schema = Schema(types: types, input: [])
        var world = MovingWorld(seed: 1, schema: schema)
        var trainer = TableTrainer(schema: schema)
        generic = trainer.tables()
        var states = [world.state]
        for index in 1..<40 {
            world.advance(by: index % 9 == 8 ? 18 : index % 4 == 3 ? 2 : 1)
            states.append(world.state)
            trainer.learn(states[index], since: states[index - 1], before: index > 1 ? states[index - 2] : nil)
            if index % 4 == 0 { trainer.learn(states[index], since: nil, before: nil) }
        }
        self.schema = schema
        self.states = states
        trained = trainer.tables()
    }

    /// Ends the process when a decoder has made a state that no game could have.
    func check(_ state: WorldState) {
        for (table, (type, layout)) in zip(state.tables, zip(schema.types, schema.layouts)) {
            precondition(zip(table.ids, table.ids.dropFirst()).allSatisfy { $0 < $1 }, "ids in no order")
            precondition(table.ids.count <= 65_535, "more entities than there can be")
            precondition(table.values.count == table.ids.count * layout.fieldCount, "a table without its shape")
            precondition(type.multiplicity == .table || table.ids == [0], "a single that is not one")
            for (at, value) in table.values.enumerated() {
                precondition(value <= layout.quantisers[at % layout.fieldCount].maximum, "a value out of its range")
            }
        }
    }
}
