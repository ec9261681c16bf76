import ByteKit
import ClientCore
import Determinism
import GameKit
import JSONCore
import SnapshotCore

/// One headless player: joins a lobby, plays it with a brain, checks everything the server sends, and comes back when its
/// connection is lost.
///
/// Whoever drives it calls ``advance()`` when ``nextWake`` has come and ``flush()`` once a turn after everything
/// else; a ``BotCrowd`` does so for many. Belongs to one loop.
package final class Bot {
    /// How long a first message may take to reach the server.
    private static let deliveryTime = Interval.seconds(1)

    // What each snapshot takes comes first: a process has thousands of these, and each cache line is a miss.

    let context: BotContext
    private(set) var client: LobbyClient?
    /// What it has of the game.
    var play: BotPlay?
    /// When the present state has lasted too long, or has to be left.
    private var stateDeadline: Instant
    /// Where the bot stands.
    package private(set) var state = State.idle
    var wasServed = false
    let behaviour: BotBehaviour
    private var hasJoined = false
    private var gameIsOver = false
    /// The seat it holds.
    package internal(set) var seat: HeldSeat?

    /// Told when ``nextWake`` has moved closer; nil for a bot that is driven alone.
    weak var crowd: BotCrowd?
    /// The bot's place in its crowd.
    var index = 0
    /// What it has in mind, beside playing.
    var manner = BotManner()
    /// How long it plays before it drops its own connection, give or take a half; nil for never.
    private var cutEvery: Interval?
    /// Whether its connection has been broken on purpose, so that its end is none of the server's doing.
    private var isConnectionDoomed = false
    /// What it knows of the match around the game.
    var match = BotMatch()
    let settings: BotSettings
    var random: SeededRandom
    private var backoff: Backoff
    private var cutAt: Instant?
    private var dialedAt: Instant
    private var lostAt: Instant?
    /// The tick that a lobby had reached whose seat was refused to its holder, until the next join shows why.
    private var refusedTick: UInt32?

    /// A bot that does nothing before its start.
    package init(_ settings: BotSettings, _ context: BotContext) {
        self.settings = settings
        self.context = context
        random = SeededRandom(seed: settings.seed)
        backoff = settings.backoff
        behaviour = settings.behaviour
        cutEvery = settings.cutEvery
        stateDeadline = settings.startAt
        dialedAt = settings.startAt
    }

    package var report: BotReport { context.report }

    /// The newest state that the bot has decoded; nil before the first snapshot.
    package var worldState: WorldState? { play?.receiver.state }

    // MARK: Time

    /// When ``advance()`` has something to do next; nil when it never will.
    package var nextWake: Instant? {
        guard state != .finished else { return nil }
        var wake = stateDeadline
        if let deadline = client?.deadline { wake = min(wake, deadline) }
        if state == .playing {
            if let cutAt { wake = min(wake, cutAt) }
            if let play {
                wake = min(wake, play.ackDue)
                if let due = play.decisionDue { wake = min(wake, due) }
            }
            if let misdeed = manner.due { wake = min(wake, misdeed) }
        }
        return wake
    }

    /// Does what is due.
    package func advance() {
        let now = context.clock()
        client?.timeReached(now)
        switch state {
        case .playing: playOn(now)
        case .finished: break
        case _ where now < stateDeadline: break
        case .idle, .waiting: dial(now)
        case .connecting, .joining: attemptFailed("no answer within \(settings.joinTimeout.seconds) s")
        case .leaving:
            report[.leavesUnanswered] += 1
            finish()
        }
    }

    private func playOn(_ now: Instant) {
        if now >= settings.endAt {
            leave(now)
        } else if let cutAt, now >= cutAt {
            cut(now)
        } else if let misdeed = manner.due, now >= misdeed {
            misbehave(now)
        } else if let play, let due = play.decisionDue, now >= due {
            decideOnTime(play, now)
        } else if let play, now >= play.ackDue {
            sendAck(now)
        }
    }

    /// Hands what waits to be sent to the streams. A crowd flushes for all of its bots.
    package func flush() {
        context.queue.flush()
    }

    private func enter(_ next: State, until deadline: Instant) {
        state = next
        stateDeadline = deadline
        crowd?.wakeMoved(self)
    }

    // MARK: Connecting

    private func dial(_ now: Instant) {
        guard now < lastAttempt else { return finish() }
        // One that was refused may still be waiting for the server to let go of it.
        dropClient()
        dialedAt = now
        let client = LobbyClient.make(
            settings.dialect, lobby: settings.lobby, host: settings.host, join: join, silenceMax: settings.silenceMax,
            compression: settings.compresses ? context.compression : nil,
            answersHeartbeats: settings.behaviour.answersHeartbeats, random: SeededRandom(seed: random.next()),
            context.client)
        self.client = client
        enter(.connecting, until: now + settings.joinTimeout)
        client.start(for: self)
    }

    private var join: LobbyJoin {
        var join = LobbyJoin(name: settings.name, game: settings.brain.gameName)
        join.options = settings.options
        join.token = seat?.token
        join.tick = seat == nil ? nil : worldState?.tick
        join.codec = settings.codec
        join.tables = settings.codec > 0 ? context.tables.hash(for: settings.brain.schema) : nil
        return join
    }

    private func attemptFailed(_ reason: String) {
        report[.connectFailures] += 1
        noteClose(reason)
        dropClient()
        retry(context.clock())
    }

    private func retry(_ now: Instant) {
        guard now < lastAttempt else { return finish() }
        enter(.waiting, until: min(now + backoff.next(using: &random), lastAttempt))
    }

    private func dropClient() {
        client?.abort()
        client = nil
    }

    /// When no further attempt is worth making: at the end of the life, or somewhat later with a seat to go back to.
    private var lastAttempt: Instant {
        seat == nil ? settings.endAt : settings.endAt + settings.returnTimeout
    }

    // MARK: The ends

    private func cut(_ now: Instant) {
        report[.cuts] += 1
        lost(now)
    }

    /// Drops the connection now, as a crash would, if it has one in its seat; then it comes back.
    package func dropConnection() {
        if state == .playing { cut(context.clock()) }
    }

    /// Expects the present connection to die: it is broken on purpose.
    package func expectLoss() {
        if state == .playing { isConnectionDoomed = true }
    }

    /// Drops its connections that far apart from now on; nil for never. What it does of itself it goes on doing.
    package func setCutEvery(_ interval: Interval?) {
        guard settings.behaviour != .disconnect, interval != cutEvery else { return }
        cutEvery = interval
        cutAt = interval.map { context.clock() + max(drawn(around: $0), Self.deliveryTime) }
        crowd?.wakeMoved(self)
    }

    /// The connection is gone, and the seat may be kept.
    private func lost(_ now: Instant) {
        lostAt = now
        // The server must keep the seat once it has heard from its holder.
        if let seat { self.seat?.isDoubtful = seat.spokenAt.map { now < $0 + Self.deliveryTime } ?? true }
        dropClient()
        retry(now)
    }

    private func leave(_ now: Instant) {
        // First, since to say something may show that the connection is gone.
        enter(.leaving, until: now + settings.leaveTimeout)
        client?.leave()
    }

    func finish() {
        guard state != .finished else { return }
        judgeAtEnd()
        if seat != nil, state != .leaving { report[.seatsAbandoned] += 1 }
        if refusedTick != nil { report[.seatLost] += 1 }
        dropClient()
        seat = nil
        report[.botsFinished] += 1
        enter(.finished, until: settings.endAt)
        crowd?.finished(self)
    }

    /// Makes the bot end its life now, in good order, as if its time had come.
    package func leaveNow() {
        switch state {
        case .playing: leave(context.clock())
        case .leaving, .finished: break
        case .idle, .connecting, .joining, .waiting:
            seat = nil
            finish()
        }
    }

    func noteClose(_ reason: String) {
        if report.firstClose == nil { report.firstClose = reason }
    }
}

// MARK: - What the lobby says

extension Bot: LobbyClientOwner {
    package func lobbyConnected() {
        guard state == .connecting else { return }
        report[.connects] += 1
        report.record(context.clock() - dialedAt, .connectTime)
        enter(.joining, until: dialedAt + settings.joinTimeout)
    }

    package func lobbyJoined(_ welcome: LobbyWelcome) {
        // With Socket.IO, the confirmation of the namespace came just before.
        guard state == .joining else { return }
        let now = context.clock()
        takeSeat(welcome, now)
        guard preparePlay(welcome, now) else { return }
        backoff.reset()
        gameIsOver = false
        if now >= settings.endAt { return leave(now) }
        cutAt = cutEvery.map { now + max(drawn(around: $0), Self.deliveryTime) }
        isConnectionDoomed = false
        context.witness?.joined(self, welcome)
        beginManner(now, welcome)
        // First, since to say something may show that the connection is gone.
        enter(.playing, until: settings.endAt)
        // At once, so that the server knows that the token has arrived.
        sendAck(now)
    }

    /// Notes the seat, and checks that one taken up again is the bot's own.
    private func takeSeat(_ welcome: LobbyWelcome, _ now: Instant) {
        let fresh = HeldSeat(number: welcome.seat, lobby: welcome.lobby, token: welcome.token, spokenAt: nil)
        guard let seat else {
            self.seat = fresh
            return joined(welcome, now)
        }
        let isOwn = welcome.isResumed && welcome.seat == seat.number && welcome.lobby == seat.lobby
        report[isOwn ? .resumes : .seatLost] += 1
        if isOwn, let lostAt { report.record(now - lostAt, .reconnectTime) }
        self.seat = fresh
        // A seat taken up again has been spoken from before: both tokens are good until the next word.
        if isOwn { self.seat?.spokenAt = seat.spokenAt } else { play = nil }
    }

    private func joined(_ welcome: LobbyWelcome, _ now: Instant) {
        report[.joins] += 1
        report.record(now - dialedAt, .joinTime)
        if !hasJoined { report[.botsJoined] += 1 }
        hasJoined = true
        // A lobby that has not come as far as the one before is another one: that game ended while the bot was away.
        if let refusedTick { report[welcome.tick < refusedTick ? .gamesFinished : .seatLost] += 1 }
        refusedTick = nil
    }

    private func preparePlay(_ welcome: LobbyWelcome, _ now: Instant) -> Bool {
        do {
            if let play, play.receiver.schema.text == welcome.schema {
                play.restart(welcome)
            } else {
                play = try BotPlay(welcome, settings, brainSeed: random.next(), ackDue: now)
            }
            if let play, let interval = play.brain.interval {
                play.decisionDue = now + Interval(nanoseconds: Int64(interval.seconds * random.double(in: 0...1) * 1e9))
            }
            if let play { play.receiver.codec1 = try context.tables.codec(of: welcome, play.receiver.schema) }
            return true
        } catch {
            report[.malformedAnswers] += 1
            noteClose("a schema, options or tables that the bot cannot use: \(error)")
            finish()
            return false
        }
    }

    /// A length between half of `interval` and one and a half.
    private func drawn(around interval: Interval) -> Interval {
        Interval(nanoseconds: Int64(interval.seconds * random.double(in: 0.5...1.5) * 1e9))
    }

    package func lobbyRefused(_ refusal: LobbyRefusal) {
        guard state == .joining || state == .connecting else { return }
        let now = context.clock()
        if seat != nil, [4001, 4014, 4015].contains(refusal.code) {
            // The seat is gone; join without the token. A new player has no use for the old one's state.
            if seat?.isDoubtful == false { refusedTick = worldState?.tick ?? 0 }
            seat = nil
            play = nil
            return retry(now)
        }
        report[.joinsRefused] += 1
        if report.firstRefusal == nil { report.firstRefusal = refusal.message }
        switch refusal.code {
        // Full, too many, draining: that can change.
        case 4007, 4008, 4009: retry(now)
        default:
            seat = nil
            // It ends by itself, in good order.
            client = nil
            finish()
        }
    }

    package func lobbyEvent(_ name: String, _ data: JSONValue) {
        context.witness?.heard(self, name, data)
        switch name {
        case "draining", "kicked", "closed", "replaced", "exception": break
        case "phase", "players":
            if let seat, let wish = match.wish(at: name, data, seat: seat.number) { client?.say(wish) }
        case "finished":
            gameIsOver = true
            report[.gamesFinished] += 1
        default:
            report[.gameEvents] += 1
            play?.brain.hear(name, data)
        }
    }

    package func lobbySnapshot(_ message: Span<UInt8>, at now: Instant) {
        guard let play, state == .playing || state == .leaving else { return }
        guard receive(message, play, now), state == .playing, now < stateDeadline else { return }
        if play.brain.interval == nil { decide(play, now) }
    }

    package func lobbyHeartbeat() {
        noteHeartbeat()
    }

    package func lobbyEnded(_ end: LobbyEnd) {
        client = nil
        let now = context.clock()
        if state == .playing, judge(end) { return }
        switch (state, end.cause) {
        case (.idle, _), (.waiting, _), (.finished, _): break
        case (_, .kicked):
            report[.kicked] += 1
            seat = nil
            finish()
        case (.leaving, _): finish()
        case (.connecting, _), (.joining, _): attemptFailed(end.reason)
        case (.playing, .lobbyClosed):
            if !gameIsOver { report[.lobbiesClosed] += 1 }
            seat = nil
            play = nil
            retry(now)
        case (.playing, _): lostUnexpectedly(end, now)
        }
    }

    private func lostUnexpectedly(_ end: LobbyEnd, _ now: Instant) {
        guard !isConnectionDoomed else { return lost(now) }
        report.closes[end.code ?? 0, default: 0] += 1
        switch end.cause {
        case .heartbeatMissed: report[.heartbeatsMissed] += 1
        case .malformed: report[.malformedAnswers] += 1
        default: report[.unexpectedCloses] += 1
        }
        noteClose(end.reason)
        if !end.mayResume { seat = nil }
        lost(now)
    }
}
