import ByteKit
import Determinism
import ServerCore
import Testing
import WebSocketCore

@Suite("Compressed messages: the work and the memory that they may take (D-06, D-09)")
struct CompressionTests {
    private static let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    /// What the server's defaults agree to.
    private static let agreement = PermessageDeflate.Agreement(
        serverNoContextTakeover: true, clientNoContextTakeover: true)

    /// A player that has offered compression.
    private func player(_ world: World, lobby: String = "x") -> PlainClient {
        let client = PlainClient(world, lobby: lobby, fields: Self.offer)
        client.join()
        return client
    }

    private func isCompressed(_ client: Client) -> Bool {
        String(decoding: client.stream.sent, as: UTF8.self).contains("permessage-deflate")
    }

    /// A request of the plain dialect, as one compressed frame that becomes `count` bytes.
    private func request(becoming count: Int) -> [UInt8] {
        let text = Array(#"{"event":"keyframe","id":1}"#.utf8)
        let padded = text + [UInt8](repeating: 0x20, count: count - text.count)
        var frame: [UInt8] = []
        MessageDeflater(Self.agreement, role: .client, pool: DeflatePool(), threshold: 1)
            .append(.text, padded.span, to: &frame, mask: 0x0102_0304)
        return frame
    }

    private func send(_ bytes: [UInt8], by client: PlainClient) {
        client.stream.receive(bytes)
        client.world.turn()
        client.read()
    }

    private func world(perSecond: Int) -> World {
        World {
            $0.compressesMessages = true
            $0.inflatedBytesPerSecond = perSecond
            $0.messagesPerSecond = 100_000
        }
    }

    @Test func `a stream of bombs is closed with 4008 once its second's worth is used up`() {
        let world = world(perSecond: 1_000_000)
        let client = player(world)
        let bomb = request(becoming: 50_000)
        #expect(isCompressed(client) && bomb.count < 150)
        for _ in 0..<19 { send(bomb, by: client) }
        #expect(client.closeCode == nil && client.acks.count == 19)
        send(bomb, by: client)
        #expect(client.closeCode == 4_008 && client.acks.count == 19)
        #expect(world.count(.inflatesRateLimited) == 1 && world.count(.messagesMalformed) == 0)
    }

    @Test func `all of it in one read does not get further`() {
        let world = world(perSecond: 1_000_000)
        let client = player(world)
        send((0..<500).flatMap { _ in request(becoming: 50_000) }, by: client)
        #expect(client.closeCode == 4_008 && client.acks.count == 19)
    }

    @Test func `tiny messages are charged for being messages`() {
        let world = world(perSecond: 65_536)
        let client = player(world)
        let tiny = request(becoming: 60)
        #expect(tiny.count < 60 && tiny[0] == 0xC1)
        for _ in 0..<300 where client.closeCode == nil { send(tiny, by: client) }
        #expect(client.closeCode == 4_008 && (150...230).contains(client.acks.count))
    }

    @Test func `the same at the rate that is allowed goes on for ever, and plain messages are not charged`() {
        let world = world(perSecond: 1_000_000)
        let client = player(world)
        let bomb = request(becoming: 50_000)
        for _ in 0..<400 {
            send(bomb, by: client)
            world.run(.milliseconds(51))
            client.read()
        }
        #expect(client.closeCode == nil && world.count(.inflatesRateLimited) == 0)
        let plain = PlainClient(world)
        plain.join()
        let text = Array(#"{"event":"keyframe"}"#.utf8) + [UInt8](repeating: 0x20, count: 50_000)
        for _ in 0..<100 { plain.send(.text, text) }
        #expect(plain.closeCode == nil)
    }

    @Test func `where the contexts do not fit, compression is not agreed to, and nothing else changes`() {
        let world = World {
            $0.compressesMessages = true
            $0.compressionBytesMax = 100_000
        }
        let clients = (0..<3).map { _ in player(world) }
        #expect(clients.map(isCompressed) == [true, true, false] && world.count(.compressionsDeclined) == 1)
        for client in clients { #expect(client.event("joined") != nil && client.closeCode == nil) }
        clients[0].stream.cut()
        world.turn()
        #expect(isCompressed(player(world)) && !isCompressed(player(world)), "what has ended makes room")
        #expect(world.count(.compressionsDeclined) == 2)
    }

    @Test func `the memory is shared out among the loops`() {
        let world = World(loops: 2) {
            $0.compressesMessages = true
            $0.compressionBytesMax = 100_000
        }
        // A player speaks on the loop of the lobby, and one that opens a lobby where it came in.
        let found = [0, 1, 0, 1].map { loop in
            world.home = loop
            return isCompressed(player(world, lobby: "of-\(loop)"))
        }
        #expect(found == [true, true, false, false])
    }
}
