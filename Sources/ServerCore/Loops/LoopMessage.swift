import Determinism
import JSONCore
import SnapshotCore

/// Everything that one loop has to say to another at the end of a turn.
package struct LoopBatch: Sendable {
    /// The loop that says it.
    let from: Int
    /// Counts the batches of this link from 1; 0 for one that only reports.
    let number: UInt64
    /// The newest batch of the other direction that has been handled.
    let handled: UInt64
    /// Whether the sender waits to be told that this batch has been handled.
    let wantsReport: Bool
    /// In the order in which it was said.
    let messages: [LoopMessage]
    /// Bytes for clients; `messages` has their places in the order.
    let deliveries: [LoopDelivery]
}

/// Framed bytes for one or many remote sessions; the array is shared with whoever else sends it.
struct LoopDelivery: Sendable {
    let bytes: [UInt8]
    /// Whether it is a snapshot, of which only the latest matters.
    let isLatest: Bool
    var remotes: [Int]
}

/// What one loop tells another. A remote session is named by the number that the session's own loop
/// has given it.
enum LoopMessage: Sendable {
    // From the session's loop to the lobby's.
    indirect case join(remote: Int, JoinRequest, Dialect)
    case confirm(remote: Int)
    case inputs(remote: Int, [QuantisedInput], seen: UInt32)
    indirect case input(remote: Int, OfferedInput, key: JSONValue?)
    /// The newest snapshot that the client says it has.
    case ack(remote: Int, UInt32)
    indirect case ask(remote: Int, LobbyCommand, key: JSONValue?)
    case tick(remote: Int, key: JSONValue)
    case keyframe(remote: Int, isMismatch: Bool)
    case leave(remote: Int)
    case lost(remote: Int)
    /// Their last snapshot has been handed to the byte stream, and the next may come.
    case taken(remotes: [Int])
    /// Its connection has fallen behind, or has caught up.
    case congested(remote: Int, Bool)

    // From the lobby's loop to the session's.
    indirect case joined(remote: Int, seat: Int, game: String, welcome: JSONValue)
    indirect case refused(remote: Int, JoinRefusal)
    /// The lobby is on another loop by now.
    case moved(remote: Int)
    /// The delivery at that place of the batch.
    case deliver(Int)
    indirect case answered(remote: Int, key: JSONValue, accepted: Bool?, moment: LobbyMoment)
    indirect case asked(remote: Int, key: JSONValue?, LobbyAnswer)
    indirect case ended(remote: Int, Departure)

    // Between servers.
    /// A connection whose request belongs to the other loop.
    indirect case connection(MovedConnection)
    indirect case question(Int, LoopQuestion)
    indirect case answer(Int, LoopAnswer)
    /// From one hub of an author's Socket.IO to that of the same number.
    indirect case socketIO(hub: Int, SocketLoopMessage)
    /// About the list of lobbies.
    indirect case list(ListMessage)
    /// About somebody who waits for a match.
    indirect case queue(QueueMessage)
    case drain
    /// Whether nobody sits in a lobby of the loop that says so, in a drain.
    case settled(Bool)
}

/// What one server asks another.
enum LoopQuestion: Sendable {
    /// The listed lobbies that somebody wants to be shown.
    indirect case lobbies(LobbyQuery)
    /// The fullest of them.
    indirect case fullest(LobbyQuery)
    /// To open a lobby that the directory has placed there.
    indirect case open(JoinRequest)
    /// To open a lobby for a match that was found, and keep a seat in that team for everyone.
    indirect case openMatch(JoinRequest, teams: [Int?])
    /// What admins are shown.
    case figures
    /// The same without the lobbies one by one.
    case totals
    /// Whether it turns, which it says by answering.
    case alive
    /// To keep seats in a lobby that is there.
    indirect case reserve(SeatRequest)
    /// To free the seats of whoever is banned from all lobbies.
    indirect case evict(Ban)
    /// An admin's command about a lobby that is there.
    indirect case command(AdminCall)
    /// The lobbies that an admin wants to be shown.
    indirect case adminLobbies(AdminLobbyQuery)
    /// What has happened there.
    indirect case journal(JournalQuery)
    /// What went on in the last hour.
    case timeline
    /// To say something to everybody in every lobby.
    case notice(JSONValue)
    /// To throw everybody out of every lobby.
    case clear(reason: String)
    /// To end the sockets of admins who are logged in no more.
    case endAdmins
    /// What pages of the official Socket.IO Admin UI want to know.
    indirect case adminUI(AdminUIQuestion)
    /// What those of an author's own namespaces want to know.
    indirect case socketPages(SocketPagesQuestion)
    /// To end the session of that number, of this loop, for an admin.
    case endSession(UInt64, reason: String)
}

/// The answer to a ``LoopQuestion``, in the same order.
enum LoopAnswer: Sendable {
    case lobbies([LobbyRow])
    case figures(LoopFigures)
    case outcome(JSONValue)
    case commanded(AdminOutcome)
    case adminLobbies([AdminLobbyRow], count: Int)
    case journal([JournalEntry], until: Instant)
    case timeline(Timeline)
    indirect case adminUI(AdminUIFigures)
    indirect case socketPages(SocketPagesAnswer)
    case opened(Result<LobbyRow, JoinRefusal>)
    case reserved(Result<JSONValue, JoinRefusal>)
    case matchOpened(Result<[KeptPlace], JoinRefusal>)
}
