import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

@Suite("Forged acks and requests for keyframes (abuse G-04)")
struct KeyframeRequestTests {
    /// What a client says it has seen, and how it says so, at each step.
    enum Strategy: CaseIterable {
        case honest, silent, zero, future, farFuture, never, goingBack, always1, everyOther, far, random, others
        case inInputs, inInputsFuture, inJSON, inJSONFuture, keyframes, lostState
    }

    private func speak(_ strategy: Strategy, _ client: PlainClient, _ random: inout SeededRandom) {
        let tick = client.world.lobby()?.lobby.tick ?? 0
        func ack(_ tick: UInt32) { client.send(.binary, ClientMessage.ack(tick).encode(schema: schema)) }
        func input(_ ack: UInt32) {
            let input = QuantisedInput(tick: tick + 1, sequence: tick, values: [8, 0])
            client.send(.binary, ClientMessage.inputs(ack: ack, [input]).encode(schema: schema))
        }
        switch strategy {
        case .silent: break
        case .honest: ack(tick)
        case .zero: ack(0)
        case .future: ack(tick + 1)
        case .farFuture: ack(.max)
        case .never: ack(tick / 2 * 2 + 1)
        case .goingBack: ack(1_000 - min(1_000, tick))
        case .always1: ack(1)
        case .everyOther: ack(tick.isMultiple(of: 2) ? tick : 0)
        case .far: ack(tick - min(tick, 40))
        case .random: ack(UInt32(random.int(in: 0...Int(UInt32.max))))
        case .others: ack(tick &* 7)
        case .inInputs: input(tick)
        case .inInputsFuture: input(.max)
        case .inJSON: client.emit("input", ["input": [:], "seen": .integer(Int64(tick))])
        case .inJSONFuture: client.emit("input", ["input": [:], "seen": 4_294_967_295])
        case .keyframes: client.send(.binary, ClientMessage.keyframeRequest(.join).encode(schema: schema))
        case .lostState: client.send(.binary, ClientMessage.keyframeRequest(.cannotApply).encode(schema: schema))
        }
    }

    private let schema = GameType(Probe.self).schema

    @Test(arguments: Strategy.allCases)
    func `whatever a client says that it has seen, it is sent what its neighbour is, and two keyframes in ten seconds`(
        _ strategy: Strategy
    ) {
        let world = World()
        let (client, neighbour) = (PlainClient(world), PlainClient(world))
        client.join()
        neighbour.join()
        neighbour.emit("keyframe")
        world.steps(2)
        let before = (client.stream.sent.count, client.snapshots.count, neighbour.snapshots.count)
        var random = SeededRandom(seed: 4)
        for _ in 0..<200 {
            speak(strategy, client, &random)
            world.steps(1)
        }
        let sent = client.snapshots.dropFirst(before.1)
        let keyframes = sent.count { kind($0).hasPrefix("key") }
        #expect(client.closeCode == nil && sent.count == neighbour.snapshots.count - before.2)
        #expect(keyframes == (strategy == .keyframes || strategy == .lostState ? 2 : 0))
        #expect(client.stream.sent.count - before.0 <= 10 * 65_536, "64 KiB a second at most")
    }

    @Test func `who has asked too often asks again later, and gets it`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(2)
        for _ in 0..<3 {
            client.emit("keyframe")
            world.steps(1)
        }
        #expect(client.snapshots.suffix(3).map { kind($0).hasPrefix("key") } == [true, true, false])
        #expect(world.count(.keyframesRefused) == 1 && world.count(.keyframesRequested) == 3)
        world.run(.seconds(10))
        client.emit("keyframe")
        world.steps(1)
        #expect(kind(client.snapshots.last).hasPrefix("key"))
    }
}

/// A client claims that its state differs from the server's, which is a vote in some games. Here it is about the claimant alone.
@Suite("False claims that states differ (abuse G-14)")
struct MismatchTests {
    private func match(_ players: Int, loops: Int = 1) -> (World, [PlainClient]) {
        let world = World(loops: loops) { $0.heartbeatInterval = .seconds(1_000) }
        world.streamsMove = false
        let clients = (0..<players).map { index in
            world.home = index % loops
            let client = PlainClient(world)
            client.join()
            return client
        }
        world.steps(3)
        return (world, clients)
    }

    private func claim(_ client: PlainClient, _ world: World) {
        client.send(.binary, [0x0A, 1])
        world.steps(1)
    }

    @Test(arguments: [(1, 2), (2, 4), (3, 4), (1, 1)], [1, 2])
    func `liars are sent the state anew, and at the fourth claim in a minute away; for others the match goes on`(
        _ count: (liars: Int, players: Int), _ loops: Int
    ) {
        let (world, clients) = match(count.players, loops: loops)
        let (liars, others) = (clients.prefix(count.liars), clients.dropFirst(count.liars))
        for round in 0..<4 {
            for liar in liars { claim(liar, world) }
            #expect(liars.allSatisfy { ($0.closeCode == nil) == (round < 3) }, "round \(round)")
        }
        #expect(liars.allSatisfy { $0.closeCode == 4003 && $0.event("kicked") != nil })
        #expect(world.count(.stateMismatches) == UInt64(4 * count.liars) && world.count(.kicks) == UInt64(count.liars))
        world.steps(5)
        #expect(others.allSatisfy { $0.closeCode == nil && kind($0.snapshots.last).contains("from") })
        #expect(others.isEmpty || world.lobby()?.isClosed == false)
    }

    @Test func `three claims a minute go on for as long as somebody likes`() {
        let (world, clients) = match(2)
        for _ in 0..<10 {
            claim(clients[0], world)
            world.run(.seconds(20))
        }
        #expect(clients[0].closeCode == nil && world.count(.stateMismatches) == 10)
    }

    @Test func `a claim before the first snapshot, and the same one twice in one read, are claims like others`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        client.stream.receive(client.frame(.binary, [0x0A, 1]) + client.frame(.binary, [0x0A, 1]))
        world.turn()
        world.steps(1)
        #expect(kind(client.snapshots.last).hasPrefix("key") && client.closeCode == nil)
        client.stream.receive(client.frame(.binary, [0x0A, 1]) + client.frame(.binary, [0x0A, 1]))
        world.turn()
        #expect(client.closeCode == 4003)
    }

    @Test func `one that says nothing of its state, and one that says so to JSON's event, are judged alike`() {
        let (world, clients) = match(2)
        for _ in 0..<4 {
            clients[0].emit("keyframe", ["mismatch": true])
            clients[1].emit("keyframe", ["mismatch": false])
            world.steps(1)
        }
        #expect(clients[0].closeCode == 4003 && clients[1].closeCode == nil)
    }
}
