import ByteKit
import Determinism
import Testing

@testable import Redis

@Suite("A Redis that misbehaves, or is another one of a sudden (reliability reference §2.8)")
struct RedisAbuseTests {
    let scene = RedisScene()

    /// A client that reads the stream `s`, and what it tells of it.
    private final class Reading {
        let client: RedisClient
        var beginnings: [String] = []
        var entries: [String] = []

        init(_ scene: RedisScene) {
            client = RedisClient(RedisServer(host: "r"), scene.world)
            client.read(stream: "s") { [unowned self] in
                beginnings.append($0)
            } _: { [unowned self] in
                entries.append($0.id)
            }
            client.start()
            for stream in scene.streams { stream.receive("+PONG\r\n") }
        }
    }

    /// The reading connection, made anew.
    private func reconnected() -> FakeStream {
        scene.run(.seconds(2))
        let stream = scene.streams[scene.streams.count - 1]
        stream.receive("+PONG\r\n")
        _ = stream.take()
        return stream
    }

    private func entry(_ id: String) -> String { "*2\r\n$\(id.utf8.count)\r\n\(id)\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n" }

    private func entries(_ ids: String...) -> String {
        "*1\r\n*2\r\n$1\r\ns\r\n*\(ids.count)\r\n" + ids.map(entry).joined()
    }

    private static let notReplies = [
        "$-2\r\n", "*-2\r\n", "$9223372036854775808\r\n", "*9223372036854775808\r\n", "*2147483648\r\n", "*65537\r\n",
        "*2147483647\r\n", "$x\r\n", "$\r\n", "*1.5\r\n", ":x\r\n", "!3\r\nERR\r\n", ">2\r\n+a\r\n+b\r\n",
        "|1\r\n+a\r\n+b\r\n",
        "%1\r\n+a\r\n+b\r\n", "~1\r\n+a\r\n", "(3492890328409238509324850943850943825024385\r\n", ",1.5\r\n", "#t\r\n",
        "_\r\n", "\0\r\n",
        "HTTP/1.1 400 Bad Request\r\n", String(repeating: "*1\r\n", count: 9), "*2\r\n+a\r\n>1\r\n+b\r\n",
    ]

    @Test(arguments: notReplies)
    func `R-05: what is not RESP 2, too deep, or an array of more than 65,536 ends the connection at once`(text: String)
    {
        for isSplit in [false, true] {
            let link = RedisLink(RedisServer(host: "r"), scene.world)
            link.start()
            let stream = scene.streams[scene.streams.count - 1]
            stream.receive("+PONG\r\n")
            link.send(RedisCommand.encode("GET", "a"))
            link.flush()
            if isSplit { for character in text.unicodeScalars { stream.receive(String(character)) } }
            if !isSplit { stream.receive(text) }
            #expect(stream.isClosed && !link.isReady, "\(text) \(isSplit)")
            link.stop()
        }
    }

    @Test
    func `R-05: a line has 64 KiB, and is not looked through again for each piece; a bulk of any length may come`()
        throws
    {
        for first in ["+", "-", ":", "$", "*"] {
            let reader = RedisReplyReader()
            var (error, count) = (RedisReplyError?.none, 0)
            while error == nil, count < 100 {
                do throws(RedisReplyError) {
                    let piece = (count == 0 ? first : "") + String(repeating: "1", count: 1_000)
                    try reader.feed(Array(piece.utf8).span)
                    let reply = try reader.next()
                    #expect(reply == nil)
                } catch let caught { error = caught }
                count += 1
            }
            #expect(error == .malformed && count <= 67, "\(first) after \(count)")
        }
        let reader = RedisReplyReader()
        try reader.feed(Array("$500000\r\n".utf8).span)
        for _ in 0..<50 { try reader.feed([UInt8](repeating: 65, count: 10_000).span) }
        try reader.feed(Array("\r\n+a\0b\r\n".utf8).span)
        let replies = [try reader.next(), try reader.next()]
        #expect(replies == [.bytes([UInt8](repeating: 65, count: 500_000)), .status("a\0b")])
    }

    @Test func `R-05: an array of 65,536 is one`() throws {
        let reader = RedisReplyReader()
        try reader.feed(Array(("*65536\r\n" + String(repeating: ":1\r\n", count: 65_536)).utf8).span)
        let reply = try reader.next()
        #expect(reply?.array?.count == 65_536)
    }

    @Test func `R-03: entries that are too long to come at once are asked for a few at a time, until they have come`() {
        let told = Reading(scene)
        scene.streams[2].receive("*1\r\n" + entry("5-0"))
        var counts: [String] = []
        var stream = scene.streams[2]
        for _ in 0..<5 {
            counts.append(stream.take().last.map { String($0.split(separator: " ")[4]) } ?? "")
            stream.handler?.streamClosed(stream)
            stream = reconnected()
            stream.receive("*1\r\n" + entry("9-0"))
        }
        #expect(counts == ["100", "25", "6", "1", "1"])
        _ = stream.take()
        for count in ["2", "4", "8", "16", "32", "64", "100", "100"] {
            stream.receive(entries("6-0"))
            #expect(stream.take() == ["XREAD BLOCK 5000 COUNT \(count) STREAMS s 6-0"])
        }
        #expect(told.entries == Array(repeating: "6-0", count: 8))
    }

    @Test(arguments: [("4-9", "*1\r\n"), ("0-0", "*0\r\n"), ("4-10", "*1\r\n")])
    func `R-04: where the stream ends before what was read, it is another one, and is read from there`(
        end: String, head: String
    ) {
        let told = Reading(scene)
        scene.streams[2].receive("*1\r\n" + entry("5-0"))
        scene.streams[2].handler?.streamClosed(scene.streams[2])
        let stream = reconnected()
        stream.receive(head + (head == "*0\r\n" ? "" : entry(end)))
        #expect(stream.take().last == "XREAD BLOCK 5000 COUNT 25 STREAMS s \(end)")
        stream.receive(entries("4-11", "4-12"))
        #expect(told.beginnings == ["5-0", end] && told.entries == ["4-11", "4-12"])
    }

    @Test func `R-04: a stream that is deleted while nothing comes is noticed without a loss of the connection`() {
        let told = Reading(scene)
        let stream = scene.streams[2]
        stream.receive("*1\r\n" + entry("500-0") + "*-1\r\n*0\r\n")
        #expect(
            told.beginnings == ["500-0", "0-0"] && stream.take().last == "XREAD BLOCK 5000 COUNT 100 STREAMS s 0-0")
    }
}
