import ByteKit
import Determinism
import Testing

@testable import Redis

@Suite("A connection to Redis (reference: reliability R-02)")
struct RedisLinkTests {
    let scene = RedisScene()

    /// A client whose two connections are ready: that for commands, and that which subscribes.
    private func ready(_ server: RedisServer = RedisServer(host: "r")) -> (RedisClient, FakeStream, FakeStream) {
        let client = RedisClient(server, scene.world)
        client.start()
        for stream in scene.streams { stream.receive("+PONG\r\n") }
        for stream in scene.streams { _ = stream.take() }
        return (client, scene.streams[0], scene.streams[1])
    }

    @Test func `a login and a database come first, and nothing is sent before they are taken`() {
        var server = RedisServer(host: "r")
        (server.user, server.password, server.database) = ("ann", "pass word", 3)
        let link = RedisLink(server, scene.world)
        var (ups, downs) = (0, [String]())
        link.onReady = { ups += 1 }
        link.onDown = { downs.append($0) }
        link.start()
        link.send(RedisCommand.encode("GET", "a"))
        link.flush()
        let stream = scene.streams[0]
        #expect(stream.take() == ["AUTH ann pass word", "SELECT 3", "PING"])
        stream.receive("+OK\r\n+OK\r\n+PO")
        #expect(ups == 0)
        stream.receive("NG\r\n")
        #expect(ups == 1 && stream.take() == ["GET a"])
        #expect(downs.isEmpty)
    }

    @Test func `a login that is refused ends the attempt, and another follows`() {
        var server = RedisServer(host: "r")
        server.password = "p"
        let link = RedisLink(server, scene.world)
        var downs: [String] = []
        link.onDown = { downs.append($0) }
        link.start()
        #expect(scene.streams[0].take() == ["AUTH p", "PING"])
        scene.streams[0].receive("-WRONGPASS invalid\r\n-NOAUTH\r\n")
        #expect(downs == ["WRONGPASS invalid"] && scene.streams[0].isClosed)
        scene.run(.seconds(1))
        #expect(scene.streams.count == 2)
    }

    @Test func `attempts come ever more seldom, at different times, up to every other second`() {
        scene.refusal = "no"
        let link = RedisLink(RedisServer(host: "r"), scene.world)
        link.start()
        scene.run(.seconds(60))
        let gaps = zip(scene.dials.dropFirst(), scene.dials).map { $0 - $1 }
        #expect(gaps[0] <= .milliseconds(100) && gaps[0] >= .milliseconds(50))
        #expect(gaps.dropFirst(5).allSatisfy { $0 >= .seconds(1) && $0 <= .seconds(2) })
        #expect(Set(gaps.map(\.nanoseconds)).count > gaps.count / 2)
        scene.refusal = nil
        let before = scene.streams.count
        scene.run(.seconds(2))
        #expect(scene.streams.count == before + 1)
    }

    @Test func `an attempt that leads nowhere is given up after five seconds`() {
        scene.isSilent = true
        let link = RedisLink(RedisServer(host: "r"), scene.world)
        var downs: [String] = []
        link.onDown = { downs.append($0) }
        link.start()
        scene.run(.seconds(5))
        #expect(downs == ["no connection within 5.0 s"])
    }

    @Test func `a turn's commands are one write, and answers go to who asked, in order`() {
        let (client, commands, _) = ready()
        var answers: [RedisReply?] = []
        client.publish("c", [65])
        client.ask([Array("A".utf8)]) { answers.append($0) }
        client.ask([Array("B".utf8)]) { answers.append($0) }
        #expect(commands.take() == [])
        client.flush()
        #expect(commands.take() == ["PUBLISH c A", "A", "B"])
        commands.receive(":1\r\n*2\r\n$1\r\nx\r\n:-7\r\n-ERR no\r\n")
        #expect(answers == [.array([.bytes([120]), .integer(-7)]), .error("ERR no")])
    }

    @Test func `while there is no connection messages wait, the oldest are dropped, and questions fail at once`() {
        let (client, commands, subscriber) = ready()
        var dropped = 0
        var answers: [RedisReply?] = []
        client.onDrop = { dropped += $0 }
        client.ask([Array("A".utf8)]) { answers.append($0) }
        client.flush()
        commands.handler?.streamClosed(commands)
        subscriber.handler?.streamEnded(subscriber)
        #expect(answers == [nil])
        client.ask([Array("B".utf8)]) { answers.append($0) }
        #expect(answers == [nil, nil])
        for index in 0..<10 { client.publish("c\(index)", [UInt8](repeating: 88, count: 1_000_000)) }
        #expect(dropped == 2)
        scene.run(.seconds(1))
        for stream in scene.streams[2...] { stream.receive("+PONG\r\n") }
        let sent = scene.streams[2...].flatMap { $0.take() }.filter { $0.hasPrefix("PUBLISH") }
        #expect(sent.map { $0.prefix(10) } == (2..<10).map { "PUBLISH c\($0)" })
    }

    @Test func `a server that does not read is sent nothing more, within the same bound`() {
        let (client, commands, _) = ready()
        var dropped = 0
        client.onDrop = { dropped += $0 }
        commands.isBlocked = true
        for index in 0..<10 {
            client.publish("c\(index)", [UInt8](repeating: 88, count: 1_000_000))
            client.flush()
        }
        #expect(commands.take() == [] && dropped == 2)
        commands.isBlocked = false
        commands.handler?.streamDrained(commands)
        #expect(commands.take().count == 8)
    }

    @Test func `a connection on which nothing comes is given up, one that answers pings is not`() {
        let (client, commands, subscriber) = ready()
        var events: [RedisEvent] = []
        client.onEvent = { events.append($0) }
        for _ in 0..<20 {
            scene.run(.seconds(2))
            if commands.take().contains("PING") { commands.receive("+PONG\r\n") }
            if subscriber.take().contains("PING") { subscriber.receive("*2\r\n$4\r\npong\r\n$0\r\n\r\n") }
        }
        #expect(events.isEmpty && !commands.isClosed)
        scene.run(.seconds(11))
        #expect(commands.isClosed && subscriber.isClosed)
        #expect(events == [.lost("no answer for 8.0 s")])
    }

    @Test func `subscriptions are made anew, and an outage is told once, with its end`() {
        let client = RedisClient(RedisServer(host: "r"), scene.world)
        var (events, heard) = ([RedisEvent](), [String]())
        client.onEvent = { events.append($0) }
        client.onMessage = { heard.append("\($0) \($1) \(String(decoding: $2, as: UTF8.self))") }
        client.subscribe(channels: ["a", "b"], patterns: ["p*"])
        client.start()
        for stream in scene.streams { stream.receive("+PONG\r\n") }
        client.flush()
        let subscriber = scene.streams[1]
        #expect(subscriber.take() == ["PING", "SUBSCRIBE a b", "PSUBSCRIBE p*"])
        subscriber.receive("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n")
        subscriber.receive("*4\r\n$8\r\npmessage\r\n$2\r\np*\r\n$2\r\np1\r\n$2\r\nho\r\n")
        #expect(heard == ["a a hi", "p* p1 ho"])
        client.unsubscribe(channels: ["b"], patterns: [])
        client.subscribe(channels: ["c"], patterns: [])
        client.flush()
        #expect(subscriber.take() == ["UNSUBSCRIBE b", "SUBSCRIBE c"])
        #expect(events == [.reached(after: .zero, dropped: 0)])
        scene.refusal = "refused"
        for stream in scene.streams { stream.handler?.streamClosed(stream) }
        scene.run(.seconds(30))
        scene.refusal = nil
        scene.run(.seconds(2))
        for stream in scene.streams[2...] { stream.receive("+PONG\r\n") }
        client.flush()
        #expect(
            scene.streams[2...].flatMap { $0.take() }.sorted() == ["PING", "PING", "PSUBSCRIBE p*", "SUBSCRIBE a c"])
        #expect(events.count == 3 && events[1] == .lost("the connection was lost"))
    }

    @Test func `what is no answer of Redis's ends the connection`() {
        for bytes in [
            "hello\r\n", "*-5\r\n", "+a\r\n", "$9999999999999999999\r\n", String(repeating: "*1\r\n", count: 9),
        ] {
            let (_, commands, _) = ready()
            commands.receive(bytes)
            #expect(commands.isClosed, "\(bytes)")
        }
    }
}

@Suite("What Redis says, and who it is")
struct RedisReplyTests {
    private let stream = "+OK\r\n-ERR x\r\n:42\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*3\r\n:1\r\n*1\r\n$0\r\n\r\n+s\r\n"
    private let replies: [RedisReply] = [
        .status("OK"), .error("ERR x"), .integer(42), .bytes([97, 13, 10]), .null, .null,
        .array([.integer(1), .array([.bytes([])]), .status("s")]),
    ]

    @Test func `replies are put together from any pieces`() throws {
        let bytes = Array(stream.utf8)
        var random = SeededRandom(seed: 9)
        for round in 0..<60 {
            let reader = RedisReplyReader()
            var got: [RedisReply] = []
            var start = 0
            while start < bytes.count {
                let end =
                    round == 0 ? bytes.count : round == 1 ? start + 1 : min(bytes.count, start + random.int(in: 1...9))
                try reader.feed(Array(bytes[start..<end]).span)
                while let reply = try reader.next() { got.append(reply) }
                start = end
            }
            #expect(got == replies, "seed 9 round \(round)")
        }
    }

    @Test func `a reply is bounded`() throws {
        let reader = RedisReplyReader()
        try reader.feed(Array("$500000000\r\n".utf8).span)
        let block = [UInt8](repeating: 1, count: 1 << 20)
        var error: RedisReplyError?
        for _ in 0..<70 where error == nil {
            do throws(RedisReplyError) {
                try reader.feed(block.span)
                let reply = try reader.next()
                #expect(reply == nil)
            } catch let caught { error = caught }
        }
        #expect(error == .tooLong)
    }

    @Test func `a URL names host, port, login and database`() throws {
        #expect(try RedisServer(url: "redis://10.0.0.7") == RedisServer(host: "10.0.0.7"))
        var full = RedisServer(host: "redis.test", port: 7_000)
        (full.user, full.password, full.database) = ("a@b", "p:ü", 2)
        #expect(try RedisServer(url: "redis://a%40b:p:%C3%BC@redis.test:7000/2") == full)
        full = RedisServer(host: "::1")
        full.password = "x"
        #expect(try RedisServer(url: "redis://:x@[::1]/") == full && full.description == "[::1]:6379")
    }

    @Test(arguments: [
        ("http://a", RedisURLError.scheme), ("redis://", .host), ("redis://a:0", .port), ("redis://a:x", .port),
        ("redis://a/b", .database), ("redis://a@b", .login), ("redis://a:%4@b", .login), ("redis://[::1", .host),
    ])
    func `what is no URL of a Redis server says why`(url: String, error: RedisURLError) {
        #expect(throws: error) { try RedisServer(url: url) }
        #expect(!error.description.isEmpty)
    }
}

@Suite("A stream of Redis's, read as it comes")
struct RedisStreamTests {
    let scene = RedisScene()

    private func entry(_ id: String) -> String {
        "*2\r\n$\(id.utf8.count)\r\n\(id)\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$2\r\n22\r\n"
    }

    @Test func `it is read from its end on, goes on where it was after a loss, and an entry is told once`() {
        let client = RedisClient(RedisServer(host: "r"), scene.world)
        var entries: [[String]] = []
        client.read(stream: "s") {
            entries.append(["began \($0)"])
        } _: { entry in
            entries.append([entry.id] + entry.fields.map { "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))" })
        }
        client.start()
        for stream in scene.streams { stream.receive("+PONG\r\n") }
        let first = scene.streams[2]
        #expect(first.take() == ["PING", "XREVRANGE s + - COUNT 1"])
        first.receive("*1\r\n" + entry("5-0"))
        #expect(first.take() == ["XREAD BLOCK 5000 COUNT 100 STREAMS s 5-0"] && entries == [["began 5-0"]])
        first.receive("*-1\r\n")
        #expect(first.take() == ["XREVRANGE s + - COUNT 1"], "nothing has come: is it the same stream?")
        first.receive("*1\r\n" + entry("5-0"))
        #expect(first.take() == ["XREAD BLOCK 5000 COUNT 100 STREAMS s 5-0"])
        first.receive("*1\r\n*2\r\n$1\r\ns\r\n*2\r\n" + entry("6-0") + entry("6-1"))
        #expect(entries.dropFirst() == [["6-0", "a=1", "b=22"], ["6-1", "a=1", "b=22"]])
        #expect(first.take() == ["XREAD BLOCK 5000 COUNT 100 STREAMS s 6-1"])
        scene.run(.seconds(7))
        #expect(first.take() == [], "no pings: they would wait behind the read")
        first.handler?.streamClosed(first)
        scene.run(.seconds(1))
        let second = scene.streams[scene.streams.count - 1]
        second.receive("+PONG\r\n")
        #expect(second.take() == ["PING", "XREVRANGE s + - COUNT 1"])
        second.receive("*1\r\n" + entry("6-7"))
        #expect(second.take() == ["XREAD BLOCK 5000 COUNT 25 STREAMS s 6-1"] && entries.count == 3)
        second.receive("-WRONGTYPE\r\n")
        #expect(second.isClosed)
    }

    @Test func `a key that is no stream is asked for again later, at the start too`() {
        let client = RedisClient(RedisServer(host: "r"), scene.world)
        client.read(stream: "s") { _ in }
        client.start()
        scene.streams[2].receive("+PONG\r\n-WRONGTYPE\r\n")
        #expect(scene.streams[2].isClosed)
    }

    @Test func `an empty stream is read from its beginning`() {
        let client = RedisClient(RedisServer(host: "r"), scene.world)
        client.read(stream: "s") { _ in }
        client.start()
        scene.streams[2].receive("+PONG\r\n*0\r\n")
        #expect(scene.streams[2].take().last == "XREAD BLOCK 5000 COUNT 100 STREAMS s 0-0")
    }
}
