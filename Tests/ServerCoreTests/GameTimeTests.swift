import GameKit
import JSONCore
import LobbyCore
import RecordingCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

/// A game at 20 Hz that waits until there are two, and whenever one of them is away.
private struct Halting: Game {
    static let name = "halting"
    static let rules = Rules(tickRate: 20, seats: 2, missingInput: .repeat(ticks: 3))
    static var replicated: Replication<Halting> {
        Entities(\.pawns, "pawn") { Field("at", \.at, .int(0...1_000_000)) }
    }

    var pawns = Table<Pawn>()

    init(_ context: inout GameContext, options: JSONValue) { context.isPaused = true }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        pawns[seat: seat.number] = Pawn()
        context.isPaused = context.seats.count < 2
    }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { pawns[seat: seat.number] = nil }
    mutating func drop(_ seat: Seat, _ context: inout GameContext) { context.isPaused = true }
    mutating func resume(_ seat: Seat, _ context: inout GameContext) { context.isPaused = false }
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            pawns[seat: seat]?.at += 1
            if input.loud { context.timeScale = TimeScale(1, 2) }
        }
    }
}

@Suite("A game's time on a server: pauses, scale, pace (reliability G-17)")
struct GameTimeTests {
    private func world() -> World { World(games: [GameType(Halting.self), GameType(Probe.self)]) }

    @Test func `a paused game runs no step, keeps inputs within their bounds, and goes on where it was`() {
        let world = world()
        let first = PlainClient(world)
        first.join(["game": "halting"])
        world.run(.seconds(3))
        #expect(world.count(.steps) == 0 && first.snapshots.isEmpty && first.closeCode == nil)
        for _ in 0..<40 { first.emit("input", ["input": ["by": 1]]) }
        #expect(world.count(.inputsAccepted) == 32 && world.count(.inputsOverflowed) == 8)
        let second = PlainClient(world)
        second.join(["game": "halting"])
        world.steps(1)
        #expect(world.count(.steps) == 1 && world.count(.stepsDropped) == 0, "nothing is owed for the pause")
        #expect(world.count(.inputsOverdrawn) == 32 - 9)
        second.emit("input", ["input": [:]])
        second.stream.cut()
        world.run(.seconds(2))
        let steps = world.count(.steps)
        world.run(.seconds(20))
        #expect(world.count(.steps) == steps && world.lobby()?.isClosed == false)
    }

    @Test func `a game that scales its time is stepped as often as it says`() {
        let world = world()
        let clients = [PlainClient(world), PlainClient(world)]
        for client in clients { client.join(["game": "halting"]) }
        world.run(.seconds(1))
        #expect((19...21).contains(world.count(.steps)))
        clients[0].emit("input", ["input": ["loud": true]])
        world.steps(2)
        let before = world.count(.steps)
        world.run(.seconds(2))
        #expect((19...21).contains(world.count(.steps) - before))
    }

    @Test(arguments: [1, 2])
    func `an answer says how early inputs come, and how old the tick is`(_ loops: Int) {
        let world = World(loops: loops)
        world.streamsMove = false
        PlainClient(world).join()
        world.home = loops - 1
        let (plain, socket) = (PlainClient(world), SocketClient(world))
        plain.join()
        socket.join()
        world.steps(10)
        let tick = world.lobby()?.lobby.tick ?? 0
        plain.emit("input", ["input": ["by": 1], "tick": .integer(Int64(tick) + 3), "sequence": 1])
        plain.emit("input", ["input": ["by": 1], "tick": .integer(Int64(tick) + 5), "sequence": 2], id: 1)
        plain.emit("input", ["input": ["by": 1], "tick": .integer(Int64(tick) - 2), "sequence": 3], id: 2)
        #expect(plain.acks.map { $0.data["early"] } == [2, -3])
        #expect(plain.acks.allSatisfy { $0.data["tick"] == .integer(Int64(tick)) })
        let age = plain.acks.last?.data["age"]?.number
        #expect(age.map { (0..<50).contains($0) } == true)
        let input = QuantisedInput(tick: tick + 9, sequence: 9, values: [8, 1])
        let message = ClientMessage.inputs(ack: tick, [input]).encode(schema: GameType(Probe.self).schema)
        socket.emit("input", .binary(message), id: 3)
        socket.emit("input", .binary(message), id: 4)
        #expect(socket.ack(3)?["early"] == 8 && socket.ack(3)?["age"]?.number != nil)
        #expect(socket.ack(4)?["early"] == nil, "that one was a repeat")
    }

    @Test func `inputs that are too late, and more than the rate, are counted each by itself`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(40)
        let tick = Int64(world.lobby()?.lobby.tick ?? 0)
        client.emit("input", ["input": ["by": 1], "tick": .integer(tick - 25)], id: 1)
        #expect(client.acks.last?.data["accepted"] == false && world.count(.inputsTooLate) == 1)
        for _ in 0..<12 { client.emit("input", ["input": ["by": 1]]) }
        world.steps(1)
        #expect(world.count(.inputsOverdrawn) == 3)
    }

    @Test func `who sends its inputs in binary asks for the time, in both dialects`() {
        let world = World()
        let (plain, socket) = (PlainClient(world), SocketClient(world))
        plain.join()
        socket.join()
        world.steps(10)
        let tick = world.lobby()?.lobby.tick ?? 0
        let input = QuantisedInput(tick: tick + 3, sequence: 1, values: [8, 1])
        plain.send(.binary, ClientMessage.inputs(ack: tick, [input]).encode(schema: GameType(Probe.self).schema))
        plain.emit("time", id: 7)
        plain.emit("time")
        socket.emit("time", id: 8)
        #expect(plain.acks.map(\.id) == [7] && plain.acks.last?.data["early"] == 2)
        #expect(plain.acks.last?.data["accepted"] == nil && plain.acks.last?.data["age"]?.number != nil)
        #expect(socket.ack(8)?["tick"] == .integer(Int64(tick)) && socket.ack(8)?["early"] == nil)
    }

    @Test func `a pause ends after ten minutes with one step, and may begin again`() {
        let world = World(games: [GameType(Halting.self)]) { $0.heartbeatInterval = .seconds(1_000) }
        let first = PlainClient(world)
        first.join(["game": "halting"])
        world.run(.seconds(599))
        #expect(world.count(.steps) == 0 && world.count(.pausesEnded) == 0)
        world.run(.seconds(2))
        #expect(world.count(.pausesEnded) == 1 && world.count(.steps) > 0)
        #expect(first.closeCode == nil && world.lobby()?.isClosed == false)
    }
}
