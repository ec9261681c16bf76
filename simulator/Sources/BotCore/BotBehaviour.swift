import Determinism
import GameKit
import SnapshotCore

/// What a bot does with its seat. The first four are players; the others misbehave, and each must see what the server does about that.
package enum BotBehaviour: String, CaseIterable, Sendable {
    /// Plays by its game's brain: in the arena it chases the nearest enemy.
    case play
    /// Inputs at random, all of them legal, each for about half a second.
    case wander
    /// Watches, and says no more than it must.
    case idle
    /// Plays, drops its connection every few seconds, and comes back to its seat.
    case disconnect
    /// Sends far more inputs than its game takes. It must be removed.
    case spam
    /// Sends inputs for impossible ticks, the same ones again, and at last one that is none. It must be removed.
    case cheat
    /// Reads 2 kB a second. It must be shown the newest state from time to time, or be cut off.
    case slow
    /// Answers no heartbeat. It must be closed with 4005.
    case silent
    /// Answers heartbeats when their time is over. It must be closed with 4005.
    case late
    /// Answers heartbeats before they come, and not when they do. It must be closed with 4005.
    case early
    /// Answers heartbeats that never came, beside those that did. It must be let play.
    case unsolicited

    /// What a misbehaving bot must see; nil for a player, whose figures count.
    package var verdict: BotVerdict? {
        switch self {
        case .play, .wander, .idle, .disconnect: nil
        case .spam: .removed(code: 4008)
        case .cheat: .removed(code: 4002)
        case .slow: .servedOrCutOff
        case .silent, .late, .early: .removed(code: 4005)
        case .unsolicited: .keepsPlaying
        }
    }

    /// Whether heartbeats are answered when they come.
    var answersHeartbeats: Bool {
        switch self {
        case .silent, .late, .early: false
        default: true
        }
    }

    /// How often it does what its kind does beside playing; nil where that is nothing.
    var interval: Interval? {
        switch self {
        case .spam, .cheat: .milliseconds(100)
        case .early, .unsolicited: .seconds(1)
        default: nil
        }
    }
}

/// What the server must do about a bot that misbehaves.
package enum BotVerdict: Sendable, Equatable {
    /// It is removed, or its connection closed with that code where its dialect can say one.
    case removed(code: Int)
    /// It goes on playing to its end.
    case keepsPlaying
    /// It goes on, with gaps, or its connection is cut.
    case servedOrCutOff
}

/// What a bot that does not just play has in mind.
struct BotManner {
    /// A wandering bot's input, and until when it stays with it.
    var drift: (values: [UInt32], until: Instant)?
    /// When it does its next misdeed; nil for none.
    var due: Instant?
    /// How many it has done on this connection.
    var deeds = 0
    /// How long the server waits for the answer to a heartbeat.
    var heartbeatTimeout = Interval.seconds(20)
    /// Whether the server has done what it must, or cannot any more.
    var isJudged = false
}

extension Bot {
    /// What to ask for at this state, or nil to send nothing.
    func wish(_ play: BotPlay, _ state: WorldState, seat: Int, _ now: Instant) -> [UInt32]? {
        switch behaviour {
        case .wander: return drift(play, now)
        case .idle, .spam, .cheat: return nil
        default: return play.brain.decide(state: state, seat: seat)
        }
    }

    private func drift(_ play: BotPlay, _ now: Instant) -> [UInt32] {
        if let drift = manner.drift, now < drift.until { return drift.values }
        let values = play.receiver.schema.inputLayout.quantisers.map { UInt32(random.int(in: 0...Int($0.maximum))) }
        manner.drift = (values, now + .milliseconds(random.int(in: 250...750)))
        return values
    }

    /// The bot has its seat, on a new connection.
    func beginManner(_ now: Instant, _ welcome: LobbyWelcome) {
        manner.deeds = 0
        if let timeout = welcome.heartbeatTimeout { manner.heartbeatTimeout = timeout }
        manner.due = settings.behaviour.interval.map { now + $0 }
    }

    /// A heartbeat has come, which the client has answered or not.
    func noteHeartbeat() {
        report[.heartbeatsAnswered] += settings.behaviour.answersHeartbeats ? 1 : 0
        switch settings.behaviour {
        case .late where manner.due == nil:
            manner.due = context.clock() + Interval(nanoseconds: manner.heartbeatTimeout.nanoseconds / 2 * 3)
            crowd?.wakeMoved(self)
        // From now on what it says would be an answer.
        case .early: manner.due = nil
        default: break
        }
    }

    /// Does the misdeed that is due.
    func misbehave(_ now: Instant) {
        manner.due = settings.behaviour.interval.map { now + $0 }
        manner.deeds += 1
        switch settings.behaviour {
        case .spam: for _ in 0..<8 { sendInputs(ahead: 1, count: ClientMessage.inputsMax, now) }
        case .cheat: cheat(now)
        case .late, .early, .unsolicited: client?.sendPong()
        default: break
        }
    }

    /// Whether this end of its connection is what the server had to do: the end of a bot that misbehaves. False for a player.
    func judge(_ end: LobbyEnd) -> Bool {
        guard let verdict = settings.behaviour.verdict else { return false }
        report.closes[end.code ?? 0, default: 0] += 1
        let isMet =
            switch verdict {
            // Polling has no code to say why a session is over.
            case .removed(let code):
                end.cause == .kicked || end.code == code || end.code == nil && settings.dialect == .polling
            case .keepsPlaying: false
            case .servedOrCutOff: wasServed
            }
        judged(isMet, end.reason)
        seat = nil
        finish()
        return true
    }

    /// The bot's life ends, and not by the server's doing.
    func judgeAtEnd() {
        guard let verdict = settings.behaviour.verdict, !manner.isJudged else { return }
        switch verdict {
        case .removed: judged(false, "nothing was done about it")
        case .keepsPlaying, .servedOrCutOff: judged(wasServed, "it was not served")
        }
    }

    private func judged(_ isMet: Bool, _ reason: String) {
        manner.isJudged = true
        report[isMet ? .verdictsMet : .verdictsMissed] += 1
        if !isMet { noteClose(reason) }
    }

    private func cheat(_ now: Instant) {
        switch manner.deeds {
        case ..<10: sendInputs(ahead: 100_000, count: 1, now)
        case ..<20:
            play?.sequence &-= 1
            sendInputs(ahead: 1, count: 1, now)
        // Eight inputs are announced, and none follows.
        default: client?.send([0x88, 0])
        }
    }

    private func sendInputs(ahead: UInt32, count: Int, _ now: Instant) {
        guard let play, let state = play.receiver.state else { return }
        let values = play.receiver.schema.inputLayout.quantisers.map { UInt32(random.int(in: 0...Int($0.maximum))) }
        let inputs = (0..<count).map { _ in
            play.sequence &+= 1
            return QuantisedInput(tick: state.tick &+ ahead, sequence: play.sequence, values: values)
        }
        report[.inputsSent] += UInt64(count)
        send(.inputs(ack: state.tick, inputs), now)
    }
}
