import JSONCore

/// Who sees what one bot sees, beside the bot: the checkers of a simulated world. Where there is none, that costs one look for each
/// snapshot.
///
/// Every call comes from within the bot's own handling of what has arrived; a witness changes nothing of the bot.
package protocol BotWitness: AnyObject {
    /// The bot has a seat, on a connection of its own.
    func joined(_ bot: Bot, _ welcome: LobbyWelcome)
    /// An event of the lobby or its game.
    func heard(_ bot: Bot, _ event: String, _ data: JSONValue)
    /// The bot has applied a snapshot: ``Bot/worldState`` is the state after it.
    func applied(_ bot: Bot)
    /// The bot has asked where its lobby stands, which is to be answered once.
    func asked(_ bot: Bot)
    /// That has been answered.
    func answered(_ bot: Bot)
}
