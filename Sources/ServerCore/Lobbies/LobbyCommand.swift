import Determinism
import JSONCore
import LobbyCore

/// What a player asks of its lobby beside playing, as an event says it (protocol/spec/lobby.md §4.1).
enum LobbyCommand: Sendable, Equatable {
    case players
    case ready(Bool)
    /// A team, and whose it is to be: nil for the asker's.
    case team(Int, seat: Int?)
    case start
    case rematch(Bool)
    case kick(Int, reason: String)
    case lock(Bool)
    case terms(JSONValue)
    case host(Int)
    /// For so many seconds; 0 ends it.
    case mute(Int, seconds: Int, reason: String)
    case chat(String, ChatTarget)

    /// Reads an event's data.
    ///
    /// - Returns: nil when no verb has that name.
    init?(event: String, _ data: JSONValue) throws(MatchRefusal) {
        // What players call `team` is two verbs: whose team it is tells which.
        guard let verb = MatchVerb(rawValue: event), verb != .assign else { return nil }
        switch verb {
        case .players: self = .players
        case .ready: self = .ready(try Self.flag(data, "ready"))
        case .team, .assign: self = .team(try Self.number(data, "team"), seat: try Self.optionalNumber(data, "seat"))
        case .start: self = .start
        case .rematch: self = .rematch(try Self.flag(data, "rematch"))
        case .kick: self = .kick(try Self.number(data, "seat"), reason: try Self.reason(data))
        case .lock: self = .lock(try Self.flag(data, "locked"))
        case .terms: self = .terms(data)
        case .host: self = .host(try Self.number(data, "seat"))
        case .mute:
            let seconds = try Self.number(data, "seconds", 0...Int(ChatTable.muteMax.seconds))
            self = .mute(try Self.number(data, "seat"), seconds: seconds, reason: try Self.reason(data))
        case .chat: self = try Self.chat(data)
        }
    }

    /// The name of its event.
    var event: String {
        let verb: MatchVerb =
            switch self {
            case .players: .players
            case .ready: .ready
            case .team: .team
            case .start: .start
            case .rematch: .rematch
            case .kick: .kick
            case .lock: .lock
            case .terms: .terms
            case .host: .host
            case .mute: .mute
            case .chat: .chat
            }
        return verb.rawValue
    }

    private static func chat(_ data: JSONValue) throws(MatchRefusal) -> LobbyCommand {
        guard let text = data["text"]?.string else { throw .malformed("\"text\" must be a string") }
        switch data["to"] {
        case nil, .null, .string("lobby"): return .chat(text, .lobby)
        case .string("team"): return .chat(text, .team)
        case .integer(let seat): return .chat(text, .seat(Int(clamping: seat)))
        default: throw .malformed("\"to\" must be \"lobby\", \"team\" or a seat number")
        }
    }

    /// A flag that is true when it is left out.
    private static func flag(_ data: JSONValue, _ key: String) throws(MatchRefusal) -> Bool {
        switch data[key] {
        case nil, .null: return true
        case .bool(let flag): return flag
        default: throw .malformed("\"\(key)\" must be true or false")
        }
    }

    private static func number(
        _ data: JSONValue, _ key: String, _ range: ClosedRange<Int> = 0...1_023
    ) throws(MatchRefusal) -> Int {
        guard let number = data[key]?.integer.flatMap({ Int(exactly: $0) }), range.contains(number) else {
            throw .malformed("\"\(key)\" must be a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func optionalNumber(_ data: JSONValue, _ key: String) throws(MatchRefusal) -> Int? {
        data[key] == nil || data[key] == .null ? nil : try number(data, key)
    }

    private static func reason(_ data: JSONValue) throws(MatchRefusal) -> String {
        switch data["reason"] {
        case nil, .null: return ""
        case .string(let text) where text.utf8.count <= 256: return DisplayText.cleaned(text, charactersMax: 100)
        default: throw .malformed("\"reason\" must be a string of at most 256 bytes")
        }
    }
}

/// What became of a ``LobbyCommand``.
struct LobbyAnswer: Sendable, Equatable {
    /// The name of the event that has asked.
    var event: String
    /// What the asker is told when it was done; null where there is nothing to say.
    var outcome: Result<JSONValue, MatchRefusal>
}

extension MatchRefusal {
    /// What a refused client is told.
    var data: JSONObject { ["error": .string(message), "code": .string(code)] }
}

extension Member {
    /// Takes an event that asks something of the lobby. With a key, ``Session/commandAnswered(_:key:_:)`` says what became of
    /// it, at once or on a later turn.
    ///
    /// - Returns: false when no verb has that name.
    final func receiveCommand(_ event: String, _ data: JSONValue, key: JSONValue?) -> Bool {
        do throws(MatchRefusal) {
            guard let command = try LobbyCommand(event: event, data) else { return false }
            ask(command, key: key)
        } catch {
            session.commandAnswered(self, key: key, LobbyAnswer(event: event, outcome: .failure(error)))
        }
        return true
    }
}
