import ByteKit

/// Writes states of one schema as JSON, in the game's own units (protocol/spec/lobby.md §5.2).
///
/// `{"pawn":[{"id":0,"x":1.5,"open":true}],"clock":{"at":7}}`: a table is an array of objects, a single one object.
/// Everything that does not change from state to state is made once.
package struct StateJSON: Sendable {
    /// One field: what stands in front of its value, and how the value is written.
    private struct Field: Sendable {
        /// `"name":`
        let label: [UInt8]
        let form: Form
    }

    private enum Form: Sendable {
        case bool
        /// The value and this.
        case whole(Int)
        /// The number in so many decimals.
        case decimal(Quantiser, places: Int)
    }

    private struct Part: Sendable {
        /// `"name":`
        let label: [UInt8]
        let isTable: Bool
        /// Whether an entity's id is written; a field of the game's named `id` stands for itself.
        let hasID: Bool
        let fields: [Field]
    }

    private let parts: [Part]

    /// A writer for states of `schema`.
    package init(schema: Schema) {
        parts = schema.types.map { type in
            let isTable = type.multiplicity == .table
            return Part(
                label: Self.label(type.name), isTable: isTable,
                hasID: isTable && !type.fields.contains { $0.name == "id" },
                fields: type.fields.map { Field(label: Self.label($0.name), form: Self.form($0.kind)) })
        }
    }

    /// Names need no escapes: they are letters, digits and underscores.
    private static func label(_ name: String) -> [UInt8] { Array("\"\(name)\":".utf8) }

    private static func form(_ kind: FieldKind) -> Form {
        switch kind {
        case .bool: .bool
        case .int(let range): .whole(range.lowerBound)
        case .enumeration, .quaternion: .whole(0)
        case .entity: .whole(-1)
        case .fixed(let range, let step):
            .decimal(Quantiser(kind), places: max(places(of: range.lowerBound), places(of: step)))
        // No number of decimals is exact here. These are enough to find the direction again.
        case .angle(let bits): .decimal(Quantiser(kind), places: bits * 3 / 10 + 1)
        }
    }

    /// How many decimals a number has.
    private static func places(of number: Double) -> Int {
        let text = SchemaText.decimal(number)
        guard let point = text.utf8.firstIndex(of: UInt8(ascii: ".")) else { return 0 }
        return text.utf8.distance(from: point, to: text.utf8.endIndex) - 1
    }

    /// Appends `state`.
    ///
    /// - Precondition: It is a state of the schema.
    package func write(_ state: WorldState, to text: inout [UInt8]) {
        precondition(state.tables.count == parts.count, "a state of another schema")
        text.append(UInt8(ascii: "{"))
        for index in parts.indices {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += parts[index].label
            write(parts[index], state.tables[index], to: &text)
        }
        text.append(UInt8(ascii: "}"))
    }

    private func write(_ part: Part, _ table: EntityTable, to text: inout [UInt8]) {
        let values = table.values.span
        guard part.isTable else { return write(part, id: nil, values, to: &text) }
        text.append(UInt8(ascii: "["))
        for row in table.ids.indices {
            if row > 0 { text.append(UInt8(ascii: ",")) }
            let start = row * part.fields.count
            write(part, id: table.ids[row], values.extracting(start..<start + part.fields.count), to: &text)
        }
        text.append(UInt8(ascii: "]"))
    }

    private func write(_ part: Part, id: UInt16?, _ values: Span<UInt32>, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "{"))
        var isFirst = true
        if let id, part.hasID {
            text += Self.idLabel
            text.appendDecimal(Int(id))
            isFirst = false
        }
        for index in part.fields.indices {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            text += part.fields[index].label
            switch part.fields[index].form {
            case .bool: text += values[index] == 0 ? Self.no : Self.yes
            case .whole(let origin): text.appendDecimal(origin + Int(values[index]))
            case .decimal(let quantiser, let places):
                Self.write(quantiser.number(of: values[index]), places: places, to: &text)
            }
        }
        text.append(UInt8(ascii: "}"))
    }

    private static let idLabel = label("id")
    private static let no = Array("false".utf8)
    private static let yes = Array("true".utf8)

    /// Appends a number with at most `places` decimals, without zeros at its end.
    private static func write(_ number: Double, places: Int, to text: inout [UInt8]) {
        var unit = 1
        for _ in 0..<min(places, 15) { unit *= 10 }
        let scaled = number.magnitude * Double(unit)
        // Beyond 2^53 a double has no such decimals.
        guard places <= 15, scaled < 0x1p53 else {
            text.append(contentsOf: number.description.utf8)
            return
        }
        let whole = Int(scaled + 0.5)
        if number < 0, whole > 0 { text.append(UInt8(ascii: "-")) }
        text.appendDecimal(whole / unit)
        var (rest, place) = (whole % unit, unit / 10)
        guard rest > 0 else { return }
        text.append(UInt8(ascii: "."))
        while rest > 0 {
            text.append(UInt8(ascii: "0") + UInt8(rest / place))
            rest %= place
            place /= 10
        }
    }
}
