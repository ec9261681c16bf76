import Configuration
import JSONCore

extension LoadedConfiguration {
    /// What `muster host --print-config` prints: a JSON object with a line for each key, of its value and its source.
    ///
    /// A secret is `"(set)"`, or when nothing sets it what there is instead: a password that the server makes at its start is
    /// `"(generated)"`.
    package var report: String {
        let lines = ConfigurationKey.all.map { key in
            let entry: JSONObject = [
                "value": value(of: key), "source": .string(sources[key.name] ?? "default"),
            ]
            return "  \(JSONValue.string(key.name).text): \(JSONValue.object(entry).text)"
        }
        return "{\n" + lines.joined(separator: ",\n") + "\n}"
    }

    private func value(of key: ConfigurationKey) -> JSONValue {
        guard let unset = key.unset else { return key.read(configuration).json }
        if sources[key.name] != nil { return "(set)" }
        return unset == "generated" && !configuration.admin.isEnabled ? "(none)" : .string("(\(unset))")
    }
}

extension ConfigurationKey {
    /// The default as it would stand in a file; nil for a secret, which has none.
    package var defaultText: String? { isSecret ? nil : read(MusterConfiguration()).json.text }

    /// The table of all keys in `docs/configuration.md`.
    package static var markdownTable: String {
        let rows = all.map { key in
            let text = key.defaultText.map { "`\($0)`" } ?? key.unset ?? ""
            return "| `\(key.name)` | \(key.allowed.replacing("*", with: "`*`")) | \(text) | "
                + "\(key.help.replacing("*", with: "`*`")) |"
        }
        return (["| key | must be | default | what it is for |", "| --- | --- | --- | --- |"] + rows)
            .joined(separator: "\n")
    }
}

extension ConfigContent {
    /// The value as it would stand in a file.
    fileprivate var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .int(let number): .integer(Int64(number))
        case .double(let number): Int64(exactly: number).map { .integer($0) } ?? .number(number)
        case .bool(let value): .bool(value)
        case .stringArray(let texts): .array(texts.map { .string($0) })
        case .bytes, .intArray, .doubleArray, .boolArray, .byteChunkArray: .null
        }
    }
}
