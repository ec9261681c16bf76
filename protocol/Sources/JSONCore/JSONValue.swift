/// A JSON value (RFC 8259) as events, auth payloads and admin commands carry it, with binary as Socket.IO adds it.
///
/// Whole numbers and other numbers are different values: `1` is ``integer(_:)`` and exact, `1.0` and `1e3` are
/// ``number(_:)``. Two values are equal when they have the same cases in the same order with the same bytes: text is
/// compared without Unicode normalisation, since peers compare bytes.
public enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that fits, exactly.
    case integer(Int64)
    /// Any other number. Infinities and NaN never come from a parse and are written as `null`.
    case number(Double)
    /// Text.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in order.
    case object(JSONObject)
    /// Bytes, which a Socket.IO packet may hold at any depth (protocol/spec/socketio.md §4). Never from a parse of
    /// plain JSON.
    case binary([UInt8])
}

extension JSONValue: Equatable {
    /// Whether both are the same value, with text compared as bytes.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        case (.binary(let left), .binary(let right)): left == right
        default: false
        }
    }
}

/// Reading: each accessor answers nil for any other kind of value, so that a peer's value can be asked for anything.
extension JSONValue {
    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The truth value.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The whole number; nil for a ``number(_:)``, even one without a fraction.
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The number; a whole number beyond 2^53 is rounded to the nearest double.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    /// The text.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The array's values.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The object's members.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The bytes.
    public var binary: [UInt8]? { if case .binary(let value) = self { value } else { nil } }

    /// The value of an object's member; nil when this is no object or has no such member.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// The value at an array's index; nil when this is no array or has no such index.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let values) = self, values.indices.contains(index) else { return nil }
        return values[index]
    }

    /// Whether there is ``binary(_:)`` here or anywhere inside.
    public var containsBinary: Bool {
        switch self {
        case .binary: true
        case .array(let values): values.contains(where: \.containsBinary)
        case .object(let object): object.members.contains(where: \.value.containsBinary)
        case .null, .bool, .integer, .number, .string: false
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`, written `nil`.
    public init(nilLiteral: ()) { self = .null }

    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }

    /// Text.
    public init(stringLiteral value: String) { self = .string(value) }

    /// Values in order.
    public init(arrayLiteral values: JSONValue...) { self = .array(values) }

    /// Members in order; their keys must differ.
    public init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(JSONObject(members)) }
}

extension String {
    /// Whether both have the same UTF-8. `==` would also take `é` for `e` with a combining accent.
    func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
