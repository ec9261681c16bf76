import SnapshotCore

/// A type that a field can have: anything that is a number on its way to the clients.
///
/// `Bool`, `Int`, `Float` and `Double` are; so is an enumeration with whole raw values once it says so:
/// `enum Mark: Int, CaseIterable, FieldValue { case none, cross, nought }`.
public protocol FieldValue: Sendable {
    /// The value as a number: 0 or 1 for a bool, the raw value for an enumeration.
    var fieldNumber: Double { get }
    /// The value that a number stands for; nil when there is none.
    init?(fieldNumber: Double)
}

extension Double: FieldValue {
    /// The number itself.
    public var fieldNumber: Double { self }
    /// The number itself.
    public init?(fieldNumber: Double) { self = fieldNumber }
}

extension Float: FieldValue {
    /// The same number.
    public var fieldNumber: Double { Double(self) }
    /// The nearest number.
    public init?(fieldNumber: Double) { self.init(fieldNumber) }
}

extension Int: FieldValue {
    /// The same number, up to 2⁵³.
    public var fieldNumber: Double { Double(self) }
    /// The nearest whole number.
    public init?(fieldNumber: Double) {
        guard fieldNumber.magnitude < 0x1p62 else { return nil }
        self = Int(fieldNumber + (fieldNumber < 0 ? -0.5 : 0.5))
    }
}

extension Bool: FieldValue {
    /// 0 or 1.
    public var fieldNumber: Double { self ? 1 : 0 }
    /// True for anything but 0.
    public init?(fieldNumber: Double) { self = fieldNumber != 0 }
}

extension FieldValue where Self: RawRepresentable, RawValue: FixedWidthInteger {
    /// The raw value.
    public var fieldNumber: Double { Double(rawValue) }
    /// The case with that raw value.
    public init?(fieldNumber: Double) {
        guard let raw = RawValue(exactly: fieldNumber) else { return nil }
        self.init(rawValue: raw)
    }
}

/// One field of an entity, a single or an input: its name for clients, where it lives, and how it is quantised.
///
/// What the simulation holds may be finer or out of range; clients get the nearest value that the kind has.
public struct Field<Root: Sendable>: Sendable {
    let declaration: Schema.Field
    let access: FieldAccess<Root>

    /// A field of any kind: `Field("x", \.x, .fixed(-32...32, step: 1 / 64), .linear)`.
    ///
    /// A predictor other than `.stay` makes smaller what is sent of things that go on as they do, and changes nothing else.
    ///
    /// - Parameter predictor: What clients may expect of it: `.linear`, that it goes on as it did; `.parent("carrier")`, that it
    ///   moves as the same field of the entity does that this one's field `carrier` refers to.
    /// - Precondition: the kind is possible; see `FieldKind`.
    public init<Value: FieldValue>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ kind: FieldKind,
        _ predictor: Schema.Predictor = .stay
    ) {
        if let problem = kind.problem { preconditionFailure("field \"\(name)\": \(problem)") }
        declaration = Schema.Field(name, kind, predictor)
        access = FieldAccess(path, Quantiser(kind))
    }

    /// A field that is true or false.
    public init(_ name: String, _ path: any WritableKeyPath<Root, Bool> & Sendable) {
        self.init(name, path, .bool)
    }

    /// A field that is one of an enumeration's cases.
    ///
    /// - Precondition: raw values are 0 to 65,535.
    public init<Value: FieldValue & CaseIterable & RawRepresentable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable
    ) where Value.RawValue: FixedWidthInteger {
        let raw = Value.allCases.map { Int(clamping: $0.rawValue) }
        precondition(
            raw.allSatisfy { (0...65_535).contains($0) }, "field \"\(name)\": raw values are not 0 to 65,535")
        self.init(name, path, .enumeration((raw.max() ?? 0) + 1))
    }
}

extension Field {
    /// Two or three numbers in one: `Field.vector("position", \.position, -32...32, step: 1 / 64, .linear)`. Clients see
    /// `position.x`, `position.y` and, of three, `position.z`.
    ///
    /// - Precondition: the vector has two or three components, and the range is possible; see `FieldKind`.
    public static func vector<Value: SIMD & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ range: ClosedRange<Double>, step: Double,
        _ predictor: Schema.Predictor = .stay
    ) -> [Field] where Value.Scalar: FieldValue {
        let kind = FieldKind.fixed(range, step: step)
        if let problem = kind.problem { preconditionFailure("field \"\(name)\": \(problem)") }
        let quantiser = Quantiser(kind)
        return Schema.Field.vector(name, Value.scalarCount, range, step: step, predictor).enumerated().map {
            part, field in
            Field(
                declaration: field,
                access: .computed(
                    ComputedField(
                        capture: { quantiser.quantise($0[keyPath: path][part].fieldNumber) },
                        restore: { root, value in
                            guard let known = Value.Scalar(fieldNumber: quantiser.number(of: value)) else { return }
                            root[keyPath: path][part] = known
                        })))
        }
    }

    /// A few bytes, for what is no number, such as a name: `Field.bytes("name", \.name, 24)`. Those beyond that many are not
    /// sent. Clients see `name.count` and four bytes each in `name.word1`, `name.word2` …; JavaScript's also `name`, a `Uint8Array`.
    ///
    /// - Precondition: `count` is 1 to 64.
    public static func bytes(
        _ name: String, _ path: any WritableKeyPath<Root, [UInt8]> & Sendable, _ count: Int
    ) -> [Field] {
        Schema.Field.bytes(name, count).enumerated().map { part, field in
            Field(
                declaration: field,
                access: part == 0 ? .computed(ComputedField(bytes: path, atMost: count)) : .joined)
        }
    }

    private init(declaration: Schema.Field, access: FieldAccess<Root>) {
        self.declaration = declaration
        self.access = access
    }
}

/// Collects the fields listed in a declaration.
@resultBuilder
public enum FieldBuilder<Root: Sendable> {
    /// One field.
    public static func buildExpression(_ field: Field<Root>) -> [Field<Root>] { [field] }
    /// The components of a vector.
    public static func buildExpression(_ fields: [Field<Root>]) -> [Field<Root>] { fields }
    /// All of them, in the order they were written.
    public static func buildBlock(_ fields: [Field<Root>]...) -> [Field<Root>] { fields.flatMap(\.self) }
}
