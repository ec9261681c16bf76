import BotCore
import Determinism
import JSONCore

/// A plan for bots, as a file has it (simulator/scenarios/README.md).
package struct Scenario: Sendable {
    /// What it is called in reports.
    package var name: String
    /// What it is for, in a sentence or two.
    package var about = ""
    /// The game of the lobbies; nil leaves it to the command line.
    package var game: String?
    /// Given to the game of each lobby.
    package var gameOptions = JSONValue.null
    /// Over how many lobbies the bots spread.
    package var lobbies = 10
    /// Where randomness begins; nil leaves it to the command line.
    package var seed: UInt64?
    /// Whether bots offer to compress messages.
    package var compresses = false
    /// The run's parts, in their order.
    package var phases: [FleetPhase] = []
    /// What must hold for the whole run.
    package var expect: [FleetThreshold] = []

    /// Why a file is no scenario: sentences that name file, line and key.
    package struct Problems: Error, CustomStringConvertible {
        /// A line each.
        package let sentences: [String]
        /// All of them.
        package var description: String { sentences.joined(separator: "\n") }
    }

    /// Reads a scenario.
    ///
    /// - Parameter file: What the sentences call it.
    package static func parse(_ bytes: [UInt8], file: String) throws(Problems) -> Scenario {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(bytes.span, limits: JSONLimits(depthMax: 16, valuesMax: 10_000))
        } catch {
            let line = JSONLines.line(ofByte: error.offset, in: bytes)
            throw Problems(sentences: ["\(file):\(line): \(error.description)"])
        }
        let problems = ScenarioProblems(file: file, lines: JSONLines(bytes))
        let scenario = ScenarioReader.read(ScenarioValue(document, at: "", problems))
        guard problems.sentences.isEmpty else { throw Problems(sentences: problems.sentences) }
        return scenario
    }
}

/// What has been found wrong with a scenario so far.
final class ScenarioProblems {
    private(set) var sentences: [String] = []
    private let file: String
    private let lines: JSONLines

    init(file: String, lines: JSONLines) {
        self.file = file
        self.lines = lines
    }

    /// `storm.json:14: "seconds" must be a number from 0.1 to 86400.`
    func add(_ path: String, _ sentence: String) {
        let whole = "\(file):\(lines[path]): \(path.isEmpty ? "" : "\"\(path)\" ")\(sentence)"
        if !sentences.contains(whole) { sentences.append(whole) }
    }
}

/// A value of a scenario, and where it stands. What is not as it must be is noted, and read as if it were not there.
struct ScenarioValue {
    let value: JSONValue
    let path: String
    let problems: ScenarioProblems

    init(_ value: JSONValue, at path: String, _ problems: ScenarioProblems) {
        self.value = value
        self.path = path
        self.problems = problems
    }

    func refuse(_ sentence: String) { problems.add(path, sentence) }

    /// The member of that name; nil where there is none.
    subscript(key: String) -> ScenarioValue? {
        value[key].map { ScenarioValue($0, at: path.isEmpty ? key : path + "." + key, problems) }
    }

    /// The members; none with a sentence where this is no object or has others than those of `known`.
    func members(knowing known: [String]) {
        guard let object = value.object else { return refuse("must be an object.") }
        for member in object.members where !known.contains(member.key) {
            let path = path.isEmpty ? member.key : path + "." + member.key
            problems.add(path, "is unknown; there are: \(known.joined(separator: ", ")).")
        }
    }

    var elements: [ScenarioValue] {
        guard let array = value.array else {
            refuse("must be an array.")
            return []
        }
        return array.enumerated().map { ScenarioValue($1, at: "\(path)[\($0)]", problems) }
    }

    func number(_ range: ClosedRange<Double>) -> Double? {
        if let number = value.number, range.contains(number) { return number }
        refuse("must be a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound)).")
        return nil
    }

    func integer(_ range: ClosedRange<Int>) -> Int? {
        if let number = value.integer.flatMap(Int.init(exactly:)), range.contains(number) { return number }
        refuse("must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        return nil
    }

    func text(_ lengths: ClosedRange<Int>) -> String? {
        if let text = value.string, lengths.contains(text.utf8.count) { return text }
        refuse("must be text of \(lengths.lowerBound) to \(lengths.upperBound) bytes.")
        return nil
    }

    var bool: Bool? {
        if let bool = value.bool { return bool }
        refuse("must be true or false.")
        return nil
    }

    func word<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> Word? where Word.RawValue == String {
        if let word = value.string.flatMap(Word.init) { return word }
        refuse("must be one of: \(Word.allCases.map(\.rawValue).joined(separator: ", ")).")
        return nil
    }

    /// A word, or an object of words with weights.
    func mix<Word: RawRepresentable & CaseIterable & Sendable>(_ type: Word.Type) -> FleetMix<Word>?
    where Word.RawValue == String {
        guard let object = value.object else { return word(type).map { FleetMix($0) } }
        members(knowing: Word.allCases.map(\.rawValue))
        let parts = object.members.compactMap { member -> (kind: Word, weight: Int)? in
            guard let word = Word(rawValue: member.key), let weight = self[member.key]?.integer(0...1_000_000) else {
                return nil
            }
            return (word, weight)
        }.filter { $0.weight > 0 }
        if parts.isEmpty { refuse("must have a weight above 0.") }
        return parts.isEmpty ? nil : FleetMix(parts)
    }

    /// A length in seconds.
    func seconds(_ range: ClosedRange<Double>) -> Interval? { number(range).map(FleetOptions.interval) }

    private static func text(_ number: Double) -> String {
        number == number.rounded() ? String(Int64(number)) : String(number)
    }
}
