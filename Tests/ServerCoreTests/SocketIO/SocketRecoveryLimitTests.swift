import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Socket.IO: bounds of recovery, and places that are elsewhere (reference checklist rows 79 and 80)")
struct SocketRecoveryLimitTests {
    let hall = Hall { $0.recovery = SocketRecoverySettings() }

    private func hall(_ adjust: (inout SocketRecoverySettings) -> Void) -> Hall {
        var recovery = SocketRecoverySettings()
        adjust(&recovery)
        return Hall { $0.recovery = recovery }
    }

    // MARK: Bounds

    @Test func `row 79, an offset that nobody knows: what was missed can't be told, so the client is new`() {
        let client = hall.guest()
        hall.emit("x")
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim("never"))
        #expect(packets.count == 1 && packets[0].hasPrefix("40{") && !packets[0].contains(client.id))
        #expect(!hall.main.allSockets[0].isRecovered && hall.world.count(.recoveriesFailed) == 1)
    }

    @Test func `row 79, time: a place is kept for as long as it was said, and nothing after`() {
        let hall = hall { $0.duration = .seconds(4) }
        for (wait, isKept) in [(Interval.milliseconds(3_900), true), (.milliseconds(4_000), false)] {
            let client = hall.guest()
            client.stream.cut()
            hall.world.run(wait)
            let back = hall.client()
            _ = back.take()
            #expect(back.say("40" + client.claim(nil)).last?.contains(client.id) == isKept)
            back.stream.cut()
        }
        hall.world.run(.seconds(120))
        #expect(hall.world.server.nextWake == nil, "nothing is left that needs a timer")
    }

    @Test func `row 79, time: an event is kept for as long as a loss may go unnoticed, and the place after`() {
        let hall = hall { $0.duration = .seconds(4) }
        let client = hall.guest()
        hall.emit("seen")
        let offset = client.takeOffset()
        hall.emit("sent into nothing")
        hall.world.run(.seconds(46))
        #expect(hall.main.socketCount == 0, "the loss is noticed by the heartbeat")
        hall.world.run(.seconds(2))
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(offset))
        #expect(packets.count == 2 && packets[0].untraced == #"42["sent into nothing"]"#)
        back.stream.cut()
        hall.world.run(.seconds(120))
        #expect(hall.world.server.nextWake == nil, "nothing is left that needs a timer")
    }

    @Test func `row 79, bounds: what goes while middlewares think ends the client, which is told nothing with a gap`() {
        let hall = hall { $0.packetsMax = 2 }
        let client = hall.guest()
        client.stream.cut()
        var decide: ((ConnectRefusal?) -> Void)?
        hall.main.behaviour.use { _, done in decide = done }
        hall.emit("one")
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)) == [])
        for _ in 0..<3 { hall.emit("more") }
        decide?(nil)
        #expect(!back.take().contains { $0.hasPrefix("4") } && back.closeCode != nil)
    }

    @Test func `row 79, bounds: a place whose time is over takes no other's`() {
        let hall = hall { recovery in
            recovery.duration = .seconds(4)
            recovery.placesMax = 1
        }
        let old = hall.guest()
        old.stream.cut()
        hall.world.run(.seconds(10))
        let client = hall.guest()
        client.stream.cut()
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)).last?.contains(client.id) == true)
        #expect(hall.world.count(.placesForgotten) == 0)
    }

    @Test func `row 79, bounds: too many places, events or bytes: the oldest go, and who needs them is new`() {
        let hall = hall { recovery in
            recovery.placesMax = 2
            recovery.packetsMax = 3
            recovery.packetBytesMax = 1_000
        }
        func isBack(_ client: HallClient) -> Bool {
            let back = hall.client()
            _ = back.take()
            defer { back.say("41") }
            return back.say("40" + client.claim(nil)).last?.contains(client.id) == true
        }
        let clients = (0..<3).map { _ in hall.guest() }
        for client in clients { client.stream.cut() }
        #expect(clients.map(isBack) == [false, true, true] && hall.world.count(.placesForgotten) == 1)
        let few = hall.guest()
        few.stream.cut()
        for _ in 0..<3 { hall.emit("few") }
        #expect(hall.world.count(.eventsForgotten) == 0 && isBack(few))
        let many = hall.guest()
        many.stream.cut()
        for _ in 0..<4 { hall.emit("many") }
        #expect(hall.world.count(.eventsForgotten) == 4 && !isBack(many))
        let large = hall.guest()
        large.stream.cut()
        hall.emit("large", [.string(String(repeating: "x", count: 600))])
        hall.emit("large", [.string(String(repeating: "x", count: 600))])
        #expect(!isBack(large))
    }

    @Test func `row 79, bounds: what a client has missed has to fit its outbox, or it is new`() {
        let client = hall.guest()
        client.stream.cut()
        for _ in 0..<11 { hall.emit("kilobyte", [.string(String(repeating: "x", count: 1_000))]) }
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(nil))
        #expect(packets.count == 1 && !packets[0].contains(client.id))
    }

    @Test func `row 79, cost: an event that nobody is sent is made only while somebody may come back for it`() {
        hall.emit("nobody")
        let client = hall.guest()
        client.stream.cut()
        #expect(hall.world.count(.eventsForgotten) == 0)
        hall.emit("room", to: ["red"])
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)).count == 1, "it was not in the room")
    }

    @Test func `row 79, bounds: what has left the log makes room`() {
        let hall = hall { recovery in
            recovery.packetsMax = 3
            recovery.packetBytesMax = 1_000
        }
        let client = hall.guest()
        for _ in 0..<100 { hall.emit("e") }
        let offset = client.takeOffset()
        client.stream.cut()
        hall.emit("missed")
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(offset)).count == 2)
    }

    @Test(arguments: ["let in", "refused", "unknown", "gone"])
    func `row 79, cost: however a return ends, nobody is waited for afterwards`(end: String) throws {
        let hall = hall { recovery in
            recovery.duration = .seconds(4)
            recovery.packetsMax = 0
        }
        let relay = NotedRelay(hall)
        if end == "gone" { hall.hub.join(relay) }
        let client = hall.guest()
        client.stream.cut()
        hall.main.behaviour.use { _, done in done(end == "refused" ? ConnectRefusal("no") : nil) }
        let back = hall.client()
        _ = back.take()
        switch end {
        case "unknown": back.say(#"40{"pid":"\#(String(repeating: "A", count: 40))"}"#)
        case "gone":
            back.say(#"40{"pid":"\#(String(repeating: "A", count: 40))"}"#)
            back.stream.cut()
            let claim = try #require(SocketClaim(["pid": .string(client.pid)]))
            relay.claims[0].done(hall.hub.give(claim, in: "/", bytesMax: 100))
        default: #expect(back.say("40" + client.claim(nil)).last?.hasPrefix(end == "refused" ? "44" : "40") == true)
        }
        hall.world.run(.seconds(10))
        hall.emit("nobody", to: ["red"])
        #expect(hall.world.count(.eventsForgotten) == 0, "none was kept")
    }

    // MARK: Elsewhere

    @Test func `row 79, elsewhere: nobody is asked about a private id that is too long`() {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        for (count, asked) in [(65, 0), (64, 1)] {
            let client = hall.client()
            _ = client.take()
            client.say(#"40{"pid":"\#(String(repeating: "A", count: count))"}"#)
            #expect(relay.claims.count == asked)
        }
    }

    @Test
    func `row 79, elsewhere: a relay is asked for a place that is not here, and what came meanwhile is added once`() {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        let home = Hall { $0.recovery = SocketRecoverySettings() }
        let client = home.guest()
        home.main.allSockets[0].join("red")
        client.stream.cut()
        var both = SocketEmission("both", offset: "both")
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)) == [] && relay.claims.count == 1)
        #expect(back.say("42[\"too soon\"]") == [] && hall.world.count(.messagesMalformed) == 1)
        home.main.perform(.emit(both), on: .of(["red"]))
        hall.main.apply(.emit(both), to: .of(["red"]))
        both = SocketEmission("here", offset: "here")
        hall.main.apply(.emit(both), to: .of(["red"]))
        let asked = relay.claims[0]
        asked.done(home.hub.give(asked.claim, in: asked.namespace, bytesMax: 10_000))
        let packets = back.take()
        #expect(packets.dropLast() == [#"42["both","both"]"#, #"42["here","here"]"#])
        #expect(packets.last?.contains(client.id) == true && hall.main.allSockets[0].rooms == [client.id, "red"])
        // It is here now, and gone from there.
        #expect(home.hub.give(asked.claim, in: "/", bytesMax: 10_000) == nil)
    }

    @Test func `row 79, elsewhere: who goes before the relay answers, or is not found, loses nothing and is new`() {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        let home = Hall { $0.recovery = SocketRecoverySettings() }
        let client = home.guest()
        client.stream.cut()
        let first = hall.client()
        _ = first.take()
        first.say("40" + client.claim(nil))
        first.stream.cut()
        relay.claims[0].done(home.hub.give(relay.claims[0].claim, in: "/", bytesMax: 10_000))
        let back = hall.client()
        _ = back.take()
        #expect(back.say("40" + client.claim(nil)).last?.contains(client.id) == true, "it was put here")
        let stranger = hall.client()
        stranger.adopt(pid: String(repeating: "A", count: 40))
        _ = stranger.take()
        stranger.say("40" + stranger.claim(nil))
        relay.claims[1].done(nil)
        #expect(stranger.take().last?.hasPrefix("40{") == true && hall.world.count(.recoveriesFailed) == 1)
    }

    @Test
    func
        `row 79, elsewhere: who goes before the relay answers and comes again is told once of what was said meanwhile`()
    {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        let home = Hall { $0.recovery = SocketRecoverySettings() }
        let client = home.guest()
        client.stream.cut()
        let first = hall.client()
        _ = first.take()
        first.say("40" + client.claim(nil))
        let both = SocketEmission("both", offset: "both")
        home.main.perform(.emit(both), on: .of())
        hall.main.apply(.emit(both), to: .of())
        first.stream.cut()
        relay.claims[0].done(home.hub.give(relay.claims[0].claim, in: "/", bytesMax: 10_000))
        let back = hall.client()
        _ = back.take()
        let packets = back.say("40" + client.claim(nil))
        #expect(packets.dropLast() == [#"42["both","both"]"#])
        #expect(packets.last?.contains(client.id) == true)
    }
}

extension SocketEmission {
    /// An event that has an offset already.
    fileprivate init(_ name: String, offset text: String) {
        self.init(name)
        offset = SocketOffset(text: text)
    }
}
