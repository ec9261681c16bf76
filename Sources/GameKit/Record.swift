import SnapshotCore

/// How a field's value is got out of its record, quantised, and back into it.
enum FieldAccess<Root>: Sendable {
    /// By its place in memory.
    case placed(FieldPlace, ByteCodes?)
    /// Through its accessors: a computed property, or a type that has no place.
    case computed(ComputedField<Root>)
    /// With the field before it, whose property it belongs to.
    case joined

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

/// A field that is reached by calls, or several that are one property.
@usableFromInline struct ComputedField<Root>: Sendable {
    /// Where its first value stands among the record's values.
    @usableFromInline var index = 0
    /// Writes the quantised values from that index on.
    @usableFromInline let capture: @Sendable (Root, inout [UInt32], Int) -> Void
    /// Sets the property from the values from that index on.
    @usableFromInline let restore: @Sendable (inout Root, [UInt32], Int) -> Void

    /// One value.
    init(capture: @escaping @Sendable (Root) -> UInt32, restore: @escaping @Sendable (inout Root, UInt32) -> Void) {
        self.capture = { root, values, at in values[at] = capture(root) }
        self.restore = { root, values, at in restore(&root, values[at]) }
    }

    /// Bytes: their count, and behind it words of four, the first one lowest, with 0 in place of those that are not there.
    init(bytes path: any WritableKeyPath<Root, [UInt8]> & Sendable, atMost most: Int) {
        capture = { root, values, at in
            let bytes = root[keyPath: path].prefix(most)
            values[at] = UInt32(bytes.count)
            for word in 0..<(most + 3) / 4 {
                let four = bytes.dropFirst(word * 4).prefix(4)
                values[at + 1 + word] = four.reversed().reduce(0) { $0 << 8 | UInt32($1) }
            }
        }
        restore = { root, values, at in
            root[keyPath: path] = (0..<Int(values[at])).map { place in
                UInt8(truncatingIfNeeded: values[at + 1 + place / 4] >> UInt32(8 * (place % 4)))
            }
        }
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
            case .joined: break
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
            for row in rows.indices { field.capture(rows[row], &values, row * width + field.index) }
        }
    }

    /// Overwrites `values` with the quantised values of one record.
    @inlinable func capture(_ record: Root, into values: inout [UInt32]) {
        resize(&values, width)
        placed.capture(record, into: &values)
        for field in computed { field.capture(record, &values, field.index) }
    }

    /// Sets the fields of `rows` from values, one row after the other.
    ///
    /// - Precondition: there are values for all rows, within the fields' maxima.
    @inlinable func restore(_ values: [UInt32], into rows: inout [Root]) {
        placed.restore(values, into: &rows)
        for field in computed {
            for row in rows.indices { field.restore(&rows[row], values, row * width + field.index) }
        }
    }

    /// Sets the fields of one record from values.
    ///
    /// - Precondition: there are values for all fields, within their maxima.
    @inlinable func restore(_ values: [UInt32], into record: inout Root) {
        placed.restore(values, into: &record)
        for field in computed { field.restore(&record, values, field.index) }
    }

    /// Gives `values` that many elements, whatever they are.
    @usableFromInline func resize(_ values: inout [UInt32], _ count: Int) {
        if values.count > count { values.removeLast(values.count - count) }
        while values.count < count { values.append(0) }
    }
}
