import SnapshotCore

/// The first place at which two states of one schema differ.
package struct StateDifference: Sendable, Equatable, CustomStringConvertible {
    /// The entity type.
    package let type: String
    /// The entity's id; nil in a single.
    package let id: UInt16?
    /// The field; nil where one of the states does not have the entity.
    package let field: String?
    /// What each state has there, in the game's own units; nil without the entity.
    package let values: (Double?, Double?)

    /// Where they differ, or nil where they do not.
    package init?(_ left: WorldState, _ right: WorldState, schema: Schema) {
        for (index, type) in schema.types.enumerated() {
            guard let found = Self(left.tables[index], right.tables[index], type) else { continue }
            self = found
            return
        }
        return nil
    }

    private init?(_ left: EntityTable, _ right: EntityTable, _ type: Schema.EntityType) {
        guard left != right else { return nil }
        let width = type.fields.count
        for id in Set(left.ids).union(right.ids).sorted() {
            guard let row = left.ids.firstIndex(of: id), let other = right.ids.firstIndex(of: id) else {
                self.init(type, id, nil, (nil, nil))
                return
            }
            for column in 0..<width {
                let (value, otherValue) = (left.values[row * width + column], right.values[other * width + column])
                guard value != otherValue else { continue }
                let quantiser = Quantiser(type.fields[column].kind)
                self.init(
                    type, id, type.fields[column].name, (quantiser.number(of: value), quantiser.number(of: otherValue)))
                return
            }
        }
        return nil
    }

    private init(_ type: Schema.EntityType, _ id: UInt16, _ field: String?, _ values: (Double?, Double?)) {
        self.type = type.name
        self.id = type.multiplicity == .table ? id : nil
        self.field = field
        self.values = values
    }

    package static func == (left: StateDifference, right: StateDifference) -> Bool {
        left.type == right.type && left.id == right.id && left.field == right.field && left.values == right.values
    }

    /// `player 3: x is 1.5 and 2`.
    package var description: String {
        let entity = id.map { "\(type) \($0)" } ?? type
        guard let field, let left = values.0, let right = values.1 else { return "\(entity): one of them has it not" }
        return "\(entity): \(field) is \(left) and \(right)"
    }
}
