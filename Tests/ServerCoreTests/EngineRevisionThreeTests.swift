import Determinism
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

@Suite("Engine.IO revision 3 (protocol/spec/socketio.md §12)")
struct EngineRevisionThreeTests {
    let world = World()

    private func serve() -> EchoService { world.serveEcho(EnginePolicy(allowsRevision3: true)) }

    @Test func `payloads are counted in UTF-16 code units, both ways`() {
        let service = serve()
        let client = EngineClient(world, "EIO=3")
        let open = client.handshake.body
        #expect(open.hasPrefix("\(open.utf16.count - 4):0{\"sid\":") || open.hasPrefix("\(open.utf16.count - 3):0{"))
        #expect(client.post("3:4é€5:4🎮xy").status == 200 && service.received == ["é€", "🎮xy"])
        #expect(client.get().body == "3:4é€5:4🎮xy")
    }

    @Test func `without a revision it is 3`() {
        _ = serve()
        #expect(EngineClient(world, "t=1").handshake.status == 200)
    }

    @Test func `a binary message makes an answer bytes, both ways`() {
        let service = serve()
        let client = EngineClient(world, "EIO=3")
        let payload: [UInt8] = [0, 2, 255, 0x34, 0x61, 1, 3, 255, 4, 7, 8]
        #expect(client.post(bytes: payload).body == "ok" && service.received == ["a", "[7, 8]"])
        let poll = client.get()
        #expect(poll.bytes == payload && poll.fields.first == "Content-Type: application/octet-stream")
    }

    @Test func `a client that takes text alone gets base64, over polling and after its move`() {
        let service = serve()
        let client = EngineClient(world, "EIO=3&b64=1")
        #expect(client.post("6:b4AQI=").body == "ok" && service.received == ["[1, 2]"])
        #expect(client.get().body == "6:b4AQI=")
        let socket = client.webSocket()
        socket.send(text: "2probe")
        socket.send(text: "5")
        socket.send(text: "b4Bw==")
        #expect(socket.received.last == .text("b4Bw==") && service.received.last == "[7]")
    }

    @Test func `a binary message of a WebSocket begins with its type`() {
        let service = serve()
        let socket = Client(world, "/engine.io/?EIO=3&transport=websocket")
        socket.send(.binary, [4, 9])
        #expect(socket.received.last == .binary([4, 9]) && service.received == ["[9]"])
        service.sessions[0].send(MessageFrames(binary: [5, 6].span))
        world.turn()
        #expect(socket.received.last == .binary([4, 5, 6]))
        socket.send(.binary, [9])
        #expect(socket.closeCode == 4002)
    }

    @Test func `base64 for revision 4, when it was asked for over a WebSocket`() {
        _ = world.serveEcho()
        let socket = Client(world, "/engine.io/?EIO=4&transport=websocket&b64=1")
        socket.send(.binary, [1, 2])
        #expect(socket.received.last == .text("bAQI="))
    }

    @Test func `the client pings and the server answers, until no ping comes`() {
        let service = serve()
        let client = EngineClient(world, "EIO=3")
        let poll = client.get()
        world.run(.seconds(40))
        #expect(poll.status == nil, "the server does not ping")
        #expect(client.post("6:2hello").body == "ok" && poll.body == "6:3hello")
        let last = client.get()
        world.run(.milliseconds(44_900))
        #expect(last.status == nil)
        world.run(.milliseconds(200))
        #expect(last.body == "1:1" && service.closedCount == 1)
    }

    @Test func `a pong of the client comes from the wrong side`() {
        _ = serve()
        let client = EngineClient(world, "EIO=3")
        #expect(client.post("1:3").status == 400 && client.isForgotten)
    }

    @Test func `JSONP answers with a script and takes a form`() {
        let service = serve()
        let client = EngineClient(world, "EIO=3&j=4")
        #expect(client.handshake.body.hasPrefix("___eio[4](\"") && client.handshake.body.hasSuffix("\");"))
        #expect(client.handshake.fields.first == "Content-Type: text/javascript; charset=UTF-8")
        #expect(client.post("d=4%3A4a%22b", "Content-Type: application/x-www-form-urlencoded").body == "ok")
        #expect(service.received == ["a\"b"])
        #expect(client.get().body == "___eio[4](\"4:4a\\\"b\");")
        #expect(client.post("x=1").status == 400 && client.isForgotten)
    }
}
