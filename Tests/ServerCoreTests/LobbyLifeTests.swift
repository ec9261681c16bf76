import Determinism
import GameKit
import LobbyCore
import ServerCore
import SocketIOCore
import Testing

@Suite("The life of a lobby")
struct LobbyLifeTests {
    @Test func `a lobby whose step throws ends alone, its players told why, and others go on`() {
        let world = World()
        let plain = PlainClient(world)
        let socket = SocketClient(world)
        let other = PlainClient(world, lobby: "y")
        plain.join(["options": ["failAt": 5]])
        socket.join("x")
        socket.join("y")
        other.join()
        world.steps(10, of: "y")
        #expect(plain.event("closed")?["reason"] == "the game failed: it broke" && plain.closeCode == 4000)
        #expect(socket.words("/lobby/x").suffix(2) == ["closed", "disconnect"] && socket.closeCode == nil)
        #expect(world.server.lobby("x") == nil && world.server.lobbies.count == 1)
        #expect(world.count(.lobbiesFailed) == 1 && world.count(.lobbiesClosed) == 1)
        #expect(world.logLines.contains { $0.contains("it broke") })
        #expect(other.snapshots.count >= 9 && other.closeCode == nil)
        let again = PlainClient(world)
        #expect(again.join()["tick"] == 0, "the name is free for a new lobby")
    }

    @Test func `a finished game tells its result, then closes`() {
        let world = World()
        let plain = PlainClient(world)
        let socket = SocketClient(world)
        plain.join(["options": ["finishAt": 3]])
        socket.join()
        world.steps(5)
        #expect(plain.events.suffix(2).map(\.name) == ["finished", "closed"])
        #expect(plain.event("finished") == ["winner": 0] && plain.closeCode == 4000)
        #expect(socket.words().suffix(3) == ["finished", "closed", "disconnect"])
        #expect(world.server.lobbies.isEmpty)
    }

    @Test func `a game may kick a player in a step`() {
        let world = World()
        let client = PlainClient(world)
        let token = client.join(["options": ["kickAt": 3]])["token"] ?? .null
        PlainClient(world).join()
        world.steps(5)
        #expect(client.event("kicked")?["reason"] == "its time" && client.closeCode == 4003)
        let again = PlainClient(world)
        again.emit("join", ["token": token])
        #expect(again.closeCode == 4003 && world.server.lobby("x")?.lobby.seats.takenCount == 1)
    }

    @Test func `a game may kick or finish while somebody joins, who is told joined first`() {
        for options in [["kickName": "Mallory"], ["finishWith": 1]] as [JSONValue] {
            let world = World()
            let plain = PlainClient(world, lobby: "a")
            plain.join(["name": "Mallory", "options": options])
            let socket = SocketClient(world)
            socket.join("b", ["name": "Mallory", "options": options])
            let kicks = options["kickName"] != nil
            #expect(
                plain.events.map(\.name).filter { $0 != "left" }
                    == (kicks ? ["joined", "kicked"] : ["joined", "finished", "closed"]))
            #expect(plain.closeCode == (kicks ? 4003 : 4000))
            let words = socket.words("/lobby/b").filter { $0 != "left" }
            #expect(words == ["connect", "joined"] + (kicks ? ["kicked"] : ["finished", "closed"]) + ["disconnect"])
            #expect(world.server.lobbies.allSatisfy { $0.lobby.seats.takenCount == 0 })
            #expect(socket.join("c")["seat"] == 0, "the connection is whole")
        }
    }

    @Test func `a game may kick everybody, or finish, when somebody leaves or drops`() {
        for (key, ending) in [("kickAllOnLeave", 0), ("finishOnLeave", 0), ("kickOnDrop", 1)] {
            let world = World()
            let clients = (0..<4).map { _ in PlainClient(world) }
            for client in clients {
                client.join(["options": .object([key: true])])
                client.emit("keyframe")
            }
            if ending == 0 { clients[1].emit("leave") } else { clients[1].stream.cut() }
            world.steps(2)
            let codes = clients.map(\.closeCode)
            switch key {
            case "kickAllOnLeave": #expect(codes == [4003, 1000, 4003, 4003])
            case "finishOnLeave": #expect(codes == [4000, 1000, 4000, 4000])
            default:
                #expect(codes == [nil, nil, nil, nil])
                #expect(world.server.lobby("x")?.lobby.seats.takenCount == 3)
            }
        }
    }

    @Test func `events of drops and returns reach the others`() {
        let world = World()
        let client = PlainClient(world)
        let token = client.join()["token"] ?? .null
        client.emit("keyframe")
        let other = PlainClient(world)
        other.join()
        client.stream.cut()
        world.turn()
        #expect(other.event("dropped") == 0)
        let again = PlainClient(world)
        again.join(["token": token])
        world.turn()
        #expect(other.event("back") == 0 && again.events.map(\.name).first == "joined")
    }

    @Test func `an empty lobby is kept for its time, without steps, then closed`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(4)
        client.emit("leave")
        world.run(.seconds(29))
        #expect(world.server.lobby("x")?.lobby.tick == 4)
        world.run(.milliseconds(1_100))
        #expect(world.server.lobbies.isEmpty && world.count(.lobbiesClosed) == 1)
    }

    @Test func `a lobby that waits empty goes on when somebody comes, and owes nothing`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(4)
        client.emit("leave")
        world.run(.seconds(20))
        PlainClient(world).join()
        world.steps(4)
        let tick = world.server.lobby("x")?.lobby.tick ?? 0
        #expect((7...8).contains(tick) && world.count(.stepsDropped) == 0)
    }

    @Test func `after everybody has gone for two minutes nothing is left`() {
        let world = World()
        for number in 0..<12 {
            let client = PlainClient(world, lobby: "l\(number % 3)")
            client.join()
            client.emit("keyframe")
            if number % 2 == 0 { client.stream.cut() } else { client.stream.end() }
        }
        world.run(.seconds(120))
        #expect(world.server.lobbies.isEmpty && world.server.connectionCount == 0)
        #expect(world.server.nextWake == nil, "no timer and no lobby is due any more")
    }

    @Test func `the server opens no more lobbies than it may`() {
        let world = World { $0.lobbiesMax = 2 }
        let codes = ["a", "b", "c"].map { name in
            let client = PlainClient(world, lobby: name)
            client.emit("join", [:])
            return client.closeCode
        }
        #expect(codes == [nil, nil, 4008])
    }

    @Test func `a machine too slow for its lobbies still comes back to its sockets`() {
        let world = World(games: [GameType(Other.self)]) { $0.defaultGame = "other" }
        for number in 0..<20 { PlainClient(world, lobby: "l\(number)").join() }
        world.clock.cost = .milliseconds(2)
        world.clock.now = world.clock.now + .milliseconds(40)
        let before = world.count(.steps)
        world.server.advance()
        #expect(world.count(.steps) - before <= 20 * 3, "each lobby has its turn at most once")
    }
}

@Suite("Draining")
struct DrainTests {
    @Test func `a draining server tells its players, takes no new ones and lets old ones back`() {
        let world = World { $0.drainTime = .seconds(5) }
        let client = PlainClient(world)
        let token = client.join()["token"] ?? .null
        client.emit("keyframe")
        world.server.drain()
        world.turn()
        #expect(client.event("draining")?["seconds"] == 5.0)
        for lobby in ["x", "new"] {
            let late = PlainClient(world, lobby: lobby)
            late.emit("join", [:])
            #expect(late.closeCode == 4009)
        }
        client.stream.cut()
        #expect(PlainClient(world).join(["token": token])["resumed"] == true)
        #expect(!world.server.isDrained)
    }

    @Test func `it is drained when nobody plays or the time is over, and the rest is told 4009`() {
        let world = World { $0.drainTime = .seconds(5) }
        #expect(!world.server.isDrained)
        let client = PlainClient(world)
        let other = SocketClient(world)
        client.join()
        other.join()
        world.server.drain()
        world.run(.milliseconds(4_900))
        client.emit("leave")
        #expect(!world.server.isDrained)
        world.run(.milliseconds(100))
        #expect(world.server.isDrained)
        world.server.closeAll()
        world.turn()
        #expect(other.closeCode == 4009)
        let idle = World()
        idle.server.drain()
        #expect(idle.server.isDrained, "at once when nobody plays")
    }
}
