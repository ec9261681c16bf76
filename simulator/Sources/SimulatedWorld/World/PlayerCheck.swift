internal import BotCore
internal import Determinism
import JSONCore
import SnapshotCore

/// Checks what one player sees: its states, the beats of its lobby, the answers to its questions.
final class PlayerCheck: BotWitness {
    private let log: LobbyLog
    private let tokens: TokenCheck
    private let breaches: BreachList
    private let time: SimulatedTime
    /// Who it is, in findings.
    let name: String

    /// The last beat of this connection.
    private var beat: Int64?
    /// How many questions have gone out on this connection, and how many have been answered.
    private var asked = 0
    private var answeredCount = 0
    /// The newest state's tick on this connection, unless a new game may have begun since.
    private var tick: UInt32?
    /// When it had its last state that was the server's.
    private(set) var lastStateAt = Instant.zero

    init(_ name: String, in log: LobbyLog, _ tokens: TokenCheck, _ breaches: BreachList, _ time: SimulatedTime) {
        self.name = name
        self.log = log
        self.tokens = tokens
        self.breaches = breaches
        self.time = time
    }

    func joined(_ bot: Bot, _ welcome: LobbyWelcome) {
        (beat, tick, asked, answeredCount) = (nil, nil, 0, 0)
        if welcome.lobby != log.id {
            breaches.note(.membership, "\(name) joined \(log.id) and was welcomed to \(welcome.lobby)")
        }
        tokens.belongs(welcome.token, to: name)
    }

    func heard(_ bot: Bot, _ event: String, _ data: JSONValue) {
        if event == "phase" { tick = nil }
        guard event == WorldPulse.event else { return }
        guard let lobby = data["lobby"]?.string, let number = data["n"]?.integer else { return }
        guard lobby == log.id else {
            return breaches.note(.membership, "\(name) in \(log.id) heard what was said in \(lobby)")
        }
        if let beat, number != beat + 1 {
            breaches.note(.order, "\(name) heard beat \(number) after \(beat) on one connection")
        }
        beat = number
    }

    func applied(_ bot: Bot) {
        guard let state = bot.worldState else { return }
        if let tick, state.tick <= tick {
            breaches.note(.timeForward, "\(name) was shown tick \(state.tick) after \(tick)")
        }
        tick = state.tick
        if !log.isGrouped, !log.has(state.tick, state.hash) {
            breaches.note(
                .convergence,
                "\(name) has a state of tick \(state.tick) in \(log.id) that the server has never shown (newest \(log.newest))"
            )
        }
        lastStateAt = time.now
    }

    func asked(_ bot: Bot) { asked += 1 }

    func answered(_ bot: Bot) {
        answeredCount += 1
        if answeredCount > asked {
            breaches.note(.acks, "\(name) was answered \(answeredCount) times and asked \(asked)")
        }
    }
}
