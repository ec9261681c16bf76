import BotCore
import ClientCore
import Determinism
import GameKit
import Games
import LobbyCore
import ServerCore
import SimulatedWorld
import Testing

@Suite("Server and bots in virtual time")
struct SimulationTests {
    private func makeOptions(seed: UInt64, seconds: Int, bots: Int = 16) -> SimulationOptions {
        var options = SimulationOptions(seed: seed, playTime: .seconds(seconds))
        options.bots = bots
        options.lobbies = max(1, bots / 4)
        return options
    }

    private func makeArena(_ options: SimulationOptions) -> Simulation {
        Simulation(options, game: BuiltInGames.all[0], brain: BuiltInGames.brains[0])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `every bot gets a seat, applies every snapshot, agrees with every hash, and leaves a free seat`(
        _ seed: UInt64
    ) {
        let simulation = makeArena(makeOptions(seed: seed, seconds: 10))
        let result = simulation.run()
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.report[.hashChecks] > 16 * 8)
        #expect(simulation.server.lobbies.allSatisfy { $0.lobby.seats.takenCount == 0 })
    }

    @Test func `turn-based games are played to their end on the same server`() {
        var options = makeOptions(seed: 5, seconds: 20, bots: 8)
        options.lobbies = 4
        let simulation = Simulation(options, game: BuiltInGames.all[1], brain: BuiltInGames.brains[1])
        let result = simulation.run()
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.report[.gameEvents] > 0)
    }

    @Test(arguments: ["eights", "racing"])
    func `games that come to an end are played to it, and again, by bots that drop their connections`(
        _ name: String
    ) throws {
        var options = makeOptions(seed: 9, seconds: 400, bots: 8)
        options.lobbies = 2
        options.cutEvery = .seconds(30)
        let game = try #require(BuiltInGames.all.first { $0.name == name })
        let brain = try #require(BuiltInGames.brains.first { $0.gameName == name })
        let result = Simulation(options, game: game, brain: brain).run()
        #expect(result.failures.isEmpty, "\(result.failures)")
        // Each of them in at least two games, and on to the next.
        #expect(result.report[.gamesFinished] >= 16)
    }

    @Test(arguments: [NetworkConditions.lan, .cellular, .awful])
    func `bots that drop their connections take up their own seats on any network`(_ conditions: NetworkConditions) {
        var options = makeOptions(seed: 7, seconds: 30)
        options.cutEvery = .seconds(5)
        options.conditions = conditions
        let simulation = makeArena(options)
        let result = simulation.run()
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.report[.cuts] > 16 && result.report[.seatLost] == 0)
    }

    @Test func `the same seed gives the same trace, another seed another`() {
        func hash(_ seed: UInt64) -> UInt64 {
            var options = makeOptions(seed: seed, seconds: 5)
            options.cutEvery = .seconds(3)
            options.conditions = .cellular
            return makeArena(options).run().traceHash
        }
        let first = hash(11)
        let again = hash(11)
        let other = hash(12)
        #expect(first == again && first != other)
    }

    @Test func `when every connection is reset at once, everyone is back in their seat within seconds`() {
        let simulation = makeArena(makeOptions(seed: 21, seconds: 20, bots: 64))
        simulation.time.run(for: .seconds(5))
        for pipe in simulation.network.livePipes { pipe.reset() }
        simulation.time.run(for: .seconds(5))
        let connected = simulation.server.lobbies.reduce(0) { $0 + $1.lobby.seats.connectedCount }
        #expect(connected == 64)
        let result = simulation.run()
        #expect(result.report[.resumes] == 64 && result.report[.seatLost] == 0)
    }

    @Test func `a silently dead connection is noticed by both sides' heartbeats, and the seat is kept`() {
        var options = makeOptions(seed: 31, seconds: 60, bots: 4)
        options.settings.heartbeatInterval = .seconds(5)
        options.settings.heartbeatTimeout = .seconds(3)
        let simulation = makeArena(options)
        simulation.time.run(for: .seconds(4))
        for pipe in simulation.network.livePipes { pipe.cut() }
        simulation.time.run(for: .seconds(12))
        #expect(simulation.server.counted[.heartbeatsMissed] == 4)
        let result = simulation.run()
        #expect(result.report[.heartbeatsMissed] == 4)
        #expect(result.report[.resumes] == 4 && result.report[.seatLost] == 0)
    }

    @Test func `a seat whose holder stays away is free when the grace time is over, not before`() {
        let simulation = makeArena(makeOptions(seed: 41, seconds: 300, bots: 4))
        simulation.time.run(for: .seconds(4))
        for pipe in simulation.network.livePipes { pipe.reset(by: .client) }
        simulation.network.stopListening(on: "server")
        let lobby = simulation.server.lobbies[0].lobby
        simulation.time.run(for: lobby.rules.grace - .seconds(1))
        #expect(lobby.seats.takenCount == 4 && lobby.seats.connectedCount == 0)
        simulation.time.run(for: .seconds(2))
        #expect(lobby.seats.takenCount == 0)
        #expect(simulation.server.counted[.graceExpired] == 4)
    }

    @Test func `while the server stands still nothing is lost, and afterwards it owes at most three steps`() {
        let simulation = makeArena(makeOptions(seed: 51, seconds: 20))
        simulation.time.run(for: .seconds(5))
        let before = simulation.server.counted[.steps]
        simulation.serverNode.pause()
        simulation.time.run(for: .seconds(2))
        simulation.serverNode.resume()
        // Less than the time to any lobby's next step.
        simulation.time.run(for: .microseconds(10))
        let lobbies = UInt64(simulation.server.lobbies.count)
        #expect(simulation.server.counted[.steps] - before <= 3 * lobbies)
        #expect(simulation.server.counted[.stepsDropped] > 50 * lobbies)
        let result = simulation.run()
        #expect(result.report[.wrongSnapshots] == 0 && result.report[.hashMismatches] == 0)
        #expect(result.report[.seatLost] == 0)
    }

    @Test func `two minutes after the last player nothing is left: no connection, lobby or seat`() {
        var options = makeOptions(seed: 61, seconds: 5)
        options.cutEvery = .seconds(2)
        let simulation = makeArena(options)
        _ = simulation.run()
        simulation.time.run(for: .seconds(120))
        #expect(simulation.server.connectionCount == 0)
        #expect(simulation.server.lobbies.isEmpty)
        #expect(simulation.server.nextWake == nil)
    }

    @Test func `a drain tells the players, takes no new ones, and ends everything`() {
        let simulation = makeArena(makeOptions(seed: 71, seconds: 60))
        simulation.time.run(for: .seconds(5))
        simulation.serverNode.call(at: simulation.time.now) { simulation.server.drain() }
        simulation.time.run(for: .seconds(6))
        #expect(simulation.server.isDrained)
        simulation.network.stopListening(on: "server")
        simulation.serverNode.call(at: simulation.time.now) { simulation.server.closeAll() }
        simulation.time.run(for: .seconds(2))
        #expect(simulation.server.connectionCount == 0)
    }

    @Test func `with compression bots play as without, and a host that has none is none the worse`() {
        func run(host: Bool, bots: Bool) -> SimulationResult {
            var options = makeOptions(seed: 101, seconds: 10)
            options.cutEvery = .seconds(4)
            options.conditions = .cellular
            options.compresses = bots
            options.settings.compressesMessages = host
            return makeArena(options).run()
        }
        let both = run(host: true, bots: true)
        #expect(both.failures.isEmpty, "\(both.failures)")
        #expect(both.report.traffic.connectionsCompressed == both.report[.connects])
        #expect(both.report.traffic.messagesCompressed > 500 && both.report[.hashChecks] > 16 * 8)
        #expect(both.counters[.messagesMalformed] == 0 && both.counters[.inputsAccepted] > 500)
        for (host, bots) in [(true, false), (false, true)] {
            let result = run(host: host, bots: bots)
            #expect(result.failures.isEmpty, "\(result.failures)")
            #expect(result.report.traffic.connectionsCompressed == 0 && result.report.traffic.messagesCompressed == 0)
        }
    }

    @Test(arguments: [2, 3])
    func `on several loops every bot gets what it gets on one, and seats are found again from any loop`(_ loops: Int) {
        var options = makeOptions(seed: 81, seconds: 30, bots: 24)
        options.loops = loops
        options.cutEvery = .seconds(5)
        options.conditions = .cellular
        let simulation = makeArena(options)
        simulation.time.run(for: .seconds(5))
        for server in simulation.servers {
            #expect(!server.lobbies.isEmpty && server.connectionCount > 0 && server.counted[.loopBatches] > 0)
        }
        let result = simulation.run()
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.report[.cuts] > 24 && result.report[.seatLost] == 0 && result.report[.hashChecks] > 24 * 8)
        #expect(result.counters[.connectionsMoved] > 12, "every other bot is plain, and comes back to its lobby's loop")
        simulation.time.run(for: .seconds(120))
        #expect(simulation.servers.allSatisfy { $0.connectionCount == 0 && $0.lobbies.isEmpty && $0.nextWake == nil })
    }

    @Test func `several loops too give the same trace for the same seed`() {
        func hash(_ seed: UInt64) -> UInt64 {
            var options = makeOptions(seed: seed, seconds: 5)
            options.loops = 3
            options.cutEvery = .seconds(3)
            return makeArena(options).run().traceHash
        }
        let first = hash(11)
        let again = hash(11)
        let other = hash(12)
        #expect(first == again && first != other)
    }

    @Test func `while one loop stands still the others' lobbies go on, and nobody loses a seat`() {
        var options = makeOptions(seed: 91, seconds: 20)
        options.loops = 2
        let simulation = makeArena(options)
        simulation.time.run(for: .seconds(5))
        let before = simulation.servers.map { $0.counted[.steps] }
        simulation.serverNodes[1].pause()
        simulation.time.run(for: .seconds(2))
        let first = UInt64(simulation.servers[0].lobbies.count)
        #expect(simulation.servers[0].counted[.steps] - before[0] >= 58 * first)
        #expect(simulation.servers[1].counted[.steps] == before[1])
        simulation.serverNodes[1].resume()
        let result = simulation.run()
        #expect(result.failures.isEmpty, "\(result.failures)")
        #expect(result.report[.wrongSnapshots] == 0 && result.report[.seatLost] == 0)
    }
}
