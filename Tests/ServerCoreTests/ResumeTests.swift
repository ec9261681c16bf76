import Determinism
import GameKit
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing

@Suite("Coming back (protocol/spec/lobby.md §3)")
struct ResumeTests {
    /// A player with a confirmed seat, and its token.
    private func settled(_ world: World, options: JSONValue = .null) -> (client: PlainClient, token: JSONValue) {
        let client = PlainClient(world)
        let token = client.join(["name": "Ann", "options": options])["token"] ?? .null
        client.emit("keyframe")
        return (client, token)
    }

    private func seats(_ world: World) -> SeatTable? { world.server.lobby("x")?.lobby.seats }

    @Test func `the token brings back the same seat with a new token`() {
        let world = World()
        let (client, token) = settled(world)
        PlainClient(world).join()
        world.steps(3)
        client.stream.cut()
        world.steps(3)
        #expect(seats(world)?.takenCount == 2 && seats(world)?.connectedCount == 1)
        let again = PlainClient(world)
        let joined = again.join(["token": token, "name": "Bob"])
        #expect(joined["seat"] == 0 && joined["resumed"] == true && joined["name"] == "Ann")
        #expect(joined["token"] != token && joined["token"]?.string?.utf8.count == 43)
        #expect(seats(world)?.takenCount == 2 && seats(world)?.connectedCount == 2)
        #expect(world.count(.resumes) == 1 && seats(world)?.rows[0].resumes == 1)
    }

    @Test func `the state follows as a delta from the client's tick, else as a keyframe`() {
        let cases: [(tick: Int64, first: String)] = [
            (13, "45 from 13"), (14, "45 from 14"), (44, "45 from 44"), (45, "none"), (99, "key 45"), (0, "key 45"),
        ]
        for (tick, first) in cases {
            let world = World()
            let (client, token) = settled(world)
            PlainClient(world).join()
            world.steps(20)
            client.stream.cut()
            world.steps(25)
            #expect(world.server.lobby("x")?.lobby.tick == 45)
            let again = PlainClient(world)
            again.join(["token": token, "tick": .integer(tick)])
            #expect(kind(again.snapshots.first) == first)
            world.steps(1)
            #expect(kind(again.snapshots.last) == "46 from 45")
        }
    }

    @Test func `the older token is good until a message on the new connection, then dead`() {
        let world = World()
        let (client, token) = settled(world)
        client.stream.cut()
        let second = PlainClient(world)
        let secondToken = second.join(["token": token])["token"] ?? .null
        second.stream.cut()
        let third = PlainClient(world)
        let thirdToken = third.join(["token": token])["token"] ?? .null
        #expect(third.event("joined")?["resumed"] == true, "the answer to the second may never have arrived")
        third.emit("keyframe")
        for dead in [token, secondToken] {
            let late = PlainClient(world)
            late.emit("join", ["token": dead])
            #expect(late.closeCode == 4015)
        }
        #expect(third.closeCode == nil)
        #expect(PlainClient(world).join(["token": thirdToken])["seat"] == 0)
    }

    @Test func `a join with the token takes over from a connection that still stands, told 4006`() {
        let world = World()
        let (client, token) = settled(world)
        let again = SocketClient(world)
        let joined = again.join("x", ["token": token])
        #expect(joined["seat"] == 0 && joined["resumed"] == true)
        #expect(client.event("replaced")?["reason"]?.string?.isEmpty == false && client.closeCode == 4006)
        #expect(seats(world)?.takenCount == 1 && seats(world)?.connectedCount == 1 && world.count(.drops) == 0)
        client.stream.cut()
        world.steps(2)
        #expect(seats(world)?.connectedCount == 1, "the end of the old connection means nothing")
    }

    @Test func `a Socket_IO connection that is replaced keeps its other namespaces`() {
        let world = World()
        let client = SocketClient(world)
        let token = client.join("x")["token"] ?? .null
        client.join("y")
        PlainClient(world).join(["token": token])
        #expect(client.words("/lobby/x").suffix(2) == ["replaced", "disconnect"])
        #expect(client.closeCode == nil && world.server.lobby("y")?.lobby.seats.connectedCount == 1)
    }

    @Test func `the token of a seat that was left, kicked or expired is refused with what became of it`() {
        for ending in 0..<3 {
            let world = World()
            let (client, token) = settled(world)
            PlainClient(world).join()
            switch ending {
            case 0: client.emit("leave")
            case 1:
                let kicked = world.server.lobby("x")?.kick(seat: 0, reason: "rude")
                #expect(kicked == true && world.count(.kicks) == 1)
            default:
                client.stream.cut()
                world.run(.milliseconds(29_900))
                #expect(seats(world)?.rows[0].name == "Ann")
                world.run(.milliseconds(200))
                #expect(world.count(.graceExpired) == 1)
            }
            #expect(seats(world)?.rows[0].state == .free)
            let again = PlainClient(world)
            again.emit("join", ["token": token])
            let code = [4014, 4003, 4014][ending]
            #expect(again.closeCode == UInt16(code) && again.event("exception")?["code"] == .integer(Int64(code)))
            #expect(PlainClient(world).join()["seat"] == 0, "the seat itself is free for anyone")
        }
    }

    @Test func `a seat whose holder never sent anything is freed at once`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        world.steps(3)
        client.stream.cut()
        #expect(seats(world)?.takenCount == 0 && world.count(.drops) == 1)
    }

    @Test func `a token is of its own lobby alone`() {
        let world = World()
        let (_, token) = settled(world)
        PlainClient(world, lobby: "y").join()
        for lobby in ["y", "z"] {
            let client = PlainClient(world, lobby: lobby)
            client.emit("join", ["token": token])
            #expect(client.closeCode == 4001)
        }
        #expect(world.server.lobby("z") == nil, "a token opens no lobby")
    }

    @Test func `whatever three players do, no lobby has more players than seats`() {
        let world = World(games: [GameType(Other.self)]) { $0.defaultGame = "other" }
        var random = SeededRandom(seed: 5)
        var tokens: [JSONValue] = []
        var clients: [PlainClient] = []
        for _ in 0..<400 {
            switch random.int(in: 0...4) {
            case 0, 1:
                let client = PlainClient(world)
                var data: JSONObject = [:]
                if !tokens.isEmpty, random.int(in: 0...2) > 0 {
                    data["token"] = tokens[random.int(in: 0...tokens.count - 1)]
                }
                client.emit("join", .object(data))
                if let token = client.event("joined")?["token"] { tokens = tokens.suffix(3) + [token] }
                clients.append(client)
            case 2: clients.randomElement(using: &random)?.emit("keyframe")
            case 3: clients.randomElement(using: &random)?.stream.cut()
            default: world.run(.milliseconds(random.int(in: 0...6_000)))
            }
            guard let lobby = world.server.lobby("x") else { continue }
            #expect(lobby.lobby.seats.takenCount <= 1)
            #expect(lobby.members.count { $0 != nil } == lobby.lobby.seats.connectedCount)
        }
        #expect(world.count(.resumes) > 5 && world.count(.graceExpired) > 0)
    }
}
