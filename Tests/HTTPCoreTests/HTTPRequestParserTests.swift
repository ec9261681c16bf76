import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing

@Suite("RFC 9112 §6–§9 requests with bodies, event by event")
struct HTTPRequestParserTests {
    /// The events of one read, as short texts.
    private func events(
        _ parser: inout HTTPRequestParser, _ text: String, bodyBytesMax: Int = 100
    ) throws(HTTPError) -> [String] {
        let bytes = Array(text.utf8)
        var events: [String] = []
        var cursor = 0
        while let event = try parser.next(bytes.span, at: &cursor) {
            switch event {
            case .head(let head):
                events.append("\(head.method) \(head.path)")
                parser.bodyBytesMax = bodyBytesMax
            case .body(let range): events.append("\(range)")
            case .end: events.append("end")
            }
        }
        return events
    }

    @Test func `the stage says how far a request has come`() throws {
        var parser = HTTPRequestParser()
        #expect(parser.stage == .idle)
        for (text, stage) in [
            ("P", HTTPRequestStage.head), ("OST / HTTP/1.1\r", .head), ("\nHost: a\r\n", .head),
            ("Content-Length: 2\r\n\r", .head), ("\n", .body), ("x", .body), ("y", .idle), ("\r", .head), ("\n", .idle),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .idle),
        ] {
            _ = try events(&parser, text)
            #expect(parser.stage == stage, "after \(text)")
        }
    }

    @Test func `a body is given as it lies in the input, and never looked into`() throws {
        var parser = HTTPRequestParser()
        let head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        #expect(try events(&parser, head + "\r\n\r\n") == ["POST /a", "\(head.utf8.count..<head.utf8.count + 4)"])
        #expect(try events(&parser, "") == [])
        #expect(try events(&parser, "GET") == ["0..<3"])
        #expect(try events(&parser, " /GET /b HTTP/1.1\r\nHost: a\r\n\r\n") == ["0..<2", "end", "GET /b", "end"])
    }

    @Test func `chunks are given as they lie in the input`() throws {
        var parser = HTTPRequestParser()
        let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(try events(&parser, head) == ["POST /a"])
        #expect(try events(&parser, "3\r\nabc\r\n4\r\nde") == ["3..<6", "11..<13"])
        #expect(
            try events(&parser, "fg\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n") == [
                "0..<2", "end", "GET /b", "end",
            ])
    }

    @Test func `a pipelined request waits until it is asked for`() throws {
        var parser = HTTPRequestParser()
        let one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let bytes = Array(String(repeating: one, count: 10_000).utf8)
        var cursor = 0
        for number in 1...10_000 {
            let head = try parser.next(bytes.span, at: &cursor)
            let end = try parser.next(bytes.span, at: &cursor)
            guard case .head = head, case .end = end, cursor == number * one.utf8.count else {
                Issue.record("request \(number) was not read alone")
                return
            }
        }
    }

    @Test func `a route that says nothing takes no body`() throws {
        var parser = HTTPRequestParser()
        let first = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
        #expect(try events(&parser, first) == ["POST /", "47..<48", "end"])
        #expect(throws: HTTPError.bodyTooLarge) {
            var bodiless = parser
            _ = try events(&bodiless, first, bodyBytesMax: 0)
        }
        // The limit of one request is not the next one's.
        let bytes = Array(first.utf8)
        var cursor = 0
        let head = try parser.next(bytes.span, at: &cursor)
        #expect(head != nil && parser.bodyBytesMax == 0)
    }

    @Test func `a length over the limit is refused before the body comes`() throws {
        var parser = HTTPRequestParser()
        #expect(throws: HTTPError.bodyTooLarge) {
            _ = try events(&parser, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n")
        }
    }

    @Test func `a head says what its fields mean`() throws {
        func head(_ fields: String, _ start: String = "POST / HTTP/1.1") throws -> HTTPRequestHead {
            let bytes = Array("\(start)\r\nHost: a.example:80\r\n\(fields)\r\n".utf8)
            return try #require(requestTranscript(of: [bytes]).heads.first)
        }
        let plain = try head("")
        #expect(plain.host == "a.example:80" && plain.keepsAlive && !plain.expectsContinue && !plain.hasBody)
        #expect(plain.contentLength == 0 && !plain.isChunked && plain.contentCoding == nil)
        let known = try head("Content-Length: 5\r\nExpect: 100-continue\r\nConnection: x, close\r\n")
        #expect(known.contentLength == 5 && known.hasBody && known.expectsContinue && !known.keepsAlive)
        let chunked = try head("Transfer-Encoding: chunked\r\n")
        #expect(chunked.isChunked && chunked.hasBody && chunked.contentLength == nil)
        let absolute = try head("", "GET http://A.example:80/b HTTP/1.1")
        #expect(absolute.host == "a.example:80" && absolute.path == "/b")
    }

    @Test(arguments: ["gzip", "deflate", "br", "gzip, identity", "x"])
    func `a compressed body is known as such`(_ coding: String) throws {
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: \(coding)\r\n\r\n".utf8)
        #expect(requestTranscript(of: [bytes]).heads.first?.contentCoding == coding)
    }

    @Test func `a body that says it is not compressed is not`() {
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: Identity\r\n\r\n".utf8)
        #expect(requestTranscript(of: [bytes]).heads.first?.contentCoding == nil)
    }
}
