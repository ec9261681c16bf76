import Determinism
import JSONCore
import ServerCore
import Testing
import WebSocketCore

@Suite("Deadlines of what is unfinished (docs/limits.md)")
struct DeadlineTests {
    @Test
    func `a message not finished fifteen seconds after its first byte ends the connection, whatever comes between`() {
        let world = World()
        let client = PlainClient(world)
        client.join()
        var start = client.frame(.text, Array("{".utf8))
        start[0] &= 0x7F
        client.stream.receive(start)
        for _ in 0..<14 {
            world.run(.seconds(1))
            var more = client.frame(.continuation, Array(" ".utf8))
            more[0] &= 0x7F
            client.stream.receive(more)
        }
        #expect(client.closeCode == nil)
        world.run(.seconds(2))
        #expect(client.closeCode == 4002)
    }

    @Test func `attachments that do not come end the connection after fifteen seconds`() {
        let world = World()
        let client = SocketClient(world)
        client.join()
        client.send(text: #"451-/lobby/x,["input",{"_placeholder":true,"num":0}]"#)
        world.run(.seconds(14))
        #expect(client.closeCode == nil)
        world.run(.seconds(2))
        #expect(client.closeCode == 4002)
    }

    @Test func `a join hook that never answers holds a connection no longer than the time to join`() {
        var hooks = ServerHooks()
        hooks.authorize = { _, _ in }
        let world = World(hooks: hooks)
        let client = PlainClient(world)
        client.emit("join", ["name": "Ann"])
        world.run(.milliseconds(9_900))
        #expect(client.closeCode == nil)
        world.run(.milliseconds(200))
        #expect(client.closeCode == 4001)
        #expect(world.count(.joinTimeouts) == 1)
    }
}
