import Configuration
import JSONCore

/// One place that values come from: a swift-configuration provider, with what a report needs to say about it.
struct ConfigurationSource {
    /// Looks values up and converts them.
    let provider: any ConfigProvider
    /// What the provider puts before a key's name.
    let prefix: [String]
    /// Where a key's value stands: "environment MUSTER_LISTEN".
    let label: (ConfigurationKey) -> String
    /// A key's value as it was written.
    let text: (ConfigurationKey) -> String?

    /// Takes a key's value over if the source has one; nil if it has none.
    ///
    /// - Throws: ``ConfigurationError`` with one problem for a value that is not of the key's type or not allowed.
    func apply(_ key: ConfigurationKey, to configuration: inout MusterConfiguration) throws(ConfigurationError)
        -> String?
    {
        let content: ConfigContent?
        do {
            content = try provider.value(forKey: AbsoluteConfigKey(prefix + key.path), type: key.type).value?.content
        } catch {
            throw refusal(of: key)
        }
        guard let content else { return nil }
        guard key.write(content, &configuration) else { throw refusal(of: key) }
        return label(key)
    }

    private func refusal(of key: ConfigurationKey) -> ConfigurationError {
        ConfigurationError(problems: [ConfigurationError.refused(key, text(key) ?? "the value", in: label(key))])
    }
}

/// Variables and flags: named texts, converted alike by swift-configuration's environment provider. Lists are
/// separated by commas.
extension ConfigurationSource {
    /// The variables whose names begin with `MUSTER_`; those that are no key's are reported into `problems`.
    static func environment(_ environment: [String: String], problems: inout [String]) -> ConfigurationSource {
        let known = ConfigurationKey.all.map(\.variable) + [MusterConfiguration.fileVariable]
        let ours = environment.filter { $0.key.hasPrefix("MUSTER_") }
        for name in ours.keys.sorted() where !known.contains(name) {
            problems.append(
                ConfigurationError.unknown(
                    name, in: "environment", known: known, listing: "muster host --print-config shows every key"))
        }
        return texts(ours) { "environment \($0.variable)" }
    }

    /// The flags of `muster host`, whose values are the texts given for each key's name, in order.
    static func flags(_ flags: [String: [String]], problems: inout [String]) -> ConfigurationSource {
        var texts: [String: String] = [:]
        for key in ConfigurationKey.all {
            guard let values = flags[key.name], let last = values.last else { continue }
            if values.count > 1, !key.isList { problems.append("--\(key.flag) is given more than once") }
            texts[key.variable] = key.isList ? values.joined(separator: ",") : last
        }
        return Self.texts(texts) { "flag --\($0.flag)" }
    }

    private static func texts(
        _ texts: [String: String], label: @escaping (ConfigurationKey) -> String
    ) -> ConfigurationSource {
        ConfigurationSource(
            provider: EnvironmentVariablesProvider(environmentVariables: texts), prefix: ["muster"], label: label,
            text: { key in texts[key.variable].map { JSONValue.string($0).text } })
    }
}
