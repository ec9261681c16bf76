import GameKit

/// The games that come with the server, and the brains that play them.
public enum BuiltInGames {
    /// Every game, by the name lobbies ask for.
    public static let all = [
        GameType(Arena.self), GameType(TicTacToe.self), GameType(Eights.self), GameType(Racing.self),
        GameType(TeamArena.self),
    ]
    /// A brain for each of them.
    public static let brains = [
        BrainType(ArenaBrain.self), BrainType(TicTacToeBrain.self), BrainType(EightsBrain.self),
        BrainType(RacingBrain.self), BrainType(TeamArenaBrain.self),
    ]
}

/// Options that a game cannot be started with.
public struct OptionsError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, for whoever asked for the lobby.
    public let description: String
}

extension OptionsError {
    /// A whole number that may stand in the options under `name`; nil when it is left out.
    static func integer(_ name: String, in range: ClosedRange<Int>, of options: JSONValue) throws -> Int? {
        switch options[name] {
        case nil: return nil
        case .integer(let value) where range.contains(Int(value)): return Int(value)
        default:
            throw OptionsError(description: "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
