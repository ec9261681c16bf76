import ByteKit
import Determinism
import Foundation
import HTTPCore
import JSONCore
import LobbyCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

extension World {
    /// Several loops, lobby "x" on the first, and an echo of Engine.IO on all.
    static func moving(loops: Int = 3, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> (
        World, player: PlainClient, EchoService
    ) {
        let world = World(loops: loops, adjust)
        let service = world.serveEcho()
        for other in world.servers.dropFirst() { other.endpoints = world.server.endpoints }
        let player = PlainClient(world)
        player.join()
        return (world, player, service)
    }

    /// How many connections the loops have.
    var connectionCounts: [Int] { servers.map(\.connectionCount) }
}

/// The bytes of a request.
private func request(_ method: String, _ target: String, _ fields: String..., body: String? = nil) -> [UInt8] {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: a"] + fields
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return Array(((lines + ["", ""]).joined(separator: "\r\n") + (body ?? "")).utf8)
}

/// The statuses and the bodies' first letters of all answers on a stream.
private func answers(_ stream: FakeStream) -> [String] {
    String(decoding: stream.sent, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").dropFirst().map { answer in
        let parts = answer.components(separatedBy: "\r\n\r\n")
        return "\(answer.prefix(3)) \(parts.dropFirst().joined().prefix(8))".trimmingCharacters(
            in: .whitespacesAndNewlines)
    }
}

@Suite("A request is answered on the loop that it belongs to")
struct MovingTests {
    @Test func `a session over polling is found from every loop, and each loop gives its own ids`() {
        let (world, _, service) = World.moving()
        for home in world.servers.indices {
            world.home = home
            let client = EngineClient(world)
            #expect(client.handshake.status == 200 && client.sid.utf8.count == 20)
            let before = world.count(.connectionsMoved)
            for from in world.servers.indices {
                world.home = from
                let poll = client.get()
                #expect(poll.status == nil)
                let post = client.post("4from \(from)")
                #expect(post.body == "ok" && poll.body == "4from \(from)")
                poll.stream.cut()
                post.stream.cut()
            }
            #expect(world.count(.connectionsMoved) == before + 4, "two of three times, twice")
        }
        #expect(service.received.count == 9 && service.closedCount == 0)
    }

    @Test func `a session moves to a WebSocket that came to another loop`() {
        let (world, _, service) = World.moving()
        let client = EngineClient(world)
        for home in [1, 2] {
            world.home = home
            let poll = client.get()
            let socket = client.webSocket()
            #expect(socket.status == 101 && socket.received.isEmpty && world.connectionCounts[home] == 0)
            socket.send(text: "2probe")
            #expect(socket.received == [.text("3probe")] && poll.body == "6")
            if home == 1 {
                socket.stream.cut()
                world.turn()
                continue
            }
            socket.send(text: "5")
            socket.send(text: "4hello")
            #expect(socket.received == [.text("3probe"), .text("4hello")] && service.received == ["hello"])
        }
        #expect(world.server.pollingCount == 0)
    }

    @Test func `an id that nobody has is unknown, wherever the request comes to`() {
        let (world, _, _) = World.moving()
        for home in world.servers.indices {
            world.home = home
            for letter in "ABCDEFGH" {
                let target = "/engine.io/?EIO=4&transport=polling&sid=" + String(repeating: letter, count: 20)
                let answer = world.request("GET", target)
                #expect(answer.status == 400 && answer.body == #"{"code":1,"message":"Session ID unknown"}"#)
            }
            let before = world.count(.connectionsMoved)
            for sid in ["", "x", String(repeating: "A", count: 21)] {
                let target = "/engine.io/?EIO=4&transport=polling&sid=" + sid
                #expect(world.request("GET", target).status == 400 && world.count(.connectionsMoved) == before)
            }
        }
    }

    @Test func `a lobby's state and events are told whichever loop is asked`() {
        let (world, _, _) = World.moving()
        for home in world.servers.indices {
            world.home = home
            let state = world.ask("/api/lobbies/x")
            #expect(state.status == 200 && state.json["id"] == "x")
            #expect(world.ask("/api/lobbies/x", "If-None-Match: \(state["etag"] ?? "")").status == 304)
            #expect(world.ask("/api/lobbies/y").status == 404 && world.ask("/api/lobbies/x/z").status == 404)
            let watcher = EventSource(world)
            world.steps(40)
            #expect(watcher.answer.status == 200 && watcher.ticks.count >= 2)
            watcher.stream.cut()
        }
        #expect(world.count(.connectionsMoved) == 6 && world.server.watcherCount == 0)
    }

    @Test func `a plain player comes to the lobby's loop, and plays there without a hop`() {
        let (world, local, _) = World.moving()
        world.home = 1
        let far = PlainClient(world)
        #expect(world.connectionCounts == [2, 0, 0])
        let batches = world.count(.loopBatches)
        #expect(far.join()["seat"] == 1)
        world.steps(20)
        #expect(far.snapshots.last == local.snapshots.last && world.count(.loopBatches) == batches)
        let other = PlainClient(world, lobby: "new")
        other.join()
        #expect(world.lobby("new") != nil && world.connectionCounts.reduce(0, +) == 3)
    }

    @Test func `a keep-alive connection goes from session to session, once for each request that needs it`() {
        let (world, _, service) = World.moving()
        let clients = world.servers.indices.map { home in
            world.home = home
            return EngineClient(world)
        }
        clients.forEach { $0.handshake.stream.cut() }
        let stream = world.connect()
        let counts = world.connectionCounts.reduce(0, +)
        for index in 0..<30 {
            stream.receive(request("POST", clients[index % 3].target, body: "4\(index)"))
            world.turn()
        }
        #expect(answers(stream) == Array(repeating: "200 ok", count: 30) && service.received.count == 30)
        #expect(world.count(.connectionsMoved) == 30 && world.connectionCounts.reduce(0, +) == counts)
        stream.cut()
        world.turn()
        #expect(world.connectionCounts.reduce(0, +) == counts - 1)
    }
}

@Suite("A connection moves whole")
struct MovedBytesTests {
    @Test(arguments: [false, true]) func `wherever a request is cut, its body comes whole`(_ hasTurns: Bool) {
        let (world, _, service) = World.moving(loops: 2)
        let client = EngineClient(world)
        world.home = 1
        let bytes = request("POST", client.target, body: "4the body") + request("GET", "/health")
        for cut in 0...bytes.count {
            let stream = world.connect()
            stream.receive(Array(bytes[..<cut]))
            if hasTurns { world.turn() }
            stream.receive(Array(bytes[cut...]))
            world.turn()
            #expect(answers(stream) == ["200 ok", "200 ok"], "cut at \(cut)")
            stream.cut()
        }
        #expect(service.received == Array(repeating: "the body", count: bytes.count + 1))
        #expect(world.count(.bytesIn) >= UInt64(bytes.count * bytes.count))
    }

    @Test func `byte by byte, also while the connection is on its way`() {
        let (world, _, _) = World.moving(loops: 2)
        let client = EngineClient(world)
        world.home = 1
        let stream = world.connect()
        let bytes = request("POST", client.target, body: "4abc")
        let before = world.count(.bytesIn)
        for byte in bytes {
            world.mail.stuck = [0]
            stream.receive([byte])
            world.turn()
            world.mail.stuck = []
            if byte == UInt8(ascii: "b") { world.turn() }
        }
        world.turn()
        #expect(answers(stream) == ["200 ok"] && world.count(.bytesIn) == before + UInt64(bytes.count))
    }

    @Test func `requests that were sent ahead are answered in their order, each where it belongs`() {
        let (world, _, _) = World.moving(loops: 2)
        world.home = 1
        PlainClient(world, lobby: "y").join()
        #expect(world.servers[1].lobby("y") != nil)
        let stream = world.connect()
        let targets = ["/health", "/api/lobbies/x", "/health", "/api/lobbies/y", "/api/lobbies/x", "/none"]
        stream.receive(targets.flatMap { request("GET", $0) })
        world.turn()
        #expect(
            answers(stream) == [
                "200 ok", #"200 {"id":"x"#, "200 ok", #"200 {"id":"y"#, #"200 {"id":"x"#, "404 Not Foun",
            ])
        #expect(world.count(.connectionsMoved) == 3)
    }

    @Test func `what was answered goes first: a connection whose peer does not read stays until it does`() {
        let (world, _, _) = World.moving(loops: 2)
        world.home = 1
        let stream = world.connect()
        stream.stalls = true
        stream.receive(request("GET", "/health") + request("GET", "/api/lobbies/x"))
        world.turn()
        #expect(stream.isBlocked && stream.isPaused && world.count(.connectionsMoved) == 0)
        stream.drain()
        world.turn()
        #expect(answers(stream) == ["200 ok", #"200 {"id":"x"#] && world.count(.connectionsMoved) == 1)
        stream.stalls = true
        world.home = 1
        let silent = world.connect()
        silent.stalls = true
        silent.receive(request("GET", "/health") + request("GET", "/api/lobbies/x"))
        world.run(.seconds(11))
        #expect(silent.isClosed && world.count(.slowConsumersClosed) == 1 && world.count(.connectionsMoved) == 1)
    }

    @Test func `frames that were glued to an upgrade go with it`() {
        let (world, _, _) = World.moving(loops: 2)
        world.home = 1
        let client = PlainClient(world, lobby: "nowhere")
        let stream = world.connect()
        let join = client.frame(.text, Array(#"{"event":"join","data":{"name":"Eve"}}"#.utf8))
        stream.receive(Client.request("/lobby/x") + join)
        world.turn()
        #expect(world.lobby()?.lobby.seats.takenCount == 2 && world.connectionCounts == [2, 1])
    }

    @Test func `a stream that cannot move is answered where it is`() {
        let (world, _, _) = World.moving(loops: 2)
        let client = EngineClient(world)
        world.home = 1
        world.streamsMove = false
        #expect(client.get().status == 400)
        let state = world.ask("/api/lobbies/x")
        #expect(state.status == 503 && state["retry-after"] == "1")
        #expect(PlainClient(world).join()["seat"] == 1, "as a guest")
        let stream = world.connect()
        stream.receive(request("GET", "/api/lobbies/x") + request("GET", "/health"))
        world.turn()
        #expect(answers(stream).map { $0.prefix(3) } == ["503", "200"] && world.count(.connectionsMoved) == 0)
    }
}

@Suite("What may happen while a connection moves")
struct MovingEndsTests {
    @Test func `a peer that has finished sending still gets its answer`() {
        let (world, _, _) = World.moving(loops: 2)
        for isStuck in [false, true] {
            world.home = 1
            if isStuck { world.mail.stuck = [0] }
            let stream = world.connect()
            stream.receive(request("GET", "/api/lobbies/x"))
            if isStuck { world.turn() }
            stream.end()
            world.mail.stuck = []
            world.turn()
            #expect(answers(stream) == [#"200 {"id":"x"#] && stream.isClosed)
        }
        #expect(world.connectionCounts == [1, 0])
    }

    @Test func `a peer that has gone leaves nothing on either loop, and its place is free`() {
        let (world, _, _) = World.moving(loops: 2) { $0.admission.connectionsMax = 2 }
        for _ in 0..<5 {
            world.home = 1
            world.mail.stuck = [0]
            let stream = world.connect()
            stream.receive(request("GET", "/api/lobbies/x"))
            world.turn()
            #expect(world.connectionCounts == [1, 0] && world.request("GET", "/health").status == 503)
            stream.cut()
            world.mail.stuck = []
            world.turn()
            #expect(world.connectionCounts == [1, 0])
        }
        let answer = world.request("GET", "/health")
        #expect(answer.status == 200)
    }

    @Test func `a loop that closes everything closes what still comes; one that drains answers it`() {
        let (world, player, _) = World.moving(loops: 2) { $0.admission.connectionsMax = 2 }
        world.server.drain()
        world.home = 1
        let answered = world.connect()
        answered.receive(request("GET", "/api/lobbies/x"))
        world.turn()
        #expect(answers(answered) == [#"200 {"id":"x"#])
        answered.cut()
        world.turn()
        world.mail.stuck = [0]
        let stream = world.connect()
        stream.receive(request("GET", "/api/lobbies/x"))
        world.turn()
        world.server.closeAll()
        world.mail.stuck = []
        world.turn()
        #expect(stream.isClosed && stream.sent.isEmpty && player.closeCode == 4009)
        #expect(world.connect().sent.isEmpty, "its place is free")
    }

    @Test func `nothing of a connection stays behind on the loop that it leaves`() {
        let (world, _, _) = World.moving(loops: 2)
        world.home = 1
        let stream = world.connect()
        weak let connection = stream.handler as? Connection
        #expect(connection != nil)
        stream.receive(request("GET", "/api/lobbies/x"))
        world.turn()
        #expect(connection == nil && stream.handler != nil && world.servers[1].nextWake == nil)
    }
}

@Suite("Limits of the process hold over its loops")
struct ProcessLimitTests {
    @Test func `event streams`() {
        let (world, _, _) = World.moving(loops: 2) {
            $0.watchersMax = 3
            $0.watchersPerLobbyMax = 2
        }
        world.home = 1
        PlainClient(world, lobby: "y").join()
        #expect(world.servers.map(\.lobbies.count) == [1, 1])
        let statuses = ["x", "y", "x", "y"].map { EventSource(world, "/api/lobbies/\($0)/events").answer.status }
        #expect(statuses == [200, 200, 200, 503] && world.servers.map(\.watcherCount) == [3, 3])
    }

    @Test func `an event stream that is only asked for by HEAD is not counted`() {
        let (world, _, _) = World.moving(loops: 2) { $0.watchersMax = 1 }
        world.home = 1
        for _ in 0..<3 { #expect(world.ask("/api/lobbies/x/events", method: "HEAD").status == 200) }
        #expect(world.server.watcherCount == 0)
    }

    @Test func `sessions on polling, of one address and in all`() {
        let (world, _, _) = World.moving(loops: 2) { $0.admission.connectionsPerAddressMax = 5 }
        let statuses = (0..<8).map { index in
            world.home = index % 2
            let client = EngineClient(world, peer: PeerAddress(ipv4: 0x0A00_0001, port: 1))
            client.handshake.stream.cut()
            return client.handshake.status
        }
        #expect(statuses == [200, 200, 200, 200, 200, 503, 503, 503] && world.servers[1].pollingCount == 5)
        world.run(.seconds(46))
        #expect(world.server.pollingCount == 0)
    }
}
