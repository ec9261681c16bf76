import ByteKit
import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import Testing

/// What has hurt users of Colyseus with seats, issue by issue: none of it can happen here.
@Suite("Seats: what others have tripped over")
struct SeatIssueTests {
    private func seats(_ world: World, _ lobby: String = "x") -> SeatTable? { world.lobby(lobby)?.lobby.seats }

    /// A player with a confirmed seat, and its token.
    private func settled(_ world: World, lobby: String = "x") -> (client: PlainClient, token: JSONValue) {
        let client = PlainClient(world, lobby: lobby)
        let token = client.join(["name": "Ann"])["token"] ?? .null
        client.emit("keyframe")
        return (client, token)
    }

    @Test func `colyseus#343: whoever resumes within the grace time is let in, whatever the time of a reservation is`()
    {
        let world = World()
        let (client, token) = settled(world)
        client.stream.cut()
        // Longer than a seat is kept for a ticket.
        world.run(.seconds(29))
        let again = PlainClient(world)
        #expect(again.join(["token": token])["resumed"] == true && again.closeCode == nil)
    }

    @Test(arguments: [1, 2])
    func `colyseus#552, #571, proxy#14: a resume finds its lobby from whichever loop it comes to`(loops: Int) {
        let world = World(loops: loops)
        world.streamsMove = false
        let (client, token) = settled(world)
        client.stream.cut()
        world.home = loops - 1
        #expect(PlainClient(world).join(["token": token])["resumed"] == true)
    }

    @Test func `colyseus#207, #682, #277: create and join are one round trip, so nothing can expire between them`() {
        let world = World()
        let client = PlainClient(world)
        let before = client.received.count
        client.emit("join", ["name": "Ann"])
        #expect(client.event("joined")?["seat"] == 0 && before == 0)
        #expect(world.count(.seatsReserved) == 0)
    }

    @Test func `colyseus#332: leaving a lobby and entering another at once is let in`() {
        let world = World()
        let socket = SocketClient(world)
        socket.join("x")
        socket.emit("leave")
        #expect(socket.join("x")["seat"] == 0)
        socket.emit("leave")
        #expect(socket.join("y")["seat"] == 0)
    }

    @Test func `colyseus#962: a bad token costs nobody a seat, and its lobby closes when it is empty`() {
        let world = World()
        let (client, token) = settled(world)
        client.stream.cut()
        for bad in ["", "x", "0000"] as [JSONValue] {
            let forger = PlainClient(world)
            forger.join(["token": bad])
            #expect(forger.closeCode == 4001)
        }
        #expect(seats(world)?.rows[0].state.phase == .dropped)
        #expect(PlainClient(world).join(["token": token])["resumed"] == true, "the player is not locked out")
        let other = World()
        settled(other).client.stream.cut()
        let forger = PlainClient(other)
        forger.join(["token": "bad"])
        other.run(.seconds(61))
        #expect(other.lobby() == nil && other.count(.lobbiesClosed) == 1, "grace time, then the empty lobby's")
    }

    @Test func `colyseus#532: a lobby is full exactly while its seats are taken`() {
        let world = World()
        for round in 0..<20 {
            let clients = (0..<4).map { _ in PlainClient(world) }
            #expect(clients.map { $0.join()["seat"] != nil } == [true, true, true, true], "round \(round)")
            let extra = PlainClient(world)
            extra.join()
            #expect(extra.closeCode == 4007)
            // Some leave, some are lost before they ever said anything.
            for (index, client) in clients.enumerated() {
                if index % 2 == 0 { client.emit("leave") } else { client.stream.cut() }
            }
            world.turn()
            #expect(seats(world)?.takenCount == 0)
        }
    }

    @Test func `colyseus#678: 12 joins on 4 seats, decided in any order: never more than 4, and never a false full`() {
        for seed in 0..<200 as Range<UInt64> {
            var decisions: [(Result<Identity, JoinRefusal>) -> Void] = []
            var hooks = ServerHooks()
            hooks.authorize = { _, decided in decisions.append(decided) }
            let world = World(hooks: hooks)
            let clients = (0..<12).map { _ in PlainClient(world) }
            for client in clients { client.emit("join") }
            var random = SeededRandom(seed: seed)
            decisions.shuffle(using: &random)
            var left = decisions
            while let decide = left.popLast() {
                decide(random.int(in: 0...9) == 0 ? .failure(.notAuthorized("")) : .success(.guest))
                world.turn()
                guard let seats = seats(world) else { continue }
                #expect(seats.takenCount <= 4 && seats.takenCount == seats.rows.count { $0.state != .free }, "\(seed)")
            }
            let full = clients.count { $0.closeCode == 4007 }
            let seated = clients.count { $0.closeCode == nil }
            #expect(seated == 4 || full == 0, "nobody is told full while there is a seat; seed \(seed)")
        }
    }

    @Test func `colyseus#354: what others can see of a player brings nobody to its seat`() {
        let world = World()
        let (client, _) = settled(world)
        let socket = SocketClient(world)
        socket.join("x")
        let shown: [JSONValue] = ["0", "1", "Ann", "player", "x", socket.open?["sid"] ?? .null]
        for id in shown {
            let thief = PlainClient(world)
            thief.join(["token": id])
            #expect(thief.closeCode == 4001, "\(id)")
        }
        let twin = PlainClient(world)
        #expect(twin.join(["name": "Ann", "seat": 0])["seat"] == 2, "a name and a number are no identity")
        #expect(client.closeCode == nil)
    }

    @Test func `colyseus#455: an empty id is nobody's`() {
        let world = World()
        settled(world).client.stream.cut()
        let empty = PlainClient(world)
        empty.join(["token": ""])
        #expect(empty.closeCode == 4001)
        let null = PlainClient(world)
        #expect(null.join(["token": .null])["seat"] == 1, "none at all: a new player")
        let known = Known.world { $0.duplicateLogins = .replace }
        PlainClient(known).join()
        #expect(PlainClient(known).join()["seat"] == 1, "two guests are two")
    }

    @Test func `colyseus#726: two come at once to the last two seats, and both are in`() {
        var decisions: [(Result<Identity, JoinRefusal>) -> Void] = []
        var hooks = ServerHooks()
        hooks.authorize = { _, decided in decisions.append(decided) }
        let world = World(games: [GameType(Probe.self)], hooks: hooks)
        let clients = (0..<2).map { _ in PlainClient(world) }
        for client in clients { client.emit("join", ["lobby": ["players": 2]]) }
        for decide in decisions { decide(.success(.guest)) }
        world.turn()
        #expect(clients.compactMap { $0.event("joined")?["seat"]?.integer } == [0, 1])
    }

    @Test(arguments: 0..<6)
    func `colyseus#800: a join that comes to nothing leaves no seat behind, at whatever step it ends`(step: Int) {
        var decide: ((Result<Identity, JoinRefusal>) -> Void)?
        var hooks = ServerHooks()
        hooks.authorize = { _, decided in decide = decided }
        let world = World(hooks: hooks)
        let client = PlainClient(world)
        client.emit("join", ["options": step == 3 ? ["refuse": true] : .null])
        switch step {
        case 0: decide?(.failure(.notAuthorized("no")))
        case 1: client.stream.cut()
        case 2:
            client.stream.cut()
            world.turn()
            decide?(.success(.guest))
        case 3: decide?(.success(.guest))
        case 4: world.run(.seconds(11))
        default:
            decide?(.success(.guest))
            client.stream.cut()
        }
        world.turn()
        #expect((seats(world)?.takenCount ?? 0) == 0)
        world.run(.seconds(31))
        #expect(world.lobby() == nil)
    }

    @Test func `colyseus#224, pull 182: a lobby closes after the grace time of its last player`() {
        let world = World()
        settled(world).client.stream.cut()
        world.run(.seconds(59))
        #expect(world.lobby() != nil)
        world.run(.seconds(2))
        #expect(world.lobby() == nil)
    }

    @Test func `colyseus#151: two joins of one connection at once are two seats in two lobbies`() {
        let world = World()
        let socket = SocketClient(world)
        #expect(socket.join("x")["seat"] == 0 && socket.join("y")["seat"] == 0)
        let tokens = ["/lobby/x", "/lobby/y"].compactMap { socket.event("joined", in: $0)?["token"]?.string }
        #expect(Set(tokens).count == 2)
    }
}
