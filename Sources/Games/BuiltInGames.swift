import GameKit

/// The games that come with the server, and the brains that play them.
public enum BuiltInGames {
    /// Every game, by the name lobbies ask for.
    public static let all = [GameType(Arena.self), GameType(TicTacToe.self)]
    /// A brain for each of them.
    public static let brains = [BrainType(ArenaBrain.self), BrainType(TicTacToeBrain.self)]
}

/// Options that a game cannot be started with.
public struct OptionsError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, for whoever asked for the lobby.
    public let description: String
}
