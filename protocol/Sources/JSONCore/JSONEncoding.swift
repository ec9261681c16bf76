import ByteKit

extension JSONValue {
    /// What a value of yours is as JSON. `[UInt8]` becomes bytes.
    ///
    /// - Throws: `EncodingError`, and whatever the value's own `encode(to:)` throws.
    public init(encoding value: some Encodable) throws {
        let encoder = JSONValueEncoder(codingPath: [])
        try encoder.encode(value)
        self = encoder.value
    }
}

/// Makes one value: it is whatever was encoded last, or what its container has gathered.
private final class JSONValueEncoder: Encoder {
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var single = JSONValue.null
    private var members: [(key: String, encoder: JSONValueEncoder)]?
    private var elements: [JSONValueEncoder]?

    init(codingPath: [any CodingKey]) { self.codingPath = codingPath }

    var value: JSONValue {
        if let elements { return .array(elements.map(\.value)) }
        guard let members else { return single }
        var object = JSONObject()
        for (key, encoder) in members { object[key] = encoder.value }
        return .object(object)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        members = members ?? []
        return KeyedEncodingContainer(Members<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        elements = elements ?? []
        return Elements(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func member(_ key: any CodingKey) -> JSONValueEncoder {
        let encoder = JSONValueEncoder(codingPath: codingPath + [key])
        members?.append((key.stringValue, encoder))
        return encoder
    }

    func element() -> JSONValueEncoder {
        let encoder = JSONValueEncoder(codingPath: codingPath + [Place(elementCount)])
        elements?.append(encoder)
        return encoder
    }

    var elementCount: Int { elements?.count ?? 0 }
}

extension JSONValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { single = .null }

    // One for all the kinds that the protocol lists.
    func encode<Value: Encodable>(_ value: Value) throws {
        switch value {
        case let value as JSONValue: single = value
        case let value as Bool: single = .bool(value)
        case let value as String: single = .string(value)
        case let value as Double: single = .number(value)
        case let value as Float: single = .number(Double(value))
        // An empty array of anything could pass for one of bytes.
        case let value as [UInt8] where Value.self == [UInt8].self: single = .binary(value)
        case let value as any FixedWidthInteger:
            // Beyond 64 bits with sign, JSON's other readers have no whole numbers either.
            single = Int64(exactly: value).map { .integer($0) } ?? .number(Double(value))
        default: try value.encode(to: self)
        }
    }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { encoder.member(key).encodeNil() }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws { try encoder.member(key).encode(value) }

    func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Inner> { encoder.member(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.member(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder.member(SuperKey()) }

    func superEncoder(forKey key: Key) -> any Encoder { encoder.member(key) }
}

private struct Elements: UnkeyedEncodingContainer {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.elementCount }

    func encodeNil() { encoder.element().encodeNil() }

    func encode<Value: Encodable>(_ value: Value) throws { try encoder.element().encode(value) }

    func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type) -> KeyedEncodingContainer<Inner> {
        encoder.element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.element().unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder.element() }
}

private struct SuperKey: CodingKey {
    init() {}
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
    var stringValue: String { "super" }
    var intValue: Int? { nil }
}

extension JSONValue: Codable {
    /// Reads any value: with other formats' decoders too, though those have no bytes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let values = try? container.decode([JSONValue].self) {
            self = .array(values)
        } else {
            var object = JSONObject()
            for (key, value) in try container.decode([String: JSONValue].self).sorted(by: { $0.key < $1.key }) {
                object[key] = value
            }
            self = .object(object)
        }
    }

    /// Writes the value: with other formats' encoders too, where bytes become base64.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let object):
            try container.encode(Dictionary(uniqueKeysWithValues: object.members.map { ($0.key, $0.value) }))
        case .binary(let bytes): try container.encode(String(decoding: Base64.encode(bytes), as: UTF8.self))
        }
    }
}
