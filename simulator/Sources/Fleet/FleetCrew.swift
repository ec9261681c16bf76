import BotCore
import ClientCore
import Determinism
import EventLoop
import GameKit
import MusterClient

/// The bots of a fleet, with what each is connected by: players share a report, and so do those that misbehave in one way.
struct FleetCrew {
    let crowd: BotCrowd
    /// The report of all players.
    let report: BotReport
    /// Those that misbehave, in the order of their kinds.
    let culprits: [(behaviour: BotBehaviour, count: Int, report: BotReport)]
    /// How many bots are players.
    let playerCount: Int
    /// The lines of the bots, where there is a relay.
    let lines: [LinkedDialer?]
    let relay: LinkRelay?
    private let behaviours: [BotBehaviour]

    init(
        _ settings: [BotSettings], to dialer: any Dialer, isRelayed: Bool, seed: UInt64, clock: @escaping () -> Instant
    ) {
        let main = BotContext(dialer: dialer, clock: clock)
        let relay = isRelayed ? LinkRelay(seed: seed, clock: clock) : nil
        var reports: [BotBehaviour: BotReport] = [:]
        var lines: [LinkedDialer?] = []
        var bots: [Bot] = []
        for bot in settings {
            let report = bot.behaviour.verdict == nil ? main.report : reports[bot.behaviour] ?? BotReport()
            if bot.behaviour.verdict != nil { reports[bot.behaviour] = report }
            let line = relay.map { LinkedDialer(nil, through: $0, to: dialer) }
            lines.append(line)
            guard line != nil || report !== main.report else {
                bots.append(Bot(bot, main))
                continue
            }
            let client = ClientContext(
                dialer: line ?? dialer, queue: main.queue, traffic: report.traffic, clock: clock)
            bots.append(Bot(bot, BotContext(client: client, report: report, sharing: main)))
        }
        crowd = BotCrowd(bots, main)
        report = main.report
        behaviours = settings.map(\.behaviour)
        culprits = BotBehaviour.allCases.compactMap { behaviour in
            reports[behaviour].map { report in
                (behaviour, settings.count { $0.behaviour == behaviour }, report)
            }
        }
        playerCount = settings.count { $0.behaviour.verdict == nil }
        self.lines = lines
        self.relay = relay
    }

    /// Lets the bots have a phase's line and its cuts.
    func begin(_ phase: FleetPhase) {
        for (index, line) in lines.enumerated() {
            line?.conditions = behaviours[index] == .slow ? FleetLink.slowReader : phase.link?.conditions
        }
        for (index, bot) in crowd.bots.enumerated() where behaviours[index].verdict == nil {
            bot.setCutEvery(phase.cutEvery)
        }
    }

    /// Does a fault to the share of the players that play just now.
    func suffer(_ fault: FleetFault, _ random: inout SeededRandom) {
        var playing = crowd.bots.indices.filter { crowd.bots[$0].state == .playing && behaviours[$0].verdict == nil }
        var left = Int((Double(playing.count) * fault.share).rounded(.up))
        while left > 0, !playing.isEmpty {
            let index = playing.remove(at: random.int(in: 0...playing.count - 1))
            left -= 1
            switch fault.kind {
            case .cut: crowd.bots[index].dropConnection()
            case .stall: lines[index]?.stall(for: fault.length)
            case .loseUp, .loseDown, .halfOpen:
                crowd.bots[index].expectLoss()
                if fault.kind != .loseDown { lines[index]?.lose(.up) }
                if fault.kind != .loseUp { lines[index]?.lose(.down) }
            }
        }
    }

    /// How many players are in their seats, and how many are on the way there.
    var presence: (playing: Int, away: Int) {
        var presence = (playing: 0, away: 0)
        for (index, bot) in crowd.bots.enumerated() where behaviours[index].verdict == nil {
            switch bot.state {
            case .playing: presence.playing += 1
            case .connecting, .joining, .waiting: presence.away += 1
            case .idle, .leaving, .finished: break
            }
        }
        return presence
    }

    /// What must be true of those that misbehave, and what of it is not.
    var verdicts: [FleetCheck] {
        culprits.map { behaviour, count, report in
            let met = report[.verdictsMet]
            let name = "\(count) \(behaviour.rawValue) bots \(behaviour.duty)"
            guard met < count else { return FleetCheck(name: name, failures: []) }
            let first = report.firstClose.map { " (the first: \($0))" } ?? ""
            return FleetCheck(
                name: name, failures: ["Only \(met) of \(count) \(behaviour.rawValue) bots \(behaviour.duty)\(first)."])
        }
    }
}

/// Something that must be true of a run, and the sentences that say why it is not.
struct FleetCheck {
    var name: String
    var failures: [String]
}

extension BotBehaviour {
    /// What must happen to one that misbehaves.
    var duty: String {
        switch verdict {
        case .removed(let code): "were removed or closed with \(code)"
        case .keepsPlaying: "were let play"
        case .servedOrCutOff: "were served, or cut off"
        case nil: "played"
        }
    }
}
