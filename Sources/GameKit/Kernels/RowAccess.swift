import SnapshotCore

/// Where one field lies in its record, and how its bytes become a number. Trivial, so that going through many counts no
/// references.
struct FieldPlace: Sendable {
    /// What lies there.
    enum Form: Sendable {
        case double
        case float
        case int
        /// Any value of one byte: a bool, or an enumeration of up to 256 cases.
        case byte
    }

    /// Bytes from the start of the record, as `MemoryLayout.offset(of:)` says.
    let offset: Int
    let form: Form
    let quantiser: Quantiser

    /// The place of a stored property; nil for a computed one, or for a type whose bytes are not known here.
    init?<Root, Value: FieldValue>(_ path: WritableKeyPath<Root, Value>, _ quantiser: Quantiser) {
        guard let offset = MemoryLayout<Root>.offset(of: path) else { return nil }
        if Value.self == Double.self {
            form = .double
        } else if Value.self == Float.self {
            form = .float
        } else if Value.self == Int.self {
            form = .int
        } else if MemoryLayout<Value>.size == 1, quantiser.maximum < 256 {
            form = .byte
        } else {
            return nil
        }
        self.offset = offset
        self.quantiser = quantiser
    }
}

/// What the bytes of a one-byte type mean in a field.
///
/// Only bytes of values that the type itself has made are ever written, so no invalid case can come about.
struct ByteCodes: Sendable {
    /// How long ``table`` is.
    static let tableCount = 512
    /// First the quantised value of each byte, -1 for bytes that restoring never writes; then the byte for each quantised
    /// value, -1 where the type has no value.
    let table: [Int16]
    /// The quantised value of a valid byte that the table does not have: a case that restoring does not know.
    let quantiseOther: @Sendable (UInt8) -> UInt32

    /// - Precondition: `Value` is one byte long, and the quantiser's maximum is below 256.
    init<Value: FieldValue>(_ type: Value.Type, _ quantiser: Quantiser) {
        var table = [Int16](repeating: -1, count: Self.tableCount)
        for code in 0...quantiser.maximum {
            guard let value = Value(fieldNumber: quantiser.number(of: code)) else { continue }
            let byte = unsafe withUnsafeBytes(of: value) { unsafe $0[0] }
            table[Int(byte)] = Int16(quantiser.quantise(value.fieldNumber))
            table[256 + Int(code)] = Int16(byte)
        }
        self.table = table
        quantiseOther = { byte in
            // The byte was read out of a `Value`, and `Value` is one byte long.
            let value = unsafe withUnsafeBytes(of: byte) { unsafe $0.load(as: Value.self) }
            return quantiser.quantise(value.fieldNumber)
        }
    }
}

/// The fields of a record that are stored properties: captures and restores them by their offsets, without a generic call
/// or a closure for each value.
///
/// Offsets come from the compiler, and each is only used on records of the type that it was asked of.
@usableFromInline struct PlacedFields: Sendable {
    /// A field's place, where its value stands among the record's values, and where its codes begin.
    private struct Entry {
        var place: FieldPlace
        var index: Int
        var codes: Int
    }

    private var entries: [Entry] = []
    /// The tables of all one-byte fields, one after the other.
    private var codes: [Int16] = []
    private var quantiseOther: [@Sendable (UInt8) -> UInt32] = []
    /// How many values one record has, of these fields and of all others.
    private let width: Int

    /// No fields yet, of records with `width` values.
    init(width: Int) {
        self.width = width
    }

    /// Adds the field whose value is the one at `index` of a record's.
    mutating func add(_ place: FieldPlace, _ codes: ByteCodes?, at index: Int) {
        entries.append(Entry(place: place, index: index, codes: self.codes.count))
        guard let codes else { return }
        self.codes += codes.table
        quantiseOther.append(codes.quantiseOther)
    }

    /// Writes the quantised values of `rows`, one row after the other, into `values`, which has room for them.
    @inlinable func capture<Row>(_ rows: [Row], into values: inout [UInt32]) {
        let count = rows.count
        unsafe rows.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe capture(base, count: count, stride: MemoryLayout<Row>.stride, into: &values)
        }
    }

    /// Writes the quantised values of one record into `values`, which has room for them.
    @inlinable func capture<Record>(_ record: Record, into values: inout [UInt32]) {
        unsafe withUnsafePointer(to: record) { pointer in
            unsafe capture(UnsafeRawPointer(pointer), count: 1, stride: 0, into: &values)
        }
    }

    /// Sets the fields of `rows` from values, one row after the other.
    ///
    /// - Precondition: there are values for all rows, within the fields' maxima.
    @inlinable func restore<Row>(_ values: [UInt32], into rows: inout [Row]) {
        let count = rows.count
        unsafe rows.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe restore(values, into: base, count: count, stride: MemoryLayout<Row>.stride)
        }
    }

    /// Sets the fields of one record from the first values.
    ///
    /// - Precondition: there are values for all fields, within their maxima.
    @inlinable func restore<Record>(_ values: [UInt32], into record: inout Record) {
        unsafe withUnsafeMutablePointer(to: &record) { pointer in
            unsafe restore(values, into: UnsafeMutableRawPointer(pointer), count: 1, stride: 0)
        }
    }

    @usableFromInline func capture(
        _ base: UnsafeRawPointer, count: Int, stride: Int, into values: inout [UInt32]
    ) {
        var out = values.mutableSpan
        for entry in entries {
            let quantiser = entry.place.quantiser
            var from = unsafe base + entry.place.offset
            var at = entry.index
            for _ in 0..<count {
                switch entry.place.form {
                case .double: out[at] = quantiser.quantise(unsafe from.load(as: Double.self))
                case .float: out[at] = quantiser.quantise(Double(unsafe from.load(as: Float.self)))
                case .int: out[at] = quantiser.quantise(Double(unsafe from.load(as: Int.self)))
                case .byte: out[at] = quantise(unsafe from.load(as: UInt8.self), entry.codes)
                }
                unsafe from += stride
                at += width
            }
        }
    }

    @usableFromInline func restore(
        _ values: [UInt32], into base: UnsafeMutableRawPointer, count: Int, stride: Int
    ) {
        let values = values.span
        for entry in entries {
            let quantiser = entry.place.quantiser
            var to = unsafe base + entry.place.offset
            var at = entry.index
            for _ in 0..<count {
                let number = quantiser.number(of: values[at])
                switch entry.place.form {
                case .double: unsafe to.storeBytes(of: number, as: Double.self)
                case .float: unsafe to.storeBytes(of: Float(number), as: Float.self)
                case .int: if let known = Int(fieldNumber: number) { unsafe to.storeBytes(of: known, as: Int.self) }
                case .byte:
                    let byte = codes[entry.codes + 256 + Int(values[at])]
                    if byte >= 0 { unsafe to.storeBytes(of: UInt8(byte), as: UInt8.self) }
                }
                unsafe to += stride
                at += width
            }
        }
    }

    private func quantise(_ byte: UInt8, _ start: Int) -> UInt32 {
        let known = codes[start + Int(byte)]
        return known >= 0 ? UInt32(known) : quantiseOther[start / ByteCodes.tableCount](byte)
    }
}

/// A stored or computed property of a game.
@usableFromInline struct Property<Root, Value>: Sendable {
    @usableFromInline let path: any WritableKeyPath<Root, Value> & Sendable
    /// Where it is stored in the game; nil when it is computed.
    @usableFromInline let offset: Int?

    @inlinable init(_ path: any WritableKeyPath<Root, Value> & Sendable) {
        self.path = path
        offset = MemoryLayout<Root>.offset(of: path)
    }

    /// Lends the value.
    @inlinable func read(_ root: Root, _ body: (Value) -> Void) {
        guard let offset else { return body(root[keyPath: path]) }
        unsafe withUnsafePointer(to: root) { pointer in
            let place = unsafe UnsafeRawPointer(pointer) + offset
            body(unsafe place.assumingMemoryBound(to: Value.self).pointee)
        }
    }

    /// Lends the value to be changed in place.
    @inlinable func change(_ root: inout Root, _ body: (inout Value) -> Void) {
        guard let offset else { return body(&root[keyPath: path]) }
        unsafe withUnsafeMutablePointer(to: &root) { pointer in
            let place = unsafe UnsafeMutableRawPointer(pointer) + offset
            unsafe body(&place.assumingMemoryBound(to: Value.self).pointee)
        }
    }
}
