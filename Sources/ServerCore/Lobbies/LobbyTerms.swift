import Determinism
import GameKit
import JSONCore
import LobbyCore

/// What whoever opens a lobby says of it: who may come in, and what others are shown (protocol/spec/lobby.md §2.1).
struct LobbyTerms: Sendable {
    /// What it is called; empty where nothing was said.
    private(set) var title = ""
    /// Whether the list shows it and a quick join may find it.
    private(set) var isListed = true
    /// The most that play at once; nil for every seat.
    private(set) var playersMax: Int?
    /// How many teams there are; nil for as many as the game's rules say.
    private(set) var teams: Int?
    /// What it is found by, beside its game: text, whole numbers and booleans.
    private(set) var metadata = JSONObject()
    /// The most who may watch at a time; nil for as many as the game and the server let.
    private(set) var watchersMax: Int?
    /// How long after the players those who watch see what happens, at least.
    private(set) var watchDelay = Interval.zero
    /// How often they have been changed.
    private(set) var revision = 0
    /// The digest of its password; nil where everyone may come in.
    private var password: [UInt8]?

    /// Reads terms for a game with those rules.
    ///
    /// - Parameter metadata: What the metadata are where the terms name none: what a quick join has looked for.
    /// - Throws: A bad request that says what is wrong.
    init(_ value: JSONValue, rules: Rules, metadata: JSONObject = JSONObject()) throws(JoinRefusal) {
        self.metadata = metadata
        try read(value, rules: rules, isChange: false)
    }

    /// The same terms with what the lobby's host has changed of them: anything but the number of teams and the delay of those who watch.
    ///
    /// - Throws: A bad request that says what is wrong.
    func changed(by value: JSONValue, rules: Rules) throws(JoinRefusal) -> LobbyTerms {
        var terms = self
        try terms.read(value, rules: rules, isChange: true)
        terms.revision += 1
        return terms
    }

    private mutating func read(_ value: JSONValue, rules: Rules, isChange: Bool) throws(JoinRefusal) {
        if value == .null { return }
        guard case .object(let terms) = value else { throw .badRequest("\"lobby\" must be an object") }
        for member in terms.members where member.value != .null {
            let (key, value) = (member.key, member.value)
            switch key {
            case "title": title = DisplayText.cleaned(try Self.text(value, key, bytesMax: 256), charactersMax: 64)
            case "listed": isListed = try Self.flag(value, key)
            case "password": password = Server.digest(of: try Self.text(value, key, bytesMax: 128))
            case "players": playersMax = try Self.count(value, key, 1...rules.seats)
            case "teams" where !isChange && rules.match.teams > 0:
                teams = try Self.count(value, key, 2...rules.match.teams)
            case "metadata": self.metadata = try Self.metadata(value)
            case "watchers": watchersMax = try Self.count(value, key, 0...1_000_000)
            case "delay" where !isChange: watchDelay = .seconds(try Self.count(value, key, 0...Self.delaySecondsMax))
            default:
                throw .badRequest(
                    "\"lobby\" has no \"\(key)\": title, listed, password, players, teams, metadata, watchers, delay")
            }
        }
    }

    /// What players are told of the terms: all but the password itself.
    var shown: JSONObject {
        var shown: JSONObject = ["title": .string(title), "listed": .bool(isListed), "metadata": .object(metadata)]
        if hasPassword { shown["password"] = true }
        if let playersMax { shown["players"] = .integer(Int64(playersMax)) }
        if let watchersMax { shown["watchers"] = .integer(Int64(watchersMax)) }
        if watchDelay > .zero { shown["delay"] = .integer(watchDelay.nanoseconds / 1_000_000_000) }
        return shown
    }

    private static let delaySecondsMax = Int(WatchRules.delayMax.nanoseconds / 1_000_000_000)

    /// Whether a password is needed.
    var hasPassword: Bool { password != nil }

    /// Whether the password is the lobby's, found out in constant time; true where none is needed.
    func admits(password given: String?) -> Bool {
        guard let password else { return true }
        return ConstantTime.areEqual(password, Server.digest(of: given ?? ""))
    }

    private static func text(_ value: JSONValue, _ key: String, bytesMax: Int) throws(JoinRefusal) -> String {
        guard let text = value.string, (1...bytesMax).contains(text.utf8.count) else {
            throw .badRequest("\"\(key)\" of \"lobby\" must be a string of 1 to \(bytesMax) bytes")
        }
        return text
    }

    private static func flag(_ value: JSONValue, _ key: String) throws(JoinRefusal) -> Bool {
        guard let flag = value.bool else { throw .badRequest("\"\(key)\" of \"lobby\" must be true or false") }
        return flag
    }

    private static func count(_ value: JSONValue, _ key: String, _ range: ClosedRange<Int>) throws(JoinRefusal) -> Int {
        guard let count = value.integer.flatMap({ Int(exactly: $0) }), range.contains(count) else {
            throw .badRequest(
                "\"\(key)\" of \"lobby\" must be a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    /// Metadata, or the members of a filter.
    static func metadata(_ value: JSONValue, named name: String = "metadata") throws(JoinRefusal) -> JSONObject {
        guard case .object(let members) = value, members.count <= 16 else {
            throw .badRequest("\"\(name)\" must be an object of at most 16 members")
        }
        for member in members.members {
            let isGood =
                switch member.value {
                case .bool, .integer: true
                case .string(let text): text.utf8.count <= 128
                default: false
                }
            guard isGood, (1...32).contains(member.key.utf8.count) else {
                throw .badRequest(
                    "\"\(name)\" has names of 1 to 32 bytes, and values that are true, false, whole numbers or strings of at "
                        + "most 128 bytes")
            }
        }
        return members
    }
}

/// Text from players that other players are shown.
enum DisplayText {
    /// The text without control and formatting characters and without blanks at its ends, cut to that many characters and four
    /// times as many bytes. May be empty.
    static func cleaned(_ text: String, charactersMax: Int) -> String {
        let kept = text.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
            default: true
            }
        }
        var text = String(String.UnicodeScalarView(kept)).prefix(charactersMax)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        while text.utf8.count > 4 * charactersMax { text.removeLast() }
        return String(text)
    }
}
