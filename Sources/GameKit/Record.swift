import SnapshotCore

/// How a field's value is got out of its record, quantised, and back into it.
enum FieldAccess<Root>: Sendable {
    /// By its place in memory.
    case placed(FieldPlace, ByteCodes?)
    /// Through its accessors: a computed property, or a type that has no place.
    case computed(ComputedField<Root>)

    init<Value: FieldValue>(_ path: any WritableKeyPath<Root, Value> & Sendable, _ quantiser: Quantiser) {
        if let place = FieldPlace(path, quantiser) {
            self = .placed(place, place.form == .byte ? ByteCodes(Value.self, quantiser) : nil)
        } else {
            self = .computed(
                ComputedField(
                    capture: { quantiser.quantise($0[keyPath: path].fieldNumber) },
                    restore: { root, value in
                        guard let known = Value(fieldNumber: quantiser.number(of: value)) else { return }
                        root[keyPath: path] = known
                    }))
        }
    }
}

/// A field that is reached by calls.
@usableFromInline struct ComputedField<Root>: Sendable {
    /// Where its value stands among the record's values.
    @usableFromInline var index = 0
    /// The field's value, quantised.
    @usableFromInline let capture: @Sendable (Root) -> UInt32
    /// Sets the field from a quantised value.
    @usableFromInline let restore: @Sendable (inout Root, UInt32) -> Void

    init(capture: @escaping @Sendable (Root) -> UInt32, restore: @escaping @Sendable (inout Root, UInt32) -> Void) {
        self.capture = capture
        self.restore = restore
    }
}

extension ComputedField {
    /// How many bytes there are, of those that are sent.
    static func count(of path: any WritableKeyPath<Root, [UInt8]> & Sendable, atMost most: Int) -> ComputedField {
        ComputedField(
            capture: { UInt32(min($0[keyPath: path].count, most)) },
            restore: { root, value in root[keyPath: path] = Array(repeating: 0, count: Int(value)) })
    }

    /// Four of the bytes as one number, the first one lowest; 0 in place of those that are not there.
    ///
    /// Restored behind the count, which has made room for them.
    static func word(
        _ index: Int, of path: any WritableKeyPath<Root, [UInt8]> & Sendable, atMost most: Int
    ) -> ComputedField {
        let places = index * 4..<min(index * 4 + 4, most)
        return ComputedField(
            capture: { root in
                let bytes = root[keyPath: path]
                return places.reduce(0) { word, at in
                    at < bytes.count ? word | UInt32(bytes[at]) << UInt32(8 * (at - places.lowerBound)) : word
                }
            },
            restore: { root, value in
                for at in places where at < root[keyPath: path].count {
                    root[keyPath: path][at] = UInt8(truncatingIfNeeded: value >> UInt32(8 * (at - places.lowerBound)))
                }
            })
    }
}

/// All fields of one type of record, a table's row, a single or an input, made ready to go through many.
@usableFromInline struct Record<Root: Sendable>: Sendable {
    /// The fields as the schema has them.
    @usableFromInline let declarations: [Schema.Field]
    @usableFromInline let placed: PlacedFields
    @usableFromInline let computed: [ComputedField<Root>]

    @usableFromInline init(_ fields: [Field<Root>]) {
        declarations = fields.map(\.declaration)
        var placed = PlacedFields(width: fields.count)
        var computed: [ComputedField<Root>] = []
        for (index, field) in fields.enumerated() {
            switch field.access {
            case .placed(let place, let codes): placed.add(place, codes, at: index)
            case .computed(var field):
                field.index = index
                computed.append(field)
            }
        }
        self.placed = placed
        self.computed = computed
    }

    /// How many values a record has.
    @inlinable var width: Int { declarations.count }

    /// Overwrites `values` with the quantised values of `rows`, one row after the other.
    @inlinable func capture(_ rows: [Root], into values: inout [UInt32]) {
        resize(&values, rows.count * width)
        placed.capture(rows, into: &values)
        for field in computed {
            for row in rows.indices { values[row * width + field.index] = field.capture(rows[row]) }
        }
    }

    /// Overwrites `values` with the quantised values of one record.
    @inlinable func capture(_ record: Root, into values: inout [UInt32]) {
        resize(&values, width)
        placed.capture(record, into: &values)
        for field in computed { values[field.index] = field.capture(record) }
    }

    /// Sets the fields of `rows` from values, one row after the other.
    ///
    /// - Precondition: there are values for all rows, within the fields' maxima.
    @inlinable func restore(_ values: [UInt32], into rows: inout [Root]) {
        placed.restore(values, into: &rows)
        for field in computed {
            for row in rows.indices { field.restore(&rows[row], values[row * width + field.index]) }
        }
    }

    /// Sets the fields of one record from values.
    ///
    /// - Precondition: there are values for all fields, within their maxima.
    @inlinable func restore(_ values: [UInt32], into record: inout Root) {
        placed.restore(values, into: &record)
        for field in computed { field.restore(&record, values[field.index]) }
    }

    /// Gives `values` that many elements, whatever they are.
    @usableFromInline func resize(_ values: inout [UInt32], _ count: Int) {
        if values.count > count { values.removeLast(values.count - count) }
        while values.count < count { values.append(0) }
    }
}
