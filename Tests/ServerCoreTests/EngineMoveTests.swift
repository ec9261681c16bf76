import Determinism
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Engine.IO moves from polling to a WebSocket (protocol/spec/socketio.md §8)")
struct EngineMoveTests {
    let world = World()

    @Test func `the whole move: a noop ends the poll, and what waits goes over the WebSocket`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        let socket = client.webSocket()
        #expect(socket.status == 101 && socket.received.isEmpty && poll.status == nil)
        socket.send(text: "2probe")
        #expect(socket.received == [.text("3probe")] && poll.body == "6")
        service.send("waits")
        socket.send(text: "5")
        #expect(socket.received == [.text("3probe"), .text("4waits")])
        socket.send(text: "4hello")
        socket.send(.binary, [7])
        #expect(socket.received.suffix(2) == [.text("4hello"), .binary([7])])
        #expect(client.get().body == #"{"code":3,"message":"Bad request"}"# && world.server.pollingCount == 0)
        #expect(client.post("4x").status == 400 && service.received == ["hello", "[7]"] && service.closedCount == 0)
        world.run(.milliseconds(25_100))
        #expect(socket.received.last == .text("2"), "the heartbeat has moved, too")
    }

    @Test func `a GET that comes after the probe gets what there is, or a noop`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        #expect(client.get().body == "6")
        service.send("a")
        #expect(client.get().body == "4a")
    }

    @Test func `a poll that still waits when the session has moved gets a noop`() {
        _ = world.serveEcho()
        let client = EngineClient(world)
        let poll = client.get()
        let socket = client.webSocket()
        socket.stream.receive(socket.frame(.text, Array("2probe".utf8)) + socket.frame(.text, Array("5".utf8)))
        world.turn()
        #expect(poll.body == "6" && socket.received == [.text("3probe")])
    }

    @Test(arguments: ["5", "2", "3probe", "4x", "6", "1", "x", "", "2probe5"])
    func `anything but the probe cancels, and the session goes on`(_ text: String) {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        socket.send(text: text)
        #expect(socket.received == [.close(nil, "")])
        let poll = client.get()
        service.send("still here")
        world.turn()
        #expect(poll.body == "4still here" && service.closedCount == 0)
        #expect(client.webSocket().status == 101, "and it may try again")
    }

    @Test(arguments: ["2probe", "4x", "6"])
    func `anything but the upgrade after the probe cancels, too`(_ text: String) {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        socket.send(text: text)
        #expect(socket.received.last == .close(nil, ""))
        let poll = client.get()
        #expect(poll.status == nil && service.received.isEmpty, "polls wait again")
    }

    @Test func `a binary message cancels`() {
        _ = world.serveEcho()
        let socket = EngineClient(world).webSocket()
        socket.send(.binary, [1])
        #expect(socket.received == [.close(nil, "")])
    }

    @Test func `ten seconds are the end of a try`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        world.run(.milliseconds(10_100))
        #expect(socket.received.last == .close(nil, "") && client.get().status == nil && service.closedCount == 0)
    }

    @Test func `a second WebSocket is closed without a code, while one is tried and after the move`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        #expect(client.webSocket().received == [.close(nil, "")])
        socket.send(text: "2probe")
        #expect(client.webSocket().received == [.close(nil, "")])
        socket.send(text: "5")
        #expect(client.webSocket().received == [.close(nil, "")])
        socket.send(text: "4x")
        #expect(socket.received == [.text("3probe"), .text("4x")] && service.closedCount == 0)
    }

    @Test func `a session that ends while a WebSocket is tried takes it along`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        _ = client.post("1")
        world.turn()
        #expect(socket.received.last == .close(nil, "") && service.closedCount == 1 && client.isForgotten)
    }

    @Test func `the end of the WebSocket after the move is the end of the session`() {
        let service = world.serveEcho()
        let client = EngineClient(world)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        socket.send(text: "5")
        socket.stream.cut()
        #expect(service.closedCount == 1 && client.isForgotten)
    }

    // MARK: Every order of events (E-08)

    /// What may happen between the handshake and the end, in some order.
    private enum Step: String, CaseIterable {
        case open, probe, upgrade, get, say, post
    }

    /// What happened in one order of steps.
    private struct Outcome {
        var got: [String] = []
        var said: [String] = []
        var posted: [String] = []
        var taken: [String] = []
        var order: String
    }

    /// All orders in which the three steps of the move keep theirs, and the others come anywhere.
    private static let orders: [[Step]] = {
        func mix(_ left: [Step], _ right: [Step]) -> [[Step]] {
            guard let first = left.first else { return [right] }
            guard let other = right.first else { return [left] }
            return mix(Array(left.dropFirst()), right).map { [first] + $0 }
                + mix(left, Array(right.dropFirst())).map { [other] + $0 }
        }
        let rest: [[Step]] = [[.get, .say, .say], [.say, .get, .say], [.say, .post, .get], [.post, .say, .get]]
        return rest.flatMap { mix([.open, .probe, .upgrade], $0) }
    }()

    /// Runs one order; the peer cuts its WebSocket before the step of number `cut`.
    private func run(_ order: [Step], cut: Int?) -> Outcome {
        let world = World()
        let service = world.serveEcho()
        service.echoes = false
        let client = EngineClient(world)
        var outcome = Outcome(order: "\(order.map(\.rawValue)), cut \(cut ?? -1)")
        var socket: Client?
        var polls: [WebExchange] = []
        var isCut = false
        for (number, step) in order.enumerated() {
            if number == cut {
                socket?.stream.cut()
                world.turn()
                isCut = true
            }
            switch step {
            case .open: socket = isCut ? nil : client.webSocket()
            case .probe: if !isCut { socket?.send(text: "2probe") }
            case .upgrade: if !isCut { socket?.send(text: "5") }
            case .get: polls.append(client.get())
            case .say:
                outcome.said.append("4s\(outcome.said.count)")
                service.send("s\(outcome.said.count - 1)")
                world.turn()
            case .post:
                let text = "p\(outcome.posted.count)"
                if client.post("4" + text).status == 200 { outcome.posted.append(text) }
            }
        }
        // A client polls until nothing is left, unless a GET of its own still waits, or it has moved.
        for _ in 0..<4 where polls.last?.status != nil || polls.isEmpty { polls.append(client.get()) }
        for poll in polls where poll.status == 200 {
            outcome.got += poll.body.split(separator: "\u{1E}").map(String.init)
        }
        for case .text(let text) in socket?.received ?? [] { outcome.got.append(text) }
        outcome.got.removeAll { $0 == "6" || $0 == "3probe" }
        outcome.taken = service.received
        return outcome
    }

    @Test func `in whatever order things happen, each message arrives once, in its order`() {
        #expect(Self.orders.count == 80)
        for order in Self.orders {
            let outcome = run(order, cut: nil)
            #expect(outcome.got == outcome.said, "\(outcome.order)")
            #expect(outcome.taken == outcome.posted, "\(outcome.order)")
        }
    }

    @Test func `wherever the WebSocket breaks, nothing is lost before the move and nothing doubled after it`() {
        for order in Self.orders {
            for cut in order.indices {
                let outcome = run(order, cut: cut)
                let hasMoved = order.prefix(cut).contains(.upgrade)
                #expect(outcome.taken == outcome.posted, "\(outcome.order)")
                if hasMoved {
                    #expect(outcome.got == Array(outcome.said.prefix(outcome.got.count)), "\(outcome.order)")
                } else {
                    #expect(outcome.got == outcome.said, "\(outcome.order)")
                }
            }
        }
    }

    // MARK: The game

    @Test func `a player joins over polling and moves in the middle of the game`() throws {
        let world = World()
        let client = EngineClient(world, path: "/socket.io/")
        _ = client.post("40/lobby/x,{}")
        #expect(client.get().body.hasPrefix("40/lobby/x,"))
        var snapshots: [[UInt8]] = []
        func take(_ poll: WebExchange) {
            for packet in poll.body.split(separator: "\u{1E}") where packet.first == "b" {
                snapshots.append(Self.bytes(packet.dropFirst()))
            }
        }
        for _ in 0..<5 {
            let poll = client.get()
            world.steps(1)
            take(poll)
        }
        #expect(snapshots.count >= 5)
        let socket = client.webSocket()
        socket.send(text: "2probe")
        take(client.get())
        world.steps(3)
        socket.send(text: "5")
        world.steps(2)
        for case .binary(let bytes) in socket.received { snapshots.append(bytes) }
        let kinds = snapshots.map(kind)
        #expect(kinds.first?.hasPrefix("key") == true)
        for (before, after) in zip(kinds, kinds.dropFirst()) {
            #expect(after.hasSuffix(" from \(before.split(separator: " ")[before.hasPrefix("key") ? 1 : 0])"))
        }
    }

    private static func bytes(_ base64: Substring) -> [UInt8] {
        let packet = Array("b\(base64)".utf8)
        do {
            return try EnginePayload.message(ofBase64: packet.span, .four, bytesMax: 100_000)
        } catch {
            Issue.record("\(error)")
            return []
        }
    }
}
