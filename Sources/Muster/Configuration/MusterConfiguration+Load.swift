import FoundationEssentials

/// A configuration, and for each key where its value came from.
public struct LoadedConfiguration: Sendable {
    /// The configuration.
    public var configuration: MusterConfiguration
    /// Where the value of each key that something set came from, by its name: "environment MUSTER_LISTEN".
    package var sources: [String: String]
    /// What whoever starts the server should know of it, a sentence each: a file with a secret that others may read.
    public var warnings: [String] = []
}

extension MusterConfiguration {
    /// The file that is read when it exists and no other is named.
    public static let defaultFile = "muster.json"
    /// The variable that names the file.
    static let fileVariable = "MUSTER_CONFIG"

    /// Reads the configuration from, in rising priority, a file, the environment and flags.
    ///
    /// - Parameters:
    ///   - file: The path of the file, which then must exist; nil takes `MUSTER_CONFIG`, or else ``defaultFile`` if
    ///     there is one.
    ///   - environment: The variables; those that do not begin with `MUSTER_` are left alone.
    ///   - flags: The texts given for a key's flag, in order, by the key's name.
    /// - Throws: ``ConfigurationError`` with every unknown key and every bad value of every source, also of values that
    ///   a stronger source replaces.
    public static func load(
        file: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
        flags: [String: [String]] = [:]
    ) throws(ConfigurationError) -> LoadedConfiguration {
        var problems: [String] = []
        var sources: [ConfigurationSource] = []
        let path = file ?? environment[fileVariable] ?? (hasDefaultFile ? defaultFile : nil)
        if let path { sources.append(ConfigurationFile(path: path, problems: &problems).source) }
        sources.append(.environment(environment, problems: &problems))
        sources.append(.flags(flags, problems: &problems))

        var loaded = LoadedConfiguration(configuration: MusterConfiguration(), sources: [:])
        for key in ConfigurationKey.all {
            for source in sources {
                do throws(ConfigurationError) {
                    guard let label = try source.apply(key, to: &loaded.configuration) else { continue }
                    loaded.sources[key.name] = label
                } catch {
                    problems += error.problems
                }
            }
        }
        // Of settings that are not right themselves nothing more can be said.
        if problems.isEmpty { problems = loaded.configuration.conflicts }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        let secrets = ConfigurationKey.all.filter { $0.isSecret && loaded.sources[$0.name]?.hasPrefix("file ") == true }
        if let path, !secrets.isEmpty, isReadableByAnyone(path) {
            let names = secrets.map(\.name).joined(separator: ", ")
            loaded.warnings.append("\(names): every user of this machine may read \(path); chmod 600 it")
        }
        return loaded
    }

    private static func isReadableByAnyone(_ path: String) -> Bool {
        let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions]
        let bits = mode as? Int ?? (mode as? any BinaryInteger).map { Int(truncatingIfNeeded: $0) } ?? 0
        return bits & 0o004 != 0
    }

    private static var hasDefaultFile: Bool { FileManager.default.fileExists(atPath: defaultFile) }
}
