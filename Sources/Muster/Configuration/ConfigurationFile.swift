import Configuration
import FoundationEssentials
import JSONCore

/// A `muster.json`: one object, its keys grouped (`{"limits": {"lobbies": 50}}`) or dotted (`{"limits.lobbies": 50}`).
///
/// swift-configuration's own JSON provider does not tell which keys a file has, drops `null` and takes `true` for 1, so
/// that a misspelt key would be ignored. The file is read strictly here instead and handed to its in-memory provider.
struct ConfigurationFile {
    private let label: String
    private var texts: [String: String] = [:]
    private var values: [AbsoluteConfigKey: ConfigValue] = [:]
    private var problems: [String] = []

    /// Reads the file at `path`; whatever is wrong with it is reported into `problems`.
    init(path: String, problems: inout [String]) {
        label = "file \(path)"
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            read(bytes)
        } catch {
            self.problems = ["\(label) cannot be read: \(Self.reason(error))"]
        }
        problems += self.problems
    }

    /// The values that the file has, of the right types.
    var source: ConfigurationSource {
        let label = label
        let texts = texts
        return ConfigurationSource(
            provider: InMemoryProvider(name: label, values: values), prefix: [], label: { _ in label },
            text: { texts[$0.name] })
    }

    private mutating func read(_ bytes: [UInt8]) {
        do throws(JSONError) {
            guard case .object(let object) = try JSONValue.parse(bytes.span) else {
                problems = ["\(label) must hold one JSON object"]
                return
            }
            walk(object, group: "")
        } catch {
            problems = ["\(label), line \(Self.line(of: error.offset, in: bytes)): \(error)"]
        }
    }

    /// Takes the members of an object whose keys follow `group`: "" or "limits.".
    private mutating func walk(_ object: JSONObject, group: String) {
        for member in object.members {
            let name = group + member.key
            if let key = ConfigurationKey.named(name) {
                take(member.value, for: key)
            } else if let inner = member.value.object, !inner.isEmpty {
                walk(inner, group: name + ".")
            } else if ConfigurationKey.all.contains(where: { $0.name.hasPrefix(name + ".") }) {
                guard member.value.object == nil else { continue }
                problems.append("\(name): \(member.value.text) (\(label)) is refused; it must be an object of keys")
            } else {
                problems.append(
                    ConfigurationError.unknown(
                        name, in: label, known: ConfigurationKey.all.map(\.name),
                        listing: "muster host --print-config shows every key"))
            }
        }
    }

    private mutating func take(_ value: JSONValue, for key: ConfigurationKey) {
        guard texts.updateValue(value.text, forKey: key.name) == nil else {
            problems.append("\(key.name) (\(label)) is set twice, grouped and dotted")
            return
        }
        guard let content = Self.content(of: value, as: key.type) else {
            problems.append(ConfigurationError.refused(key, value.text, in: label))
            return
        }
        values[AbsoluteConfigKey(key.path)] = ConfigValue(content, isSecret: key.isSecret)
    }

    /// A JSON value as a key's type, without coercion: "5" is no number, 1 is no truth value.
    private static func content(of value: JSONValue, as type: ConfigType) -> ConfigContent? {
        switch type {
        case .int: value.number.flatMap { Int(exactly: $0) }.map { .int($0) }
        case .double: value.number.map { .double($0) }
        case .bool: value.bool.map { .bool($0) }
        case .string: value.string.map { .string($0) }
        case .stringArray:
            value.array.flatMap { values in
                let texts = values.compactMap(\.string)
                return texts.count == values.count ? .stringArray(texts) : nil
            }
        default: nil
        }
    }

    private static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") } + 1
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile?, .fileNoSuchFile?: "there is no such file"
        case .fileReadNoPermission?: "permission is denied"
        default: "\(error)"
        }
    }
}
