import BotCore
import Determinism
import GameKit

/// What a fleet is going to do, from a scenario or from the options alone.
extension FleetOptions {
    /// The run's parts in their order.
    package var phases: [FleetPhase] {
        if let scenario { return scenario.phases }
        // Long enough for the last of them to have joined.
        let ramp = max(Self.interval(Double(count) / rampPerSecond), .seconds(1))
        var join = FleetPhase("join", length: ramp, bots: count)
        join.rampPerSecond = rampPerSecond
        join.dialects = FleetMix(dialects).dialects
        join.behaviours = FleetMix(behaviour)
        join.link = link
        join.cutEvery = cutEverySeconds.map(Self.interval)
        var play = join
        (play.name, play.length) = ("play", Self.interval(seconds))
        return [join, play]
    }

    /// How long all of them take.
    var length: Interval { phases.reduce(.zero) { $0 + $1.length } }

    /// What each bot is to do when the fleet starts at `start`.
    func bots(brain: BrainType, host: String, start: Instant) -> [BotSettings] {
        var seeds = SeededRandom(seed: seed)
        var shuffles = SeededRandom(seed: seeds.next())
        var bots: [BotSettings] = []
        /// Those that are there at the present phase, by their places in `bots`.
        var present: [Int] = []
        var began = start
        let end = start + length
        for phase in phases {
            let joining = max(0, phase.bots - present.count)
            let behaviours = Self.shuffled(phase.behaviours.series(joining), &shuffles)
            // Members of one lobby take turns with dialects; who does what is left to chance.
            let dialects = phase.dialects.series((joining + lobbies - 1) / lobbies)
            for number in 0..<joining {
                let index = bots.count
                var bot = BotSettings(
                    lobby: "\(prefix)-\(index % lobbies)", name: "bot \(index)", brain: brain, seed: seeds.next(),
                    startAt: began + Self.interval(Double(number) / phase.rampPerSecond), endAt: end)
                (bot.dialect, bot.behaviour) = (dialects[number / lobbies], behaviours[number])
                bot.cutEvery = bot.behaviour == .disconnect ? .seconds(4) : phase.cutEvery
                if bot.behaviour.verdict != nil { bot.cutEvery = nil }
                (bot.options, bot.host, bot.compresses) = (gameOptions, host, compresses)
                bot.codec = codec
                (bot.expectsKick, bot.asksTime) = (expectsKick, asksTime)
                present.append(index)
                bots.append(bot)
            }
            for number in 0..<max(0, present.count - phase.bots) {
                bots[present.removeLast()].endAt = began + Self.interval(Double(number) / phase.rampPerSecond)
            }
            began = began + phase.length
        }
        return bots
    }

    private static func shuffled<Element>(_ elements: [Element], _ random: inout SeededRandom) -> [Element] {
        var elements = elements
        for last in elements.indices.reversed() where last > 0 {
            elements.swapAt(last, random.int(in: 0...last))
        }
        return elements
    }

    /// What must have happened for the run to count as passed: of `players` bots that do not misbehave.
    func expectations(players: Int) -> BotExpectations {
        var expected = BotExpectations(
            bots: players, playTime: length, cutEvery: phases.compactMap(\.cutEvery).min(), expectsKick: expectsKick)
        let bounds = (scenario?.expect ?? []) + phases.flatMap(\.expect)
        expected.bounded = Set(bounds.compactMap(\.allowed))
        return expected
    }

    /// The plan for people: phases, and what is expected of them.
    package var planText: String { planLines.joined(separator: "\n") }

    private var planLines: [String] {
        var table = Columns([.left, .right, .right, .left, .left, .left, .left])
        table.add(["PHASE", "SECONDS", "BOTS", "PROTOCOL", "BEHAVIOUR", "LINK", "FAULTS"])
        for phase in phases {
            let faults = phase.faults.map { fault in
                "\(fault.kind.rawValue) \(Readable.decimal(fault.share * 100, 0)) %"
            }
            let cuts = phase.cutEvery.map { ["cut every \(Readable.decimal($0.seconds, 0)) s"] } ?? []
            table.add([
                phase.name, Readable.decimal(phase.length.seconds, 1), Readable.count(Int64(phase.bots)),
                phase.dialects.text { $0.word }, phase.behaviours.text { $0.rawValue }, phase.link?.name ?? "–",
                (cuts + faults).joined(separator: ", "),
            ])
        }
        let bounds =
            (scenario?.expect ?? []).map { ($0, "the whole run") }
            + phases.flatMap { phase in phase.expect.map { ($0, phase.name) } }
        let expected = bounds.map { "  \($0.0.name) \($0.0.boundText) in \($0.1)" }
        return table.lines + (expected.isEmpty ? [] : ["", "expected:"] + expected)
    }
}

extension FleetMix {
    /// `play 8, spam 1`
    func text(_ name: (Kind) -> String) -> String {
        guard parts.count > 1 else { return name(parts[0].kind) }
        return parts.map { "\(name($0.kind)) \($0.weight)" }.joined(separator: ", ")
    }
}

extension ClientDialect {
    /// What scenarios call it.
    var word: String {
        switch self {
        case .plain: FleetProtocol.plain.rawValue
        case .compact: FleetProtocol.compact.rawValue
        case .socketIO: FleetProtocol.socketIO.rawValue
        case .polling: FleetProtocol.polling.rawValue
        }
    }
}
