import ByteKit
import Determinism
import JSONCore
import LobbyCore
import ServerCore
import Testing

/// Addresses that count, each a different one.
private func address(_ number: Int) -> PeerAddress { PeerAddress(ipv4: 0xCB00_7100 + UInt32(number), port: 40_000) }

/// Clients without a person are clients: Muster runs no bots of its own inside a lobby, so there is no second quota.
@Suite("Headless clients by the thousand (abuse G-19)")
struct HeadlessFloodTests {
    /// Whether somebody from elsewhere gets a seat in the lobby at once.
    private func aPersonJoins(_ world: World, lobby: String = "people", who: JSONValue = "pat") -> Bool {
        let person = PlainClient(world, lobby: lobby, peer: address(9_999))
        return person.join(["who": who])["seat"] != nil
    }

    @Test func `a thousand of one address get its burst, then its rate, and no more than its connections at a time`() {
        let world = World()
        var bots: [PlainClient] = []
        for number in 0..<1_000 {
            bots.append(PlainClient(world, lobby: "l\(number % 50)", peer: address(1)))
            bots[number].join()
            world.run(.milliseconds(10))
        }
        let connected = bots.count { $0.status == 101 && !$0.stream.isClosed }
        #expect(connected <= 64 && bots.count { $0.status == 101 } <= 40 + 100 + 1, "a burst of 40, then ten a second")
        #expect(bots.filter { $0.status != 101 }.allSatisfy { $0.status == 503 })
        #expect(world.server.lobbies.count <= 5)
        #expect(aPersonJoins(world))
    }

    @Test func `a thousand of one player, each from elsewhere, get that player's seats and lobbies`() {
        let world = Known.world()
        var seated = 0
        for number in 0..<1_000 {
            let bot = PlainClient(world, lobby: "l\(number % 50)", peer: address(number))
            if bot.join(["who": "swarm"])["seat"] != nil { seated += 1 }
            world.run(.milliseconds(10))
        }
        #expect(world.server.lobbies.count <= 2)
        #expect((3...13).contains(seated), "three, then one a second: \(seated) in 10 s")
        #expect(aPersonJoins(world))
    }

    @Test func `a thousand players from as many addresses fill a lobby and no other, and each is told that it is full`()
    {
        let world = Known.world { $0.admission.processRate = AdmissionRate(perSecond: 100_000, burst: 100_000) }
        let bots = (0..<1_000).map { number in
            let bot = PlainClient(world, peer: address(number))
            bot.join(["who": .string("bot \(number)")])
            return bot
        }
        #expect(world.lobby()?.lobby.seats.takenCount == 4)
        #expect(bots.dropFirst(4).allSatisfy { $0.closeCode == 4007 })
        #expect(aPersonJoins(world))
    }

    @Test func `the process lets in so many a second, whoever they are, and a person a second later`() {
        let world = World()
        let bots = (0..<3_000).map { PlainClient(world, peer: address($0)) }
        #expect(bots.count { $0.status == 101 } == 1_000 && world.count(.connectionsRefused) == 2_000)
        world.run(.seconds(1))
        #expect(aPersonJoins(world))
    }

    @Test(arguments: ["bot", "isBot", "headless", "server", "role"])
    func `to call oneself a bot gives nothing`(_ key: String) {
        let world = World()
        var seated = 0
        for number in 0..<200 {
            let bot = PlainClient(world, lobby: "l\(number)", fields: "User-Agent: muster-bots\r\n", peer: address(1))
            if bot.join([key: key == "role" ? "bot" : true])["seat"] != nil { seated += 1 }
        }
        #expect(seated == 5 && world.server.lobbies.count == 5)
        #expect(aPersonJoins(world))
    }

    @Test func `bots that never read are closed after the write time, and others play on`() throws {
        let world = World { $0.heartbeatInterval = .seconds(1_000) }
        let bots = (0..<3).map { number in
            let bot = PlainClient(world, peer: address(number))
            bot.join(["options": ["chatter": 10_000]])
            bot.stream.stalls = true
            return bot
        }
        let person = PlainClient(world, peer: address(9_999))
        #expect(person.join()["seat"] == 3)
        world.run(.seconds(60))
        #expect(bots.allSatisfy(\.stream.isClosed) && person.closeCode == nil)
        #expect(world.lobby()?.lobby.seats.takenCount == 1, "their seats were kept for their time and are free")
        #expect(person.snapshots.count > 1_000)
        #expect(aPersonJoins(world, lobby: "x"))
    }
}
