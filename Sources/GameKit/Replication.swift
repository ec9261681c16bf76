import SnapshotCore

/// A table of entities that clients see: `Entities(\.players, "player") { Field("x", \.x, …) }`.
public struct Entities<World>: Sendable {
    @usableFromInline let part: ReplicatedPart<World>

    /// Replicates the table at `path` under `name`, with the fields listed.
    ///
    /// - Parameter every: Clients see what has become of it in one of so many snapshots, 1 to 64: for what changes often and need
    ///   not be seen at once.
    @inlinable public init<Row: Entity>(
        _ path: any WritableKeyPath<World, Table<Row>> & Sendable, _ name: String, every: Int = 1,
        @FieldBuilder<Row> fields: () -> [Field<Row>]
    ) {
        let record = Record(fields())
        let property = Property(path)
        part = ReplicatedPart(
            type: Schema.EntityType(name, .table, record.declarations, every: every),
            capture: { world, table in
                property.read(world) { $0.capture(record, into: &table) }
            },
            restore: { table, world in
                property.change(&world) { $0.restore(table, record) }
            })
    }

    /// The same, for a table whose entities not everybody sees: `Entities(\.units, "unit", in: { game, id, unit in
    /// .team(unit.team) }) { … }`. Who sees which groups is for the game's `view` to say.
    ///
    /// - Parameters:
    ///   - every: As above.
    ///   - group: In which group an entity is, by the game's state alone. Asked for each entity of each snapshot.
    @inlinable public init<Row: Entity>(
        _ path: any WritableKeyPath<World, Table<Row>> & Sendable, _ name: String, every: Int = 1,
        in group: @escaping @Sendable (World, EntityID, Row) -> Group, @FieldBuilder<Row> fields: () -> [Field<Row>]
    ) {
        let property = Property(path)
        part = ReplicatedPart(
            Entities(path, name, every: every, fields: fields).part,
            group: { world, groups in
                property.read(world) { $0.group(in: world, by: group, into: &groups) }
            })
    }
}

/// One value that clients see and that is always there: `Single(\.match, "match") { Field("round", \.round, …) }`.
public struct Single<World>: Sendable {
    @usableFromInline let part: ReplicatedPart<World>

    /// Replicates the value at `path` under `name`, with the fields listed; see ``Entities`` for `every`.
    @inlinable public init<Value: Sendable>(
        _ path: any WritableKeyPath<World, Value> & Sendable, _ name: String, every: Int = 1,
        @FieldBuilder<Value> fields: () -> [Field<Value>]
    ) {
        let record = Record(fields())
        let property = Property(path)
        part = ReplicatedPart(
            type: Schema.EntityType(name, .single, record.declarations, every: every),
            capture: { world, table in
                if table.ids != [0] { table.ids = [0] }
                property.read(world) { record.capture($0, into: &table.values) }
            },
            restore: { table, world in
                property.change(&world) { record.restore(table.values, into: &$0) }
            })
    }
}

/// One entity type of the schema, tied to where its values live in the game.
@usableFromInline final class ReplicatedPart<World>: Sendable {
    @usableFromInline let type: Schema.EntityType
    /// Overwrites the table with the game's quantised values.
    @usableFromInline let capture: @Sendable (World, inout EntityTable) -> Void
    /// Overwrites the game's values with the table's.
    @usableFromInline let restore: @Sendable (EntityTable, inout World) -> Void
    /// Overwrites the array with the groups of a table's entities, in their order; nil where everybody sees all.
    let group: (@Sendable (World, inout [UInt16]) -> Void)?

    @usableFromInline init(
        type: Schema.EntityType, capture: @escaping @Sendable (World, inout EntityTable) -> Void,
        restore: @escaping @Sendable (EntityTable, inout World) -> Void
    ) {
        self.type = type
        self.capture = capture
        self.restore = restore
        group = nil
    }

    /// A part that not everybody sees all of.
    @usableFromInline init(
        _ part: ReplicatedPart<World>, group: @escaping @Sendable (World, inout [UInt16]) -> Void
    ) {
        (type, capture, restore) = (part.type, part.capture, part.restore)
        self.group = group
    }
}

/// Everything of a game that clients see, in the order it has on the wire.
public struct Replication<World>: Sendable {
    @usableFromInline let parts: [ReplicatedPart<World>]

    /// Overwrites `state` with the world's quantised values; allocates nothing once the tables have grown.
    @inlinable func capture(_ world: World, into state: inout WorldState) {
        for index in 0..<parts.count { parts[index].capture(world, &state.tables[index]) }
    }

    /// Overwrites with the world's quantised values those of the tables that are due; the others stay.
    func capture(_ world: World, into state: inout WorldState, where isDue: (Int) -> Bool) {
        for index in parts.indices where isDue(index) { parts[index].capture(world, &state.tables[index]) }
    }

    /// What clients see, with what they may ask for.
    @usableFromInline func schema<Input>(with inputs: Record<Input>) -> Schema {
        Schema(types: parts.map(\.type), input: inputs.declarations)
    }

    /// Overwrites the replicated properties of `world` with what `state` says.
    @inlinable func restore(_ state: WorldState, into world: inout World) {
        // Spans: an element taken out of an array is retained, with all that it holds.
        let (parts, tables) = (parts.span, state.tables.span)
        for index in parts.indices { parts[index].restore(tables[index], &world) }
    }
}

/// Collects the tables and singles listed in a declaration.
@resultBuilder
public enum ReplicationBuilder<World> {
    /// One of a declaration's lines.
    public struct Line: Sendable {
        let part: ReplicatedPart<World>
    }

    /// A table.
    public static func buildExpression(_ entities: Entities<World>) -> Line { Line(part: entities.part) }
    /// A single.
    public static func buildExpression(_ single: Single<World>) -> Line { Line(part: single.part) }
    /// All lines, in the order they were written.
    public static func buildBlock(_ lines: Line...) -> Replication<World> {
        Replication(parts: lines.map(\.part))
    }
}
