package import BotCore
package import Determinism
package import GameKit

/// What a seed has drawn: who is in a world, on what lines, and what befalls it, each kind of fault at a rate of its own or not at all
/// (swarm testing: Groce et al., ISSTA 2012).
package struct WorldPlan: Sendable {
    /// How often faults come, per second. Those of connections are for each connection.
    package struct Rates: Sendable {
        /// Connections that are reset: from outside, and by one end.
        package var resets = 0.0
        /// Lines that are silent for a while, and then deliver everything.
        package var stalls = 0.0
        /// Lines that are dead from then on, without a word: one way or both.
        package var cuts = 0.0
        /// Clients that stop reading for a while.
        package var readingStalls = 0.0
        /// Clients that end what they send, and go on reading.
        package var halfCloses = 0.0
        /// Times at which all of the server stands still, or one of its loops.
        package var serverPauses = 0.0
        /// Times at which a process of clients stands still.
        package var clientPauses = 0.0
        /// Times in which each reading of the server's clock takes a while.
        package var slowTimes = 0.0
        /// Times at which Redis is not reached, by one server or by both; is slow; and gives way to one that has less.
        package var redisOutages = 0.0
        package var redisSlowTimes = 0.0
        package var redisFailovers = 0.0
    }

    /// What everything is drawn from.
    package let seed: UInt64
    /// Which of the games is played.
    package var game = 0
    /// How many lobbies there are, and how many play in each.
    package var lobbies = 2
    package var playersPerLobby = 4
    /// How many loops the server has.
    package var loops = 1
    /// How many processes the players are in: each has a clock of its own.
    package var crews = 1
    /// By how much their clocks are fast or slow: at most that share.
    package var drift = 0.0
    /// The lines that players come by; each draws one.
    package var lines: [LinkProfile] = [.broadband]
    /// Whether players offer to compress messages, and the server agrees.
    package var compresses = false
    /// How many listen to an author's Socket.IO beside the lobbies, and come back to where they were.
    package var listeners = 2
    /// Whether they have a second server, and both share rooms through Redis.
    package var hasTwin = false
    /// Whether they and the servers speak Socket.IO in MessagePack.
    package var packs = false
    /// How many misbehave as players, in a lobby of their own, and how many in ways that no player can.
    package var cheaters = 0
    package var attackers = 0
    /// How long the server waits before it asks whether a client is there, and for the answer.
    package var heartbeatInterval = Interval.seconds(3)
    package var heartbeatTimeout = Interval.seconds(3)
    /// The most bytes that wait for one client.
    package var outboxBytes = 262_144
    /// The most connections at a time.
    package var connectionsMax = 15_000
    /// How long the world is well, before any fault and with all of them.
    package var rampTime = Interval.seconds(4)
    package var faultTime = Interval.seconds(60)
    /// What befalls it.
    package var rates = Rates()
    /// How often a connection is closed for want of a descriptor.
    package var acceptFailures = 0.0
    /// How often a message comes twice from Redis.
    package var redisRepeats = 0.0
    /// When the server is killed, and when it is drained, from the beginning of the faults on. It is started again a little later.
    package var kills: [Interval] = []
    package var drains: [Interval] = []
    /// The bug that is planted; none in a world that is to hold.
    package var planted: PlantedBug?
    /// What stands for chance that no seed decides: only a planted bug looks at it.
    package var ambience: UInt64 = 0

    /// A small world that nothing befalls.
    package init(quiet seed: UInt64) { self.seed = seed }

    /// Everything as the seed has it.
    package init(seed: UInt64, games: [GameType]) {
        self.seed = seed
        var random = SeededRandom(seed: seed ^ 0x776F_726C_6470_6C61)
        // The first game is the fastest, and has the most to be wrong.
        game = random.comes(0.6) ? 0 : random.int(in: 0...games.count - 1)
        let seats = games[game].rules.seats
        playersPerLobby = random.int(in: 1...min(seats, 8))
        lobbies = random.int(in: 1...8)
        // Many small worlds find more than few large ones in the same time; one in eight may have as many as 64 players.
        if seed % 8 != 0 { lobbies = min(lobbies, max(1, 24 / playersPerLobby)) }
        loops = random.comes(0.6) ? 1 : random.int(in: 2...3)
        crews = random.int(in: 1...3)
        drift = random.comes(0.5) ? 0.02 : 0
        let all = LinkProfile.allCases
        lines = (0..<random.int(in: 1...3)).map { _ in all[random.int(in: 0...all.count - 1)] }
        compresses = random.comes(0.25)
        listeners = random.int(in: 0...4)
        cheaters = random.comes(0.4) ? random.int(in: 1...4) : 0
        attackers = random.comes(0.5) ? random.int(in: 1...4) : 0
        heartbeatInterval = .milliseconds(random.int(in: 2_000...6_000))
        heartbeatTimeout = .milliseconds(random.int(in: 2_000...5_000))
        outboxBytes = random.comes(0.3) ? 32_768 : 262_144
        if random.comes(0.2) { connectionsMax = lobbies * playersPerLobby * 3 + listeners * 3 + 24 }
        faultTime = .seconds(random.int(in: 20...60))
        drawRates(&random)
        drawEnds(&random)
        drawTwin(&random)
        packs = listeners > 0 && random.comes(0.25)
    }

    /// Each kind of fault in half of the worlds, from one in a hundred times its most to that.
    private static func rate(_ most: Double, _ random: inout SeededRandom) -> Double {
        guard random.comes(0.5) else { return 0 }
        let tenths = random.int(in: 1...20)
        return most * Double(tenths * tenths) / 400
    }

    private mutating func drawRates(_ random: inout SeededRandom) {
        func rate(_ most: Double) -> Double { Self.rate(most, &random) }
        rates.resets = rate(0.05)
        rates.stalls = rate(0.05)
        rates.cuts = rate(0.02)
        rates.readingStalls = rate(0.03)
        rates.halfCloses = rate(0.02)
        rates.serverPauses = rate(0.1)
        rates.clientPauses = rate(0.1)
        rates.slowTimes = rate(0.2)
        acceptFailures = rate(0.3)
    }

    private mutating func drawEnds(_ random: inout SeededRandom) {
        let time = faultTime.nanoseconds
        func instants(_ count: Int) -> [Interval] {
            (0..<count).map { _ in Interval(nanoseconds: Int64(random.unit() * Double(time))) }.sorted()
        }
        kills = instants(random.comes(0.3) ? random.int(in: 1...5) : 0)
        drains = instants(random.comes(0.2) ? 1 : 0)
    }

    /// Last, so that the worlds without a second server stay what they were.
    private mutating func drawTwin(_ random: inout SeededRandom) {
        guard listeners > 0, random.comes(0.15) else { return }
        hasTwin = true
        rates.redisOutages = Self.rate(0.2, &random)
        rates.redisSlowTimes = Self.rate(0.2, &random)
        rates.redisFailovers = Self.rate(0.04, &random)
        redisRepeats = Self.rate(0.3, &random)
    }

    /// How many play.
    package var players: Int { lobbies * playersPerLobby }

    /// How long it takes until everyone is back once all is well: until a dead connection is found, the longest wait between two
    /// attempts, and an attempt.
    var healTime: Interval { heartbeatInterval + heartbeatTimeout + .seconds(16) }

    /// The same world with lines on which nothing is left to chance and nothing befalls it, with its attackers or without: what they
    /// change elsewhere is then what they have changed.
    func isolated(attackers count: Int) -> WorldPlan {
        var plan = WorldPlan(quiet: seed)
        (plan.game, plan.lobbies, plan.playersPerLobby, plan.outboxBytes) = (
            game, lobbies, playersPerLobby, outboxBytes
        )
        plan.lines = [.perfect]
        plan.listeners = 0
        plan.attackers = count
        plan.heartbeatInterval = .seconds(60)
        plan.faultTime = .seconds(15)
        plan.planted = planted
        return plan
    }

    /// What was drawn, in a line for people.
    package func summary(_ games: [GameType]) -> String {
        var words = ["\(games[game].name) \(lobbies)x\(playersPerLobby)", lines.map(\.rawValue).joined(separator: "+")]
        if loops > 1 { words.append("\(loops) loops") }
        if hasTwin { words.append("two servers") }
        if packs { words.append("MessagePack") }
        let faults: [(String, Double)] = [
            ("resets", rates.resets), ("stalls", rates.stalls), ("cuts", rates.cuts), ("unread", rates.readingStalls),
            ("halves", rates.halfCloses), ("pauses", rates.serverPauses), ("frozen", rates.clientPauses),
            ("slow", rates.slowTimes), ("accepts", acceptFailures), ("drift", drift),
            ("redis lost", rates.redisOutages), ("redis slow", rates.redisSlowTimes),
            ("redis replaced", rates.redisFailovers), ("redis twice", redisRepeats),
        ]
        words += faults.compactMap { $0.1 > 0 ? $0.0 : nil }
        let counts = [
            ("kills", kills.count), ("drains", drains.count), ("cheaters", cheaters), ("attackers", attackers),
        ]
        words += counts.compactMap { $0.1 > 0 ? "\($0.1) \($0.0)" : nil }
        return words.joined(separator: ", ")
    }
}
