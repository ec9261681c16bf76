import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing
import WebSocketCore

/// What somebody sends who has no seat.
struct Approach: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Sends it, and tells how many bytes went in and came out.
    let run: @Sendable (World) -> (sent: Int, answered: Int)

    /// On a WebSocket of a lobby's own.
    static func plain(_ what: String, _ say: @escaping @Sendable (PlainClient) -> [[UInt8]]) -> Approach {
        Approach(testDescription: what) { world in
            let client = PlainClient(world)
            let before = Client.request("/lobby/x").count
            let frames = say(client)
            for frame in frames {
                client.stream.receive(frame)
                world.turn()
            }
            return (before + frames.reduce(0) { $0 + $1.count }, client.stream.sent.count)
        }
    }

    /// On a WebSocket of Socket.IO.
    static func socket(_ what: String, _ texts: [String]) -> Approach {
        Approach(testDescription: what) { world in
            let client = SocketClient(world)
            var sent = Client.request("/socket.io/?EIO=4&transport=websocket").count
            for text in texts {
                let frame = client.frame(.text, Array(text.utf8))
                sent += frame.count
                client.stream.receive(frame)
                world.turn()
            }
            return (sent, client.stream.sent.count)
        }
    }

    static func bytes(_ what: String, _ text: String) -> Approach {
        Approach(testDescription: what) { world in
            let stream = world.connect()
            stream.receive(Array(text.utf8))
            world.turn()
            world.run(.seconds(30))
            return (text.utf8.count, stream.sent.count)
        }
    }

    static let all: [Approach] = [
        bytes("nothing", ""),
        bytes("half a head", "GET /lobby/x HTTP/1.1\r\nHost: a\r\n"),
        bytes("no HTTP", "\u{16}\u{03}\u{01}hello"),
        bytes("a lobby's address without an upgrade", "GET /lobby/x HTTP/1.1\r\nHost: a\r\n\r\n"),
        bytes("the list of lobbies", "GET /api/lobbies HTTP/1.1\r\nHost: a\r\n\r\n"),
        bytes("a hundred requests at once", String(repeating: "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", count: 100)),
        bytes("a handshake of long polling", "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n"),
        plain("an upgrade and silence") { _ in [] },
        plain("a thousand pings") { client in (0..<1_000).map { _ in client.frame(.ping, [1, 2, 3]) } },
        plain("an event before the join") { [$0.frame(.text, Array(#"{"event":"chat"}"#.utf8))] },
        plain("a join that is refused") { [$0.frame(.text, Array(#"{"event":"join","data":{"game":"no"}}"#.utf8))] },
        plain("a keyframe request before the join") { [$0.frame(.binary, [10, 0])] },
        socket("an engine session and silence", []),
        socket("a hundred CONNECTs to what is not there", (0..<100).map { "40/lobby/~no\($0)," }),
        socket("fifty CONNECTs that are refused", (0..<50).map { "40/lobby/l\($0),{\"game\":\"no\"}" }),
        socket("an admin's login that is none", [#"40/admin,{"username":"a","password":"b"}"#]),
    ]
}

@Suite("What comes out for what goes in (abuse G-09)")
struct AmplificationTests {
    @Test(arguments: Approach.all)
    func `before a join the server says 2 KiB at most, or where it answers each of many, four times what it was told`(
        _ approach: Approach
    ) {
        let (sent, answered) = approach.run(World())
        #expect(answered <= max(2_048, 4 * sent), "\(answered) for \(sent)")
    }

    @Test func `after it, what goes out depends on the lobby, and not on what is asked`() {
        let world = World()
        let (quiet, loud) = (PlainClient(world), PlainClient(world))
        quiet.join()
        loud.join()
        quiet.emit("keyframe")
        world.steps(5)
        let before = (quiet.stream.sent.count, loud.stream.sent.count)
        for _ in 0..<200 {
            for _ in 0..<3 { loud.emit("time") }
            loud.emit("keyframe")
            world.steps(1)
        }
        let (told, more) = (quiet.stream.sent.count - before.0, loud.stream.sent.count - before.1)
        #expect(more <= told + 2 * 1_024, "two keyframes in ten seconds: \(more) beside \(told)")
        #expect(more <= 10 * 65_536)
    }

    @Test func `there are sixteen of them`() { #expect(Approach.all.count == 16) }
}
