import ClientCore
import Determinism
import GameKit
import JSONCore
import WebSocketCore

/// What one bot is to do.
package struct BotSettings: Sendable {
    /// The lobby to join.
    package var lobby: String
    /// The player's name.
    package var name: String
    /// The brain that plays, and the name of its game.
    package var brain: BrainType
    /// Given to the game when this bot's join opens the lobby, and to the brain.
    package var options = JSONValue.null
    /// How it speaks to the server.
    package var dialect = ClientDialect.plain
    /// The highest codec of snapshots that it asks for: 0 or 1.
    package var codec: UInt8 = 1
    /// What it does with its seat.
    package var behaviour = BotBehaviour.play
    /// Whether it asks once a second where its lobby stands, however little it sends, so that snapshots' ages are known.
    package var asksTime = false
    /// Whether it offers to compress messages.
    package var compresses = false
    /// The `Host` field.
    package var host = "localhost"
    /// Decides everything that the bot leaves to chance.
    package var seed: UInt64
    /// When it connects first.
    package var startAt: Instant
    /// When it leaves for good.
    package var endAt: Instant
    /// How long it plays before it drops its own connection, give or take a half; nil for never.
    package var cutEvery: Interval?
    /// Whether an admin is expected to remove it; otherwise that counts as a failure.
    package var expectsKick = false

    /// The waits between attempts to connect.
    package var backoff = Backoff()
    /// How long an attempt to connect and join may take.
    package var joinTimeout = Interval.seconds(10)
    /// How long the server may take to let it go once it leaves.
    package var leaveTimeout = Interval.seconds(5)
    /// How long it keeps trying to get back to its seat after ``endAt``, to leave it in good order.
    package var returnTimeout = Interval.seconds(10)
    /// The longest time without a message to the server: an ack goes out when the brain has nothing to say.
    package var ackInterval = Interval.seconds(1)
    /// How long a plain connection may bring nothing before the server counts as dead: the server's heartbeat interval and
    /// its timeout, as they are by default.
    package var silenceMax = Interval.seconds(45)

    /// A bot with the defaults above.
    package init(lobby: String, name: String, brain: BrainType, seed: UInt64, startAt: Instant, endAt: Instant) {
        self.lobby = lobby
        self.name = name
        self.brain = brain
        self.seed = seed
        self.startAt = startAt
        self.endAt = endAt
    }
}

/// What bots share: the clock, the way to the server, what is flushed, and the report.
package final class BotContext {
    /// What their clients share.
    package let client: ClientContext
    /// What the bots did.
    package let report: BotReport
    /// Who sees what these bots see; nil for nobody.
    package var witness: (any BotWitness)?
    /// How messages of the bots that offer it are compressed.
    package var compression = ClientCompression(pool: DeflatePool())
    /// What they were given to read codec 1 with.
    let tables: BotTables

    /// What bots share that have these clients, count in that report, and have all else in common with others.
    package init(client: ClientContext, report: BotReport, sharing others: BotContext) {
        self.client = client
        self.report = report
        compression = others.compression
        tables = others.tables
    }

    /// What bots of one loop share.
    package init(dialer: any Dialer, clock: @escaping () -> Instant) {
        client = ClientContext(dialer: dialer, clock: clock)
        report = BotReport(traffic: client.traffic)
        tables = BotTables()
    }

    /// The monotonic clock.
    package var clock: () -> Instant { client.clock }

    /// Connections with something to send.
    package var queue: FlushQueue { client.queue }
}
