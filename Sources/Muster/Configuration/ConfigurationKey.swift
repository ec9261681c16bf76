import Configuration
import Determinism

/// One setting: its name, what it may be, what it is for, and where it goes in a ``MusterConfiguration``.
///
/// Everything that knows a key knows it from here: parsing and checking, `--print-config`, the flags of
/// `muster host`, and the table in `docs/configuration.md`.
package struct ConfigurationKey: Sendable {
    /// The name, as in a file with its groups joined by dots: `heartbeat.intervalSeconds`.
    package let name: String
    /// What a value may be, to follow "must be".
    package let allowed: String
    /// What the setting is for, in one line.
    package let help: String
    /// Whether the value is never shown and has no flag, as other users see a process's arguments.
    package var isSecret: Bool { unset != nil }
    /// What there is instead of a secret that nobody has set, in a word; nil for what is no secret.
    package let unset: String?
    /// How a value is read from a source.
    let type: ConfigType
    /// The value as a configuration has it.
    let read: @Sendable (MusterConfiguration) -> ConfigContent
    /// Takes a value of ``type`` over; false when it is not allowed.
    let write: @Sendable (ConfigContent, inout MusterConfiguration) -> Bool

    /// The environment variable: `MUSTER_HEARTBEAT_INTERVAL_SECONDS`.
    package var variable: String { "MUSTER_" + words.map { $0.uppercased() }.joined(separator: "_") }

    /// The flag without its dashes: `heartbeat-interval-seconds`.
    package var flag: String { words.joined(separator: "-") }

    /// Whether the setting is a list, so that its flag may be repeated.
    package var isList: Bool { type == .stringArray }

    /// The name for swift-configuration's providers.
    var path: [String] { name.split(separator: ".").map(String.init) }

    private var words: [String] {
        var words: [String] = []
        var word = ""
        for character in name {
            if character == "." || character.isUppercase {
                words.append(word)
                word = ""
            }
            if character != "." { word += character.lowercased() }
        }
        return words + [word]
    }
}

/// The kinds of settings. The default is what a new ``MusterConfiguration`` has in that place.
extension ConfigurationKey {
    /// Where a value goes.
    typealias Place<Value> = any WritableKeyPath<MusterConfiguration, Value> & Sendable

    static func integer(
        _ name: String, _ place: Place<Int>, _ range: ClosedRange<Int>,
        _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)", help: help,
            unset: nil, type: .int,
            read: { .int($0[keyPath: place]) },
            write: { content, configuration in
                guard case .int(let value) = content, range.contains(value) else { return false }
                configuration[keyPath: place] = value
                return true
            })
    }

    /// A length of time, written in seconds, fractions allowed.
    static func seconds(
        _ name: String, _ place: Place<Interval>,
        _ range: ClosedRange<Double>, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, allowed: "from \(short(range.lowerBound)) to \(short(range.upperBound)) seconds", help: help,
            unset: nil, type: .double,
            read: { .double($0[keyPath: place].seconds) },
            write: { content, configuration in
                guard case .double(let value) = content, range.contains(value) else { return false }
                configuration[keyPath: place] = Interval(nanoseconds: Int64((value * 1e9).rounded()))
                return true
            })
    }

    static func boolean(
        _ name: String, _ place: Place<Bool>, _ help: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, allowed: "true or false", help: help, unset: nil, type: .bool,
            read: { .bool($0[keyPath: place]) },
            write: { content, configuration in
                guard case .bool(let value) = content else { return false }
                configuration[keyPath: place] = value
                return true
            })
    }

    /// Text that `parse` takes and `format` writes; a secret, where `unset` says what there is without one.
    static func text<Value>(
        _ name: String, _ place: Place<Value>, allowed: String,
        unset: String? = nil, _ help: String,
        format: @escaping @Sendable (Value) -> String, parse: @escaping @Sendable (String) -> Value?
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, allowed: allowed, help: help, unset: unset, type: .string,
            read: { .string(format($0[keyPath: place])) },
            write: { content, configuration in
                guard case .string(let text) = content, let value = parse(text) else { return false }
                configuration[keyPath: place] = value
                return true
            })
    }

    /// A list of texts that `parse` takes and `format` writes, of `counts` elements. One empty text is an empty list,
    /// since a variable or a flag has no other way to say so.
    static func list<Element>(
        _ name: String, _ place: Place<[Element]>, of counts: ClosedRange<Int>,
        allowed: String, _ help: String,
        format: @escaping @Sendable (Element) -> String, parse: @escaping @Sendable (String) -> Element?
    ) -> ConfigurationKey {
        ConfigurationKey(
            name: name, allowed: allowed, help: help, unset: nil, type: .stringArray,
            read: { .stringArray($0[keyPath: place].map(format)) },
            write: { content, configuration in
                guard case .stringArray(let texts) = content else { return false }
                let written = texts == [""] ? [] : texts
                let values = written.compactMap(parse)
                guard values.count == written.count, counts.contains(values.count) else { return false }
                configuration[keyPath: place] = values
                return true
            })
    }

    /// A number without a needless fraction.
    static func short(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }
}
