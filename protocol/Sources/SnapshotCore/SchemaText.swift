/// Why a text is not a schema.
public enum SchemaError: Error, Sendable, Equatable {
    /// The text is over 64 KiB.
    case tooLong
    /// The first line is not `muster-schema 1`.
    case unknownVersion
    /// The line with this number, counted from 1, does not follow the grammar.
    case syntax(line: Int)
    /// Names, kinds or counts break a rule of protocol/spec/snapshot.md §3.
    case invalid
    /// A schema, but not written in the canonical way, so that its hash would differ.
    case notCanonical
}

extension Schema {
    /// The schema whose canonical text this is; for clients that are sent it when they join.
    public static func parse(_ text: String) throws(SchemaError) -> Schema {
        guard text.utf8.count <= 65_536 else { throw .tooLong }
        let (types, input) = try SchemaText.read(text)
        guard problem(types: types, input: input) == nil else { throw .invalid }
        let schema = Schema(checkedTypes: types, input: input)
        guard schema.text.utf8.elementsEqual(text.utf8) else { throw .notCanonical }
        return schema
    }
}

/// The canonical text of a schema (protocol/spec/snapshot.md §3.2).
enum SchemaText {
    private static let firstLine = "muster-schema 1"

    static func write(types: [Schema.EntityType], input: [Schema.Field]) -> String {
        var lines = [firstLine]
        for type in types {
            let rate = type.every > 1 ? " every \(type.every)" : ""
            lines.append((type.multiplicity == .table ? "table " : "single ") + type.name + rate)
            lines += type.fields.compactMap(line)
        }
        lines.append("input")
        lines += input.compactMap(line)
        return lines.map { $0 + "\n" }.joined()
    }

    /// The line of a field, or of a whole vector or bytes, which stands where its first component does.
    private static func line(_ field: Schema.Field) -> String? {
        guard field.component.index == 0 else { return nil }
        let kind =
            switch field.kind {
            case .bool: "bool"
            case .int(let range): "int \(range.lowerBound) \(range.upperBound)"
            case .fixed(let range, let step):
                "\(fixedName(field)) \(decimal(range.lowerBound)) \(decimal(range.upperBound)) \(decimal(step))"
            case .angle(let bits): "angle \(bits)"
            case .enumeration(let count): "enum \(count)"
            case .quaternion(let bits): "quat \(bits)"
            case .entity(let table): "entity \(table)"
            }
        let form = field.component.bytes > 0 ? "bytes \(field.component.bytes)" : kind
        return "field \(field.textName) \(form)" + predictor(field.predictor)
    }

    private static func predictor(_ predictor: Schema.Predictor) -> String {
        switch predictor {
        case .stay: ""
        case .linear: " linear"
        case .parent(let name): " parent \(name)"
        }
    }

    private static func fixedName(_ field: Schema.Field) -> String {
        field.component.count == 1 ? "fixed" : "vec\(field.component.count)"
    }

    /// The shortest decimal digits that read back as the same `Double`, without an exponent and without a fraction of zero.
    static func decimal(_ number: Double) -> String {
        guard number != 0 else { return "0" }
        let parts = number.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        var whole = String(mantissa[0])
        var fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        for _ in 0..<max(0, exponent) {
            whole.append(fraction.isEmpty ? "0" : fraction.removeFirst())
        }
        for _ in 0..<max(0, -exponent) {
            fraction.insert(whole.popLast() ?? "0", at: fraction.startIndex)
        }
        let digits = whole.drop { $0 == "0" }
        return (number < 0 ? "-" : "") + (digits.isEmpty ? "0" : digits) + (fraction.isEmpty ? "" : "." + fraction)
    }

    static func read(_ text: String) throws(SchemaError) -> ([Schema.EntityType], input: [Schema.Field]) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(String.init) == firstLine else { throw .unknownVersion }
        guard lines.popLast() == "" else { throw .syntax(line: lines.count + 1) }
        var types: [Schema.EntityType] = []
        var input: [Schema.Field]?
        for (index, line) in lines.enumerated().dropFirst() {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            switch (words[0], words.count) {
            case ("table", 2), ("table", 4), ("single", 2), ("single", 4):
                guard input == nil, let type = type(words) else { throw .syntax(line: index + 1) }
                types.append(type)
            case ("input", 1) where input == nil: input = []
            case ("field", 3...):
                guard let fields = fields(words) else { throw .syntax(line: index + 1) }
                if input != nil {
                    input? += fields
                } else if let last = types.popLast() {
                    guard last.fields.count < Schema.fieldsMax else { throw .invalid }
                    types.append(
                        Schema.EntityType(last.name, last.multiplicity, last.fields + fields, every: last.every))
                } else {
                    throw .syntax(line: index + 1)
                }
            default: throw .syntax(line: index + 1)
            }
        }
        guard let input else { throw .syntax(line: lines.count + 1) }
        return (types, input)
    }

    /// The type of a line, without its fields.
    private static func type(_ words: [String]) -> Schema.EntityType? {
        let multiplicity = words[0] == "table" ? Schema.Multiplicity.table : .single
        guard words.count > 2 else { return Schema.EntityType(words[1], multiplicity, []) }
        guard words[2] == "every", let every = Int(words[3]) else { return nil }
        return Schema.EntityType(words[1], multiplicity, [], every: every)
    }

    /// The field of a line, or the components of a vector or of bytes.
    private static func fields(_ words: [String]) -> [Schema.Field]? {
        let (name, kind) = (words[1], words[2])
        guard let count = argumentCounts[kind], let predictor = predictor(words.dropFirst(3 + count)) else {
            return nil
        }
        let arguments = words.dropFirst(3).prefix(count)
        if kind == "bytes" {
            guard let most = arguments.first.flatMap({ Int($0) }), (1...Schema.Field.bytesMax).contains(most),
                predictor == .stay
            else { return nil }
            return Schema.Field.bytes(name, most)
        }
        let components = kind == "vec2" ? 2 : kind == "vec3" ? 3 : 1
        guard let known = Self.kind(components > 1 ? "fixed" : kind, arguments) else { return nil }
        guard components > 1, case .fixed(let range, let step) = known else {
            return [Schema.Field(name, known, predictor)]
        }
        return Schema.Field.vector(name, components, range, step: step, predictor)
    }

    /// How many words say what each kind is like.
    private static let argumentCounts = [
        "bool": 0, "int": 2, "fixed": 3, "angle": 1, "enum": 1, "quat": 1, "entity": 1, "vec2": 3, "vec3": 3,
        "bytes": 1,
    ]

    /// The predictor that the last words of a line name.
    private static func predictor(_ words: ArraySlice<String>) -> Schema.Predictor? {
        switch (words.first, words.count) {
        case (nil, _): .stay
        case ("linear", 1): .linear
        case ("parent", 2): words.last.map { .parent($0) }
        default: nil
        }
    }

    private static func kind(_ name: String, _ arguments: ArraySlice<String>) -> FieldKind? {
        let integers = arguments.compactMap { Int($0) }
        let numbers = arguments.compactMap { Double($0) }
        switch (name, arguments.count, integers.count, numbers.count) {
        case ("bool", 0, _, _): return .bool
        case ("int", 2, 2, _) where integers[0] <= integers[1]: return .int(integers[0]...integers[1])
        case ("fixed", 3, _, 3) where numbers[0] <= numbers[1]: return .fixed(numbers[0]...numbers[1], step: numbers[2])
        case ("angle", 1, 1, _): return .angle(bits: integers[0])
        case ("enum", 1, 1, _): return .enumeration(integers[0])
        case ("quat", 1, 1, _): return .quaternion(bits: integers[0])
        case ("entity", 1, _, _): return .entity(of: arguments[arguments.startIndex])
        default: return nil
        }
    }
}
