import ByteKit
public import JSONCore

/// What an event or an ack says: JSON values, with bytes anywhere in them.
///
/// What a client has sent is kept as its text, which was checked when it came; it is decoded when somebody asks, and can be
/// sent on without. Cheap to copy.
public struct SocketArguments: Sendable {
    private enum Storage: Sendable {
        /// Values with commas between them: what stands in an array's brackets.
        case text([UInt8])
        case values([JSONValue])
    }

    private let storage: Storage

    /// Arguments of your own.
    public init(_ values: [JSONValue]) { storage = .values(values) }

    /// Arguments as their text, which is known to be JSON: what stands in an array's brackets.
    package init(text: [UInt8]) { storage = .text(text) }

    /// No arguments.
    public static var none: SocketArguments { SocketArguments([]) }

    /// The values. Each call decodes what has come as text anew: ask once.
    public var values: [JSONValue] {
        switch storage {
        case .values(let values): return values
        case .text(let text):
            guard !text.isEmpty else { return [] }
            var array = [UInt8(ascii: "[")]
            array += text
            array.append(UInt8(ascii: "]"))
            // It was within the limits of its connection when it came, and those are within these.
            let limits = JSONLimits(depthMax: 128, valuesMax: .max)
            return (try? JSONValue.parse(array.span, limits: limits))?.array ?? []
        }
    }

    /// The first value; `null` where there is none.
    public var first: JSONValue { values.first ?? .null }

    /// Whether there are none.
    public var isEmpty: Bool {
        switch storage {
        case .values(let values): values.isEmpty
        case .text(let text): text.allSatisfy { $0 <= 0x20 }
        }
    }

    /// Whether a text stands last: of the arguments, or of the event's name and them.
    package var endsInText: Bool {
        switch storage {
        case .values(let values): values.last.map { $0.string != nil } ?? true
        case .text(let text): text.last { $0 > 0x20 }.map { $0 == UInt8(ascii: "\"") } ?? true
        }
    }

    /// The arguments and one more, which holds no bytes.
    package func appending(_ value: JSONValue) -> SocketArguments {
        switch storage {
        case .values(let values): return SocketArguments(values + [value])
        case .text(var text):
            if !isEmpty { text.append(UInt8(ascii: ",")) }
            value.write(to: &text)
            return SocketArguments(text: text)
        }
    }

    /// Whether there is ``JSONCore/JSONValue/binary(_:)`` anywhere in them.
    package var containsBinary: Bool {
        switch storage {
        case .values(let values): values.contains(where: \.containsBinary)
        case .text: false
        }
    }

    /// About how many bytes they hold: for bounds on what waits.
    package var weight: Int {
        switch storage {
        case .text(let text): text.count
        case .values(let values): values.reduce(0) { $0 + Self.weight(of: $1) }
        }
    }

    private static func weight(of value: JSONValue) -> Int {
        switch value {
        case .null, .bool, .integer, .number: 16
        case .string(let text): 16 + text.utf8.count
        case .binary(let bytes): 32 + bytes.count
        case .array(let values): values.reduce(32) { $0 + weight(of: $1) }
        case .object(let object): object.members.reduce(32) { $0 + 16 + $1.key.utf8.count + weight(of: $1.value) }
        }
    }

    /// Appends the values with commas between them, bytes replaced by placeholders.
    ///
    /// - Returns: the bytes in the order of their placeholders.
    func append(to text: inout [UInt8]) -> [[UInt8]] {
        switch storage {
        case .text(let own):
            text += own
            return []
        case .values(let values):
            var extraction = Extraction()
            let hasBinary = containsBinary
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                (hasBinary ? extraction.extract(value) : value).write(to: &text)
            }
            return extraction.attachments
        }
    }
}

extension SocketArguments: ExpressibleByArrayLiteral {
    /// Arguments of your own: `["north", 3]`.
    public init(arrayLiteral values: JSONValue...) { self.init(values) }
}

extension SocketArguments: Equatable {
    /// Whether both say the same values.
    public static func == (left: SocketArguments, right: SocketArguments) -> Bool { left.values == right.values }
}
