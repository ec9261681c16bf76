import Determinism
import GameKit
import LobbyCore
import ServerCore
import Testing
import WebSocketCore

@Suite("Heartbeat, in both dialects")
struct HeartbeatTests {
    private static let dialects = [true, false]

    /// A joined client of a dialect, with its ping count and its way to answer.
    private func joined(_ world: World, plain: Bool) -> (client: Client, pings: () -> Int, pong: () -> Void) {
        if plain {
            let client = PlainClient(world)
            client.join()
            return (client, { client.pings }, { client.send(.pong, []) })
        }
        let client = SocketClient(world)
        client.join()
        return (client, { client.enginePings }, { client.send(text: "3") })
    }

    @Test(arguments: dialects)
    func `rows 13 and 41, heartbeat: a ping follows after the interval, and the next an interval after its pong`(
        _ plain: Bool
    ) {
        let world = World()
        let peer = joined(world, plain: plain)
        world.run(.milliseconds(24_900))
        #expect(peer.pings() == 0)
        world.run(.milliseconds(150))
        #expect(peer.pings() == 1)
        world.run(.seconds(19))
        peer.pong()
        world.run(.milliseconds(24_900))
        #expect(peer.pings() == 1)
        world.run(.milliseconds(150))
        #expect(peer.pings() == 2 && peer.client.closeCode == nil)
    }

    @Test(arguments: dialects)
    func `no pong in time closes with 4005, counts, and keeps no seat that was never confirmed`(_ plain: Bool) {
        let world = World()
        let peer = joined(world, plain: plain)
        world.run(.milliseconds(44_900))
        #expect(peer.client.closeCode == nil)
        world.run(.milliseconds(200))
        #expect(peer.client.closeCode == 4005 && world.count(.heartbeatsMissed) == 1)
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 0)
    }

    @Test(arguments: dialects)
    func `row 42, pongs: those that nobody asked for change nothing`(_ plain: Bool) {
        let world = World()
        let peer = joined(world, plain: plain)
        for _ in 0..<20 {
            world.run(.seconds(1))
            peer.pong()
        }
        world.run(.milliseconds(5_100))
        #expect(peer.pings() == 1, "the ping is not postponed")
        peer.client.stream.cut()
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 0, "and the seat is not confirmed")
    }

    @Test func `a WebSocket pong is no answer to an engine ping`() {
        let world = World()
        let peer = joined(world, plain: false)
        world.run(.milliseconds(25_100))
        peer.client.send(.pong, [])
        world.run(.milliseconds(20_100))
        #expect(peer.client.closeCode == 4005)
    }

    @Test(arguments: dialects)
    func `messages are no answer either`(_ plain: Bool) {
        let world = World()
        let peer = joined(world, plain: plain)
        for _ in 0..<46 {
            if plain {
                peer.client.send(text: "{\"event\":\"x\"}")
            } else {
                peer.client.send(text: "42/lobby/x,[\"x\"]")
            }
            world.run(.seconds(1))
        }
        #expect(peer.client.closeCode == 4005)
    }

    @Test(arguments: dialects)
    func `a pong confirms the seat`(_ plain: Bool) {
        let world = World()
        let peer = joined(world, plain: plain)
        world.run(.milliseconds(25_100))
        peer.pong()
        peer.client.stream.cut()
        #expect(world.server.lobby("x")?.lobby.seats.takenCount == 1)
    }
}
