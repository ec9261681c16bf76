import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import Testing
import WebSocketCore

/// The test game takes 20 inputs a second.
@Suite("Floods of inputs (abuse G-01)")
struct InputFloodTests {
    private let schema = GameType(Probe.self).schema

    /// A world where messages have no rate of their own to speak of.
    private func world(loops: Int = 1) -> World {
        let world = World(seed: 77, loops: loops) { $0.messagesPerSecond = 100_000 }
        world.streamsMove = false
        PlainClient(world).join()
        world.home = loops - 1
        return world
    }

    /// Sends so many inputs in each step of 50 ms, eight in a message at most, until the time is over or the client is gone.
    private func send(_ count: Int, stepsLeft: Int, _ client: PlainClient, from first: UInt32 = 1) -> Int {
        var sequence = first
        for step in 0..<stepsLeft {
            let tick = client.world.lobby()?.lobby.tick ?? 0
            var left = count
            while left > 0 {
                let inputs = (0..<min(8, left)).map { _ in
                    sequence += 1
                    return QuantisedInput(tick: tick + 1, sequence: sequence, values: [9, 0])
                }
                left -= inputs.count
                client.send(.binary, ClientMessage.inputs(ack: tick, inputs).encode(schema: schema))
            }
            if client.closeCode != nil { return step }
            client.world.steps(1)
        }
        return stepsLeft
    }

    @Test func `at the game's rate nothing is lost, and at twice the rate the rest is dropped`() {
        let world = world()
        let (fair, fast) = (PlainClient(world), PlainClient(world))
        fair.join()
        fast.join()
        _ = send(1, stepsLeft: 200, fair)
        #expect(world.count(.inputsAccepted) == 200 && world.count(.inputsOverdrawn) == 0)
        _ = send(2, stepsLeft: 400, fast)
        #expect(fast.closeCode == nil && world.count(.inputFloods) == 0)
        #expect((376...392).contains(world.count(.inputsOverdrawn)), "all but 400, 2 % more, and 8 saved up")
    }

    @Test(arguments: [1, 2])
    func `at four times the rate a player is out after two seconds, with 4008`(_ loops: Int) {
        let world = world(loops: loops)
        let client = PlainClient(world)
        client.join()
        let steps = send(4, stepsLeft: 200, client)
        #expect((30...45).contains(steps), "\(steps)")
        #expect(client.closeCode == 4008 && client.event("kicked")?["reason"] == "too many messages")
        #expect(world.count(.inputFloods) == 1 && world.count(.kicks) == 1)
        #expect(world.lobby()?.lobby.seats.takenCount == 1, "the seat is free at once")
    }

    @Test func `ten thousand inputs a second end in two, and cost the lobby not a step`() {
        let world = world()
        let client = PlainClient(world)
        client.join()
        let before = world.count(.steps)
        let steps = send(500, stepsLeft: 200, client)
        #expect(steps <= 40 && client.closeCode == 4008)
        #expect(world.count(.steps) - before == UInt64(steps) && world.count(.stepsDropped) == 0)
    }

    @Test func `over Socket.IO the player is told, and its connection's other lobbies go on`() {
        let world = world()
        let socket = SocketClient(world)
        socket.join("x")
        socket.join("y")
        for _ in 0..<60 {
            for _ in 0..<5 { socket.emit("input", ["input": ["by": 1]]) }
            world.steps(1)
        }
        #expect(socket.event("kicked")?["reason"] == "too many messages")
        #expect(socket.words().last == "disconnect" && socket.closeCode == nil)
        #expect(world.lobby("y")?.lobby.seats.takenCount == 1)
    }

    @Test(arguments: [true, false])
    func `what was held up for ten seconds and comes at once is no flood`(saysTicks: Bool) {
        let world = world()
        let client = PlainClient(world)
        client.join()
        let began = world.lobby()?.lobby.tick ?? 0
        world.run(.seconds(10))
        for index in 0..<200 {
            let tick: JSONValue = saysTicks ? .integer(Int64(began) + Int64(index) + 1) : .null
            client.emit("input", ["input": ["by": 1], "tick": tick])
        }
        world.run(.seconds(1))
        _ = send(1, stepsLeft: 100, client, from: 1_000)
        #expect(client.closeCode == nil && world.count(.inputFloods) == 0)
    }

    @Test func `who was sent away for that does not come back at once`() {
        let world = Known.world { $0.messagesPerSecond = 100_000 }
        PlainClient(world).join(["who": "root"])
        let client = PlainClient(world)
        client.join(["who": "ann"])
        _ = send(500, stepsLeft: 100, client)
        let again = PlainClient(world)
        again.join(["who": "ann"])
        #expect(client.closeCode == 4008 && again.closeCode == 4003)
    }
}
