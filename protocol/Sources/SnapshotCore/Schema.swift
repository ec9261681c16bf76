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
        /// Which of the components of a vector or of bytes it is, of how many; the first of one when it stands for itself.
        package let component: Component

        /// A place among the components of a vector or of bytes.
        package struct Component: Sendable, Equatable {
            var index = 0
            var count = 1
            /// How many bytes there may be; 0 for a vector.
            var bytes = 0
        }

        /// A field. The name and the kind are checked when a schema is made of it.
        public init(_ name: String, _ kind: FieldKind, _ predictor: Predictor = .stay) {
            self.name = name
            self.kind = kind
            self.predictor = predictor
            component = Component()
        }

        private init(_ whole: String, _ component: Component, _ kind: FieldKind, _ predictor: Predictor) {
            let part = component.bytes == 0 ? ["x", "y", "z"][component.index] : "word\(component.index)"
            name = whole + "." + (component.bytes > 0 && component.index == 0 ? "count" : part)
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

        /// At most so many bytes, 1 to ``bytesMax``: `tag.count` says how many there are, and `tag.word1`, `tag.word2` … have
        /// four of them each, the first one lowest. Those beyond the count are 0.
        ///
        /// - Precondition: `count` is 1 to ``bytesMax``.
        public static func bytes(_ name: String, _ count: Int) -> [Field] {
            precondition((1...bytesMax).contains(count), "a field of \(count) bytes")
            let words = (count + 3) / 4
            return (0...words).map {
                Field(
                    name, Component(index: $0, count: words + 1, bytes: count),
                    .int($0 == 0 ? 0...count : 0...Int(UInt32.max)), .stay)
            }
        }

        /// The most bytes that a field can have.
        public static let bytesMax = 64

        /// The name of the vector or of the bytes, or its own.
        var textName: String {
            guard component.count > 1, let point = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return name }
            return String(name[..<point])
        }
    }

    /// How a field's next value is expected to follow from those before it; codec 1 codes the difference.
    public enum Predictor: Sendable, Equatable {
        /// As it was.
        case stay
        /// It goes on as in its last step: at the same speed, turning by the same rotation.
        case linear
        /// It moves as the same field does of the entity that the field with this name refers to; without such an entity as
        /// `linear`. For what is carried, or stands on something that moves.
        case parent(String)
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
        /// In one of so many snapshots it is as the game has it, 1 to 64; in those between it stays as it was.
        public let every: Int

        /// An entity type. Names, kinds and `every` are checked when a schema is made of it.
        public init(_ name: String, _ multiplicity: Multiplicity, _ fields: [Field], every: Int = 1) {
            self.name = name
            self.multiplicity = multiplicity
            self.fields = fields
            self.every = every
        }
    }

    /// At most this many fields in one entity type or in the input.
    package static let fieldsMax = 64
    /// At most this many entity types.
    package static let typesMax = 64
    /// An entity type is in one of so many snapshots at least.
    private static let everyMax = 64

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
    private let rates: [Int]
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
        rates = types.map(\.every)
        hasRates = rates.contains { $0 > 1 }
        decoders = types.map { TableDecoder(layout: RecordLayout($0.fields), isSingle: $0.multiplicity == .single) }
        inputLayout = RecordLayout(input)
    }

    /// Whether any type is in some of the snapshots only.
    package let hasRates: Bool

    /// Whether a type is taken anew into the snapshot with one number when the last one before it had the other
    /// (protocol/spec/lobby.md §2): among as many as ``EntityType/every`` says there is one such, at another place for each
    /// type.
    package func isDue(_ type: Int, since last: UInt64, at number: UInt64) -> Bool {
        let every = UInt64(rates[type])
        return (last + UInt64(type)) / every != (number + UInt64(type)) / every
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
            guard (1...everyMax).contains(type.every) else {
                return "\"\(type.name)\" is not in one of 1 to 64 snapshots"
            }
            if let problem = problem(fields: type.fields, of: type.name) { return problem }
            if let problem = problem(parentsOf: type, among: types[..<index]) { return problem }
        }
        let tables = types.filter { $0.multiplicity == .table }.map(\.name)
        for field in types.flatMap(\.fields) + input {
            if case .entity(let table) = field.kind, !tables.contains(table) {
                return "field \"\(field.name)\": there is no table \"\(table)\""
            }
        }
        if input.contains(where: { $0.predictor.parent != nil }) { return "nothing in the input has a parent" }
        return problem(fields: input, of: "the input")
    }

    /// What is wrong with the parents of a type's fields.
    private static func problem(parentsOf type: EntityType, among earlier: ArraySlice<EntityType>) -> String? {
        for field in type.fields {
            guard let parent = field.predictor.parent else { continue }
            let link = type.fields.first { $0.name == parent }
            guard case .entity(let table)? = link?.kind else {
                return "field \"\(field.name)\" of \(type.name): \"\(parent)\" refers to no entity"
            }
            guard let owner = earlier.first(where: { $0.name == table }),
                owner.fields.contains(where: { $0.name == field.name && $0.kind == field.kind })
            else {
                return "field \"\(field.name)\" of \(type.name): no type before it is \"\(table)\" and has that field"
            }
            if case .quaternion = field.kind {
                return "field \"\(field.name)\" of \(type.name): a rotation has no parent"
            }
        }
        return nil
    }

    private static func problem(fields: [Field], of owner: String) -> String? {
        guard fields.count <= fieldsMax else { return "more than \(fieldsMax) fields in \(owner)" }
        for (index, field) in fields.enumerated() {
            guard isName(field.textName) else { return "\"\(field.name)\" in \(owner) is not a name" }
            guard isPlaced(field, at: index, in: fields) else {
                return "\"\(field.name)\" in \(owner) is without the rest of its vector or bytes"
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
            let component = Field.Component(index: part, count: field.component.count, bytes: field.component.bytes)
            return other.component == component && other.textName == field.textName
                && other.predictor == field.predictor && (other.kind == field.kind || component.bytes > 0)
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

extension Schema.Predictor {
    /// The field that refers to the parent.
    var parent: String? { if case .parent(let name) = self { name } else { nil } }
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
