import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing

func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
}

@Suite("RFC 9112 §3–§6 messages as written")
struct HTTPWriterTests {
    @Test func `a response has its length, and says when it is the last`() {
        let response = HTTPWriter.response(
            .ok, fields: [.cacheControl: "no-store"], body: Array("hello".utf8), connection: .close)
        #expect(
            text(response)
                == "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
    }

    @Test func `the answer to HEAD tells the length and keeps the body`() {
        let response = HTTPWriter.response(.ok, text: "well", isForHead: true)
        #expect(text(response).hasSuffix("Content-Length: 5\r\n\r\n"))
    }

    @Test func `a stream has no length and ends with its connection`() {
        let head = HTTPWriter.streamHead(fields: [.contentType: "text/event-stream"])
        #expect(text(head) == "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    }

    @Test func `the interim response is one`() {
        let read = responseTranscript(of: [HTTPWriter.continueResponse])
        #expect(read.heads.map(\.status) == [.continue])
    }

    @Test(arguments: [204, 304, 101])
    func `a status without content has no length`(_ code: Int) {
        let response = HTTPWriter.response(HTTPResponse.Status(code: code))
        #expect(!text(response).contains("Content-Length"))
    }

    @Test func `framing fields of the caller are not doubled`() {
        let response = HTTPWriter.response(
            .ok, fields: [.contentLength: "9", .connection: "x", .transferEncoding: "chunked"])
        #expect(text(response) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }

    @Test(arguments: ["a\r\nSet-Cookie: b", "a\nb: c", "a\rb: c", "\r\n\r\n<html>", "a\0b", "a\r\n\r\nHTTP/1.1 200 OK"])
    func `a value or reason of a peer cannot end its line`(_ value: String) throws {
        let reflected = HTTPWriter.response(
            HTTPResponse.Status(code: 400, reasonPhrase: value), fields: [.secWebSocketProtocol: value])
        let read = responseTranscript(of: [reflected])
        let head = try #require(read.heads.first)
        #expect(read.error == nil && read.heads.count == 1)
        #expect(head.fields.map(\.name) == [.secWebSocketProtocol, .contentLength])
    }

    @Test func `a request reads back as written`() throws {
        let request = try HTTPWriter.request(
            .get, target: "/a?b=c", host: "a.example:80", fields: [.accept: "*/*", .contentLength: "3"])
        let head = try #require(requestTranscript(of: [request]).heads.first)
        #expect(head.method == .get && head.path == "/a" && head.query == "b=c")
        #expect(fieldPairs(head.fields) == [["Host", "a.example:80"], ["Accept", "*/*"]])
    }

    @Test func `a request that no server would take is refused`() {
        #expect(throws: HTTPError.target) { try HTTPWriter.request(.get, target: "a\r\nb", host: "a") }
        #expect(throws: HTTPError.target) { try HTTPWriter.request(.get, target: "/ HTTP/1.1\r\nX: ", host: "a") }
        #expect(throws: HTTPError.host) { try HTTPWriter.request(.get, target: "/", host: "a\r\nX: b") }
    }

    @Test(arguments: [HTTPError.target, .targetTooLong, .headTooLarge, .version, .transferEncoding, .bodyTooLarge])
    func `the answer to an error is a whole response that closes`(_ error: HTTPError) throws {
        let head = try #require(responseTranscript(of: [error.response()]).heads.first)
        #expect(head.status == error.status && !head.keepsAlive)
    }
}

@Suite("RFC 9110 §5.6.1 lists and URL queries")
struct HTTPListTests {
    @Test func `a token is found in any list and any case, and nothing like it is`() {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .connection, value: " keep-alive ,\tUpGrade,"))
        fields.append(HTTPField(name: .connection, value: "TE"))
        #expect(fields.hasToken("upgrade", in: .connection) && fields.hasToken("te", in: .connection))
        #expect(!fields.hasToken("alive", in: .connection) && !fields.hasToken("", in: .connection))
        #expect(!HTTPFields([HTTPField(name: .connection, value: "\u{212A}")]).hasToken("k", in: .connection))
    }

    @Test func `a known name may stand once`() throws {
        let query = try HTTPQuery("sid=a&x=1&x=2&s%69d2=b&EIO=4")
        #expect(try query.value("sid") == "a")
        #expect(try query.value("sid2") == "b")
        #expect(try query.value("none") == nil)
        #expect(throws: HTTPError.query) { try query.value("x") }
    }

    @Test func `names compare by bytes`() throws {
        #expect(try HTTPQuery("%E2%84%AA=1").value("K") == nil)
        #expect(try HTTPQuery("e%CC%81=1").value("\u{E9}") == nil)
    }
}
