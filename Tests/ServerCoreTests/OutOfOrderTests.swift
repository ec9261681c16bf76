import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// A message of a player's where it does not belong, and what comes of it.
struct OutOfOrder: Sendable, CustomTestStringConvertible {
    enum Outcome: Equatable {
        /// The connection ends with that code.
        case closed(UInt16)
        /// Nothing comes of it, and nobody is told.
        case ignored
        /// The sender is told why nothing comes of it.
        case refused
        /// It is as good as ever.
        case taken
    }

    let testDescription: String
    let outcome: Outcome
    let run: @Sendable () -> Outcome

    init(_ what: String, _ outcome: Outcome, _ run: @escaping @Sendable () -> Outcome) {
        (testDescription, self.outcome, self.run) = (what, outcome, run)
    }

    private static let input: [UInt8] = {
        let input = QuantisedInput(tick: 1, sequence: 1, values: [9, 0])
        return ClientMessage.inputs(ack: 0, [input]).encode(schema: GameType(Probe.self).schema)
    }()

    /// What came of what a plain client has just said.
    private static func outcome(_ client: PlainClient, taken: Bool = false) -> Outcome {
        if let code = client.closeCode { return .closed(code) }
        if client.event("exception") != nil { return .refused }
        return taken ? .taken : .ignored
    }

    private static func newcomer(_ say: (PlainClient) -> Void) -> Outcome {
        let client = PlainClient(World())
        say(client)
        return outcome(client)
    }

    /// What comes of an event in a namespace after its seat has gone in that way; the connection has another lobby besides.
    private static func late(_ event: String, _ data: JSONValue = ["input": [:]], _ end: (World, SocketClient) -> Void)
        -> Outcome
    {
        let world = World()
        PlainClient(world).join()
        let socket = SocketClient(world)
        socket.join("x")
        socket.join("y")
        end(world, socket)
        world.turn()
        let (packets, accepted) = (socket.packets.count, world.count(.inputsAccepted))
        socket.emit(event, data, id: 5)
        if let code = socket.closeCode { return .closed(code) }
        let isStill = socket.packets.count == packets && world.count(.inputsAccepted) == accepted
        return isStill ? .ignored : .taken
    }

    static let all: [OutOfOrder] = [
        OutOfOrder("an input before the join", .closed(4002)) { newcomer { $0.emit("input", ["input": [:]]) } },
        OutOfOrder("a binary input before the join", .closed(4002)) { newcomer { $0.send(.binary, input) } },
        OutOfOrder("an ack before the join", .closed(4002)) { newcomer { $0.send(.binary, [9, 0]) } },
        OutOfOrder("a keyframe request before the join", .closed(4002)) { newcomer { $0.send(.binary, [10, 0]) } },
        OutOfOrder("chat before the join", .closed(4002)) { newcomer { $0.emit("chat", ["text": "hi"]) } },
        OutOfOrder("a leave before the join", .closed(4002)) { newcomer { $0.emit("leave") } },
        OutOfOrder("a second join", .refused) {
            newcomer { client in
                client.join()
                client.emit("join")
            }
        },
        OutOfOrder("an event in a lobby that was never joined", .closed(4002)) {
            let socket = SocketClient(World())
            socket.join("y")
            socket.emit("input", ["input": [:]])
            return socket.closeCode.map { .closed($0) } ?? .ignored
        },
        OutOfOrder("an event while the join is being decided", .closed(4002)) {
            var hooks = ServerHooks()
            hooks.authorize = { _, _ in }
            let socket = SocketClient(World(hooks: hooks))
            socket.join("x")
            socket.emit("input", ["input": [:]])
            return socket.closeCode.map { .closed($0) } ?? .ignored
        },
        OutOfOrder("an admin's verb without a login", .closed(4002)) {
            let socket = SocketClient(World())
            socket.join("x")
            socket.emit("kick", ["lobby": "x", "seat": 0], in: "/admin")
            return socket.closeCode.map { .closed($0) } ?? .ignored
        },
        OutOfOrder("an input after the leave", .ignored) { late("input") { $1.emit("leave") } },
        OutOfOrder("chat after the leave", .ignored) { late("chat", ["text": "hi"]) { $1.emit("leave") } },
        OutOfOrder("an input after a kick", .ignored) {
            late("input") { world, _ in _ = world.lobby()?.kick(seat: 1, reason: "") }
        },
        OutOfOrder("a keyframe request after the lobby's end", .ignored) {
            late("keyframe", .null) { world, _ in world.lobby()?.close("over") }
        },
        OutOfOrder("a ready before a resume, on the connection that was replaced", .ignored) {
            let world = World()
            PlainClient(world).join()
            let (old, new) = (SocketClient(world), SocketClient(world))
            let token = old.join("x")["token"] ?? .null
            old.join("y")
            new.join("x", ["token": token])
            let before = world.count(.inputsAccepted)
            old.emit("input", ["input": [:]])
            return old.closeCode == nil && world.count(.inputsAccepted) == before ? .ignored : .taken
        },
        OutOfOrder("an input while a match waits for its players", .refused) {
            let client = Stage.players(1, Stage.world())[0]
            client.emit("input", ["input": [:]], id: 1)
            return client.acks.last?.data["accepted"] == false ? .refused : .taken
        },
        OutOfOrder("a vote for a rematch before the end", .refused) {
            let client = Stage.players(1, Stage.world())[0]
            client.emit("rematch")
            return outcome(client)
        },
        OutOfOrder("a ready after the end", .refused) {
            let world = Stage.world()
            let players = Stage.players(2, world, ["finishAt": 2])
            Stage.ready(players)
            world.run(.seconds(2))
            players[0].emit("ready")
            return outcome(players[0])
        },
        OutOfOrder("an input in a drain", .taken) {
            let world = World()
            let client = PlainClient(world)
            client.join()
            world.server.drain()
            client.emit("input", ["input": [:]], id: 1)
            return outcome(client, taken: client.acks.last?.data["accepted"] == true)
        },
        OutOfOrder("a join in a drain", .closed(4009)) {
            let world = World()
            PlainClient(world).join()
            let client = PlainClient(world)
            world.server.drain()
            client.emit("join")
            return outcome(client)
        },
    ]
}

@Suite("Messages in the wrong state (abuse G-17)")
struct OutOfOrderTests {
    @Test(arguments: OutOfOrder.all)
    func `what does not belong where a player stands is refused, ignored, or the end`(_ message: OutOfOrder) {
        #expect(message.run() == message.outcome)
    }

    @Test func `there are twenty of them`() { #expect(OutOfOrder.all.count == 20) }
}
