import ByteKit
import Determinism
import JSONCore
import LobbyCore
import ServerCore
import Testing
import WebSocketCore

/// Addresses that count, each a different one.
private func address(_ number: Int) -> PeerAddress { PeerAddress(ipv4: 0xCB00_7100 + UInt32(number), port: 40_000) }

@Suite("One address and many lobbies (abuse G-11)")
struct LobbyFloodTests {
    /// Opens lobbies by joining them, each on a connection of its own; the codes of those that were closed.
    private func open(_ count: Int, from peer: PeerAddress, in world: World, first: Int = 0) -> [UInt16] {
        (first..<first + count).compactMap { index in
            let client = PlainClient(world, lobby: "l\(index)", peer: peer)
            client.join()
            return client.closeCode
        }
    }

    /// Asks for the list of lobbies.
    private func list(_ world: World, from peer: PeerAddress) -> Answer {
        let stream = world.connect(from: peer)
        stream.receive(Array("GET /api/lobbies HTTP/1.1\r\nHost: muster.test:7777\r\n\r\n".utf8))
        world.turn()
        defer { stream.cut() }
        return Answer(stream.sent)
    }

    @Test func `at most five lobbies are open because of one address, and another may open more`() {
        let world = World { $0.admission.openingRate = AdmissionRate(perSecond: 100, burst: 100) }
        #expect(open(8, from: address(1), in: world) == [4008, 4008, 4008] && world.server.lobbies.count == 5)
        #expect(open(2, from: address(2), in: world, first: 20).isEmpty)
        #expect(world.count(.openingsRefused) == 3)
    }

    @Test func `a lobby that has closed counts no more`() {
        let world = World { settings in
            settings.admission.openingRate = AdmissionRate(perSecond: 100, burst: 100)
            settings.emptyLobbyTime = .seconds(1)
        }
        var clients: [PlainClient] = []
        for index in 0..<5 {
            clients.append(PlainClient(world, lobby: "l\(index)", peer: address(1)))
            clients[index].join()
        }
        for client in clients { client.emit("leave") }
        #expect(open(1, from: address(1), in: world, first: 9) == [4008], "they are still open")
        world.run(.seconds(2))
        #expect(world.server.lobbies.isEmpty && open(6, from: address(1), in: world, first: 10) == [4008])
    }

    @Test func `five at once and one every five seconds, by whatever way`() {
        let world = World { $0.admission.lobbiesPerAddressMax = 1_000 }
        #expect(open(4, from: address(1), in: world).isEmpty)
        #expect(world.post("/api/lobbies", ["game": "probe"], from: address(1)).status == 201)
        #expect(world.post("/api/lobbies", ["game": "probe"], from: address(1)).status == 429)
        #expect(open(1, from: address(1), in: world, first: 10) == [4008])
        world.run(.seconds(5))
        #expect(open(2, from: address(1), in: world, first: 11) == [4008])
    }

    @Test func `who is over the limit may still join what is there`() {
        let world = World()
        _ = open(8, from: address(1), in: world)
        let client = PlainClient(world, lobby: "l0", peer: address(1))
        #expect(client.join()["seat"] == 1)
    }

    @Test func `the count is one for all loops`() {
        let world = World(loops: 3) { $0.admission.openingRate = AdmissionRate(perSecond: 100, burst: 100) }
        world.streamsMove = false
        var refused = 0
        for index in 0..<9 {
            world.home = index % 3
            refused += open(1, from: address(1), in: world, first: index).count
        }
        #expect(refused == 4 && world.servers.map(\.lobbies.count).reduce(0, +) == 5)
    }

    @Test func `a game that cannot start is nobody's lobby`() {
        let world = World { $0.admission.openingRate = AdmissionRate(perSecond: 100, burst: 100) }
        for index in 0..<9 {
            let client = PlainClient(world, lobby: "l\(index)", peer: address(1))
            client.join(["options": ["refuse": true]])
            #expect(client.closeCode == 4000)
        }
        #expect(open(5, from: address(1), in: world).isEmpty)
    }

    @Test func `a hundred addresses that open without end have five lobbies each`() {
        let world = World { settings in
            settings.admission.connectionsPerAddressMax = 1_000
            settings.admission.addressRate = AdmissionRate(perSecond: 1_000_000, burst: 1_000_000)
            settings.admission.processRate = AdmissionRate(perSecond: 1_000_000, burst: 1_000_000)
            settings.admission.openingRate = AdmissionRate(perSecond: 1_000_000, burst: 1_000_000)
        }
        for index in 0..<2_000 {
            _ = world.post("/api/lobbies", ["game": "probe"], from: address(index % 100))
        }
        #expect(world.server.lobbies.count == 500)
        let rows = world.ask("/api/lobbies").json.array
        #expect(rows?.count == 50)
    }

    @Test func `one list a second, after five`() {
        let world = World()
        let answers = (0..<8).map { _ in list(world, from: address(1)).status }
        #expect(answers == [200, 200, 200, 200, 200, 429, 429, 429] && world.count(.listsRefused) == 3)
        #expect(list(world, from: address(2)).status == 200)
        world.run(.seconds(1))
        #expect(list(world, from: address(1)).status == 200)
        #expect(list(world, from: address(1)).status == 429)
        let socket = SocketClient(world, peer: address(3))
        socket.send(text: "40")
        for id in 0..<6 { socket.emit("lobbies", .null, in: "/", id: id) }
        #expect(socket.ack(4) == [] && socket.ack(5)?["error"] != nil)
    }

    @Test func `ids and names are cut to what others can be shown`() {
        let world = World()
        #expect(PlainClient(world, lobby: String(repeating: "a", count: 65)).status == 404)
        let client = PlainClient(world, lobby: String(repeating: "a", count: 64))
        #expect(client.join(["name": .string(String(repeating: "n", count: 99))])["name"]?.string?.count == 32)
    }

    @Test func `an empty lobby is gone after half a minute`() {
        let world = World()
        _ = world.post("/api/lobbies", ["game": "probe", "id": "x"], from: address(1))
        world.run(.seconds(29))
        #expect(world.lobby() != nil)
        world.run(.seconds(2))
        #expect(world.lobby() == nil)
    }
}

@Suite("One address that comes and goes (abuse G-12)")
struct JoinFloodTests {
    @Test func `joins have a rate of their own, and leaving gives nothing back`() {
        let world = World()
        PlainClient(world).join()
        let socket = SocketClient(world, peer: address(1))
        var seats = 0
        for index in 0..<50 {
            let lobby = "/lobby/x"
            socket.send(text: "40\(lobby),")
            if socket.words(lobby).last == "connect_error" { continue }
            seats += 1
            socket.emit("leave", .null, in: lobby, id: index)
        }
        #expect(seats == 20 && world.count(.joinsRateLimited) == 30)
        #expect(socket.refusal()?["data"]?["code"] == 4008 && world.lobby()?.lobby.seats.takenCount == 1)
        world.run(.seconds(1))
        for _ in 0..<3 {
            socket.send(text: "40/lobby/x,")
            socket.emit("leave")
        }
        #expect(world.count(.joinsRateLimited) == 31, "two a second")
    }

    @Test func `two sockets of one address have one allowance, another address its own`() {
        let world = World { $0.admission.joinRate = AdmissionRate(perSecond: 1, burst: 3) }
        PlainClient(world).join()
        let sockets = (0..<2).map { _ in SocketClient(world, peer: address(1)) }
        for _ in 0..<2 {
            for socket in sockets {
                socket.join()
                socket.emit("leave")
            }
        }
        #expect(world.count(.joinsRateLimited) == 1)
        let other = SocketClient(world, peer: address(2))
        #expect(other.join()["seat"] != nil)
    }

    @Test func `who comes back to its seat is not counted`() throws {
        let world = World { $0.admission.joinRate = AdmissionRate(perSecond: 1, burst: 1) }
        PlainClient(world).join()
        var token: JSONValue = .null
        for _ in 0..<10 {
            let client = PlainClient(world, peer: address(1))
            token = try #require(client.join(["token": token])["token"])
            client.emit("keyframe")
            client.stream.cut()
        }
        #expect(world.count(.joinsRateLimited) == 0)
    }

    @Test func `waiting for a match and taking it back fifty times is joining, too`() {
        let world = Stage.world()
        let socket = SocketClient(world, peer: address(1))
        for _ in 0..<50 {
            socket.send(text: "40/lobby/~match," + #"{"match":{"players":2}}"#)
            guard socket.words("/lobby/~match").last == "queued" else { continue }
            socket.send(text: "41/lobby/~match,")
        }
        #expect(world.count(.queueEntered) == 20 && world.count(.joinsRateLimited) == 30)
        #expect(world.count(.queueEntered) == world.count(.queueLeft))
    }

    @Test func `joining twenty lobbies ends at the namespaces and at the lobbies of one address`() {
        let world = World { $0.admission.openingRate = AdmissionRate(perSecond: 100, burst: 100) }
        let socket = SocketClient(world, peer: address(1))
        for index in 0..<20 { socket.join("l\(index)") }
        #expect(world.server.lobbies.count == 5 && socket.closeCode == nil)
    }

    @Test func `seats are exact whatever order joins and leaves come in`() {
        let world = World { $0.admission.joinRate = AdmissionRate(perSecond: 1_000, burst: 1_000) }
        PlainClient(world).join()
        var random = SeededRandom(seed: 12)
        let sockets = (0..<3).map { SocketClient(world, peer: address($0)) }
        var isIn = [false, false, false]
        for _ in 0..<400 {
            let index = random.int(in: 0...2)
            let socket = sockets[index]
            // Joins behind leaves and leaves behind joins, in one read.
            var bytes: [UInt8] = []
            for _ in 0...random.int(in: 0...2) {
                bytes += socket.frame(.text, Array((isIn[index] ? "41/lobby/x," : "40/lobby/x,").utf8))
                isIn[index].toggle()
            }
            socket.stream.receive(bytes)
            world.turn()
            #expect(socket.closeCode == nil)
            let seats = world.lobby()?.lobby.seats
            #expect(seats?.takenCount == 1 + isIn.count { $0 } && seats?.connectedCount == seats?.takenCount)
        }
    }
}

@Suite("One player, whatever its address (abuse G-11, G-12)")
struct IdentityFloodTests {
    private func refused(_ world: World, _ number: Int, lobby: String, who: JSONValue = "ann") -> UInt16? {
        let client = PlainClient(world, lobby: lobby, peer: address(number))
        client.join(["who": who])
        return client.closeCode
    }

    @Test(arguments: [1, 2])
    func `two lobbies are open because of one player, and when one closes there may be another`(_ loops: Int) {
        let world = Known.world(loops: loops)
        var codes: [UInt16?] = []
        for number in 0..<4 {
            world.home = number % loops
            codes.append(refused(world, number, lobby: "l\(number)"))
            world.run(.seconds(6))
        }
        #expect(codes == [nil, nil, 4008, 4008] && world.count(.openingsRefused) == 2)
        #expect(refused(world, 9, lobby: "l9", who: "bob") == nil, "another player's are its own")
        world.lobby("l0")?.close("over")
        world.run(.seconds(6))
        #expect(refused(world, 5, lobby: "l5") == nil)
    }

    @Test func `two lobbies at once, and one each five seconds, however soon they close`() {
        let world = Known.world()
        var opened = 0
        for number in 0..<20 {
            if refused(world, number, lobby: "l\(number)") == nil { opened += 1 }
            world.lobby("l\(number)")?.close("over")
            world.run(.seconds(1))
        }
        #expect((5...6).contains(opened), "\(opened) in 20 s")
    }

    @Test(arguments: [1, 2])
    func `three seats at once and one a second, and leaving gives nothing back`(_ loops: Int) throws {
        let world = Known.world(loops: loops)
        PlainClient(world).join(["who": "root"])
        world.home = loops - 1
        var (seated, tokens) = (0, [JSONValue]())
        for number in 0..<40 {
            let client = PlainClient(world, peer: address(number))
            let joined = client.join(["who": "ann"])
            if joined != .null { seated += 1 }
            if number == 0 { tokens.append(joined["token"] ?? .null) } else { client.emit("leave") }
            world.run(.milliseconds(100))
        }
        #expect((6...7).contains(seated), "\(seated) in 4 s")
        #expect(world.count(.joinsRateLimited) == UInt64(40 - seated))
        let back = PlainClient(world, peer: address(50))
        #expect(back.join(["who": "ann", "token": try #require(tokens.first)])["resumed"] == true)
        #expect(world.lobby()?.lobby.seats.takenCount == 2)
    }

    @Test func `guests have their addresses' limits alone`() {
        let world = Known.world()
        for number in 0..<5 { #expect(refused(world, number, lobby: "l\(number)", who: .null) == nil) }
    }
}
