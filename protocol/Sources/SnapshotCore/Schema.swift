import ByteKit
import Determinism

/// What a game replicates and accepts: tables of entities, single values and one kind of input
/// (protocol/spec/snapshot.md §3).
///
/// Both ends must hold the same schema; ``hash`` is how they find out.
public struct Schema: Sendable, Equatable {
    /// One named field of an entity or of the input.
    public struct Field: Sendable, Equatable {
        /// A letter or underscore, then letters, digits and underscores; at most 64 characters.
        public let name: String
        /// What it holds.
        public let kind: FieldKind
        /// How it is expected to go on.
        public let predictor: Predictor
        /// Which of the components of a vector it is, of how many; the first of one when it stands for itself.
        package let component: Component

        /// A place among the components of a vector.
        package struct Component: Sendable, Equatable {
            var index = 0
            var count = 1
        }

        /// A field. The name and the kind are checked when a schema is made of it.
        public init(_ name: String, _ kind: FieldKind, _ predictor: Predictor = .stay) {
            self.name = name
            self.kind = kind
            self.predictor = predictor
            component = Component()
        }

        private init(_ vector: String, _ component: Component, _ kind: FieldKind, _ predictor: Predictor) {
            name = vector + "." + ["x", "y", "z"][component.index]
            (self.kind, self.predictor, self.component) = (kind, predictor, component)
        }

        /// The components of a vector: `position.x`, `position.y` and, of three, `position.z`, alike in all else.
        ///
        /// - Precondition: `count` is 2 or 3.
        public static func vector(
            _ name: String, _ count: Int, _ range: ClosedRange<Double>, step: Double, _ predictor: Predictor = .stay
        ) -> [Field] {
            precondition((2...3).contains(count), "a vector of \(count) components")
            return (0..<count).map {
                Field(name, Component(index: $0, count: count), .fixed(range, step: step), predictor)
            }
        }

        /// The vector's name, or its own.
        var textName: String { component.count == 1 ? name : String(name.dropLast(2)) }
    }

    /// How a field's next value is expected to follow from those before it; codec 1 codes the difference.
    public enum Predictor: Sendable, Equatable {
        /// As it was.
        case stay
        /// It goes on as in its last step: at the same speed, turning by the same rotation.
        case linear
    }

    /// Whether there are many of an entity type, or always exactly one.
    public enum Multiplicity: Sendable, Equatable {
        /// Entities come and go; each has an id.
        case table
        /// There is one, with id 0, for as long as the game runs.
        case single
    }

    /// One kind of replicated thing.
    public struct EntityType: Sendable, Equatable {
        /// Its name, by the same rule as a field's.
        public let name: String
        /// Many or one.
        public let multiplicity: Multiplicity
        /// Its fields, in the order they have on the wire.
        public let fields: [Field]

        /// An entity type. Names and kinds are checked when a schema is made of it.
        public init(_ name: String, _ multiplicity: Multiplicity, _ fields: [Field]) {
            self.name = name
            self.multiplicity = multiplicity
            self.fields = fields
        }
    }

    /// At most this many fields in one entity type or in the input.
    package static let fieldsMax = 64
    /// At most this many entity types.
    package static let typesMax = 64

    /// The entity types, in the order they have on the wire.
    public let types: [EntityType]
    /// The input's fields, in the order they have on the wire.
    public let input: [Field]
    /// The canonical text (protocol/spec/snapshot.md §3.2). ASCII, every line ended by a line feed.
    public let text: String
    /// 64-bit FNV-1a of the canonical text.
    public let hash: UInt64
    /// The entity types' layouts, in order.
    package let layouts: [RecordLayout]
    /// What reads the entity types' parts of a message, in order.
    let decoders: [TableDecoder]
    /// The input's layout.
    @usableFromInline package let inputLayout: RecordLayout

    /// A schema the program itself declares.
    ///
    /// - Precondition: names are legal and unique, kinds are possible, and the limits are kept; the message says what is
    ///   not.
    public init(types: [EntityType], input: [Field]) {
        let problem = Self.problem(types: types, input: input)
        precondition(problem == nil, "schema: \(problem ?? "")")
        self.init(checkedTypes: types, input: input)
    }

    init(checkedTypes types: [EntityType], input: [Field]) {
        self.types = types
        self.input = input
        text = SchemaText.write(types: types, input: input)
        var hash = StableHash()
        hash.feed(text.utf8)
        self.hash = hash.value
        layouts = types.map { RecordLayout($0.fields) }
        decoders = types.map { TableDecoder(layout: RecordLayout($0.fields), isSingle: $0.multiplicity == .single) }
        inputLayout = RecordLayout(input)
    }

    /// Whether codec 1 has tables for this schema: they take at most 2²⁰ places (protocol/spec/snapshot.md §9.4).
    package var hasCodingTables: Bool { CodingModel(self).size <= 1 << 20 }

    /// The hash as it is written in join messages and logs: 16 lower-case hexadecimal digits.
    public var hashText: String { Self.text(ofHash: hash) }

    /// 16 lower-case hexadecimal digits.
    static func text(ofHash hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// What is wrong with a declaration, or nil.
    static func problem(types: [EntityType], input: [Field]) -> String? {
        guard types.count <= typesMax else { return "more than \(typesMax) entity types" }
        for (index, type) in types.enumerated() {
            guard isName(type.name) else { return "\"\(type.name)\" is not a name" }
            guard !types[..<index].contains(where: { $0.name == type.name }) else {
                return "two types \"\(type.name)\""
            }
            if let problem = problem(fields: type.fields, of: type.name) { return problem }
        }
        let tables = types.filter { $0.multiplicity == .table }.map(\.name)
        for field in types.flatMap(\.fields) + input {
            if case .entity(let table) = field.kind, !tables.contains(table) {
                return "field \"\(field.name)\": there is no table \"\(table)\""
            }
        }
        return problem(fields: input, of: "the input")
    }

    private static func problem(fields: [Field], of owner: String) -> String? {
        guard fields.count <= fieldsMax else { return "more than \(fieldsMax) fields in \(owner)" }
        for (index, field) in fields.enumerated() {
            guard isName(field.textName) else { return "\"\(field.name)\" in \(owner) is not a name" }
            guard isPlaced(field, at: index, in: fields) else {
                return "\"\(field.name)\" in \(owner) is without the rest of its vector"
            }
            let part = field.component.index
            guard !fields[..<(index - part)].contains(where: { $0.textName == field.textName }) else {
                return "two fields \"\(field.name)\" in \(owner)"
            }
            if let problem = field.kind.problem { return "field \"\(field.name)\" of \(owner): \(problem)" }
        }
        return nil
    }

    /// Whether all components of a field's vector are there, in order and alike.
    private static func isPlaced(_ field: Field, at index: Int, in fields: [Field]) -> Bool {
        let start = index - field.component.index
        guard start >= 0, start + field.component.count <= fields.count else { return false }
        return fields[start..<start + field.component.count].enumerated().allSatisfy { part, other in
            other.component == Field.Component(index: part, count: field.component.count)
                && other.textName == field.textName && other.kind == field.kind && other.predictor == field.predictor
        }
    }

    private static func isName(_ text: String) -> Bool {
        let letters = Array(text.utf8)
        guard (1...64).contains(letters.count), let first = letters.first, !isDigit(first) else { return false }
        return letters.allSatisfy { byte in
            isDigit(byte) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) && byte < 0x80
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// The fields of one record, ready to be packed: widths and maxima in wire order.
@usableFromInline package struct RecordLayout: Sendable, Equatable {
    /// The fields' quantisers, in wire order.
    package let quantisers: [Quantiser]
    /// How many bits a whole record takes.
    package let bitCount: Int

    init(_ fields: [Schema.Field]) {
        quantisers = fields.map { Quantiser($0.kind) }
        bitCount = quantisers.reduce(0) { $0 + $1.width }
    }

    /// How many values a record has.
    package var fieldCount: Int { quantisers.count }

    /// Writes the record that starts at `start` of `values`.
    ///
    /// - Precondition: every value is within its field's maximum.
    func write(_ values: [UInt32], from start: Int, to writer: inout BitWriter) {
        for index in quantisers.indices {
            writer.write(values[start + index], width: quantisers[index].width)
        }
    }

    /// Overwrites `values` with the record that an input is, or says why it is none.
    func read(
        from bytes: Span<UInt8>, _ reader: inout BitReader, into values: inout [UInt32]
    ) throws(ClientMessageError) {
        values.removeAll(keepingCapacity: true)
        for quantiser in quantisers {
            guard let value = reader.read(width: quantiser.width, from: bytes) else { throw .truncated }
            guard value <= quantiser.maximum else { throw .valueOutOfRange }
            values.append(value)
        }
    }

    /// Reads a record into `values` at `start`, or says why it is none.
    func read(
        from bytes: Span<UInt8>, _ reader: inout BitReader, into values: inout [UInt32], at start: Int
    ) throws(SnapshotError) {
        for index in quantisers.indices {
            guard let value = reader.read(width: quantisers[index].width, from: bytes) else { throw .truncated }
            guard value <= quantisers[index].maximum else { throw .valueOutOfRange }
            values[start + index] = value
        }
    }
}
