import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Socket.IO: draining (reference checklist rows 84 and 85)")
struct SocketDrainTests {
    @Test func `row 84, graceful close: without a spread all go in the end, and are told nothing`() {
        let hall = Hall()
        var reasons: [SocketDisconnectReason] = []
        hall.main.behaviour.onDisconnect { reasons.append($1) }
        let clients = [hall.guest(), hall.guest()]
        hall.world.server.drain()
        #expect(hall.world.server.isDrained)
        hall.world.server.closeAll()
        #expect(clients.map { $0.take() } == [["close 4009"], ["close 4009"]])
        #expect(reasons == [.serverShuttingDown, .serverShuttingDown])
    }

    @Test func `row 85, spread: clients are told how long they have, and go one after the other`() {
        let hall = Hall { $0.drainSpread = .seconds(4) }
        _ = hall.hub.namespace("/other")
        let clients = (0..<4).map { _ in hall.guest() }
        clients[1].join("/other")
        _ = clients[1].take()
        hall.world.server.drain()
        #expect(clients[0].take() == [#"42["draining",{"seconds":1.0}]"#])
        #expect(
            clients[1].take() == [#"42["draining",{"seconds":2.0}]"#, #"42/other,["draining",{"seconds":2.0}]"#])
        #expect(clients[2].take() == [#"42["draining",{"seconds":3.0}]"#])
        clients[2].say("41")
        clients[3].stream.cut()
        #expect(!hall.world.server.isDrained)
        hall.world.run(.milliseconds(1_100))
        #expect(clients[0].take() == ["close 4009"] && clients[1].closeCode == nil)
        hall.world.run(.milliseconds(1_000))
        #expect(clients[1].take() == ["close 4009"])
        #expect(!hall.world.server.isDrained, "one is in no namespace, but is connected")
        hall.world.run(.milliseconds(1_000))
        #expect(clients[2].take() == ["close 4009"])
        #expect(hall.world.server.isDrained, "the last has gone by itself")
    }

    @Test func `row 85, spread: never beyond the drain time, and over as soon as nobody is left`() {
        let hall = Hall { $0.drainSpread = .seconds(60) }
        let clients = (0..<2).map { _ in hall.guest() }
        hall.world.server.drain()
        #expect(clients[1].take() == [#"42["draining",{"seconds":5.0}]"#])
        for client in clients { client.stream.cut() }
        #expect(hall.world.server.isDrained)
        let empty = Hall { $0.drainSpread = .seconds(60) }
        empty.world.server.drain()
        #expect(empty.world.server.isDrained)
    }

    @Test func `row 14, buffered amount: of a socket it is that of its client`() {
        let hall = Hall()
        let client = hall.guest()
        client.stream.stalls = true
        hall.emit("one")
        hall.world.turn()
        hall.emit("two")
        #expect(hall.main.allSockets[0].queuedBytes == 11)
    }

    @Test func `row 43, round trip: of a socket it is that of its client`() {
        let hall = Hall()
        let client = hall.guest()
        #expect(hall.main.allSockets[0].roundTripTime == nil)
        hall.world.run(.seconds(26))
        client.say("3")
        #expect(hall.main.allSockets[0].roundTripTime.map { $0 <= .seconds(1) } == true)
    }
}
