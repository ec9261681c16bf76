import GameKit
import JSONCore

/// What a recording says of its game before the first tick (protocol/spec/recording.md §2).
package struct RecordingHeader: Sendable, Equatable {
    /// What every recording of this version begins with.
    static let firstLine = Array("muster-recording 1\n".utf8)
    /// The longest header, its line feed not counted.
    package static let bytesMax = 1_048_576
    /// What a header may hold: a game's options may have come from a program.
    private static let limits = JSONLimits(depthMax: 128, valuesMax: 100_000)

    /// The build that has written it; another one may play otherwise.
    package var build: String
    /// The lobby's id.
    package var lobby: String
    /// The game's name.
    package var game: String
    /// What the game was started with.
    package var options: JSONValue
    /// Where all its chance begins.
    package var seed: UInt64
    /// How it ran, and whom it let in.
    package var rules: Rules
    /// What it replicates and accepts.
    package var schema: Schema

    /// The header of a game that is about to begin.
    package init(
        build: String, lobby: String, game: String, options: JSONValue, seed: UInt64, rules: Rules, schema: Schema
    ) {
        self.build = build
        self.lobby = lobby
        self.game = game
        self.options = options
        self.seed = seed
        self.rules = rules
        self.schema = schema
    }

    /// Both lines.
    package var encoded: [UInt8] {
        let header: JSONValue = [
            "build": .string(build), "lobby": .string(lobby), "game": .string(game), "options": options,
            "seed": .string(Self.hexadecimal(seed)),
            "rules": [
                "tickRate": .integer(Int64(rules.tickRate)), "seats": .integer(Int64(rules.seats)),
                "graceNanoseconds": .integer(rules.grace.nanoseconds),
                "maxTicksAhead": .integer(Int64(rules.maxTicksAhead)),
                "rewindNanoseconds": .integer(rules.rewind.nanoseconds),
            ],
            "schemaHash": .string(schema.hashText), "schema": .string(schema.text),
        ]
        var bytes = Self.firstLine
        header.write(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Reads the second line, without its line feed.
    init(line: [UInt8]) throws(RecordingFault) {
        guard let header = try? JSONValue.parse(line.span, limits: Self.limits) else { throw .header("is no JSON") }
        func text(_ key: String) throws(RecordingFault) -> String {
            guard let text = header[key]?.string else { throw .header("\(key) is no text") }
            return text
        }
        build = try text("build")
        lobby = try text("lobby")
        game = try text("game")
        guard let options = header["options"] else { throw .header("options are missing") }
        self.options = options
        guard let seed = try Self.number(ofHexadecimal: text("seed")) else {
            throw .header("seed is not of 16 hexadecimal digits")
        }
        self.seed = seed
        guard let rules = header["rules"].flatMap(Rules.init(recorded:)) else { throw .header("rules break a bound") }
        self.rules = rules
        guard let schema = try? Schema.parse(text("schema")) else { throw .header("schema is none") }
        guard try schema.hashText == text("schemaHash") else { throw .header("schemaHash is another") }
        self.schema = schema
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func number(ofHexadecimal text: String) -> UInt64? {
        guard let number = UInt64(text, radix: 16), hexadecimal(number) == text else { return nil }
        return number
    }
}

extension Rules {
    /// The rules that a header has; nil when one of them is not in its range.
    fileprivate init?(recorded rules: JSONValue) {
        func number(_ key: String, _ range: ClosedRange<Int64>) -> Int64? {
            rules[key]?.integer.flatMap { range.contains($0) ? $0 : nil }
        }
        guard let tickRate = number("tickRate", 1...128), let seats = number("seats", 1...1_024),
            let grace = number("graceNanoseconds", 0...Int64.max),
            let ahead = number("maxTicksAhead", 1...1_024),
            let rewind = number("rewindNanoseconds", 0...Rules.rewindMax.nanoseconds)
        else { return nil }
        self.init(
            tickRate: Int(tickRate), seats: Int(seats), grace: Interval(nanoseconds: grace),
            maxTicksAhead: Int(ahead), rewind: Interval(nanoseconds: rewind))
    }
}
