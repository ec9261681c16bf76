import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing
import VectorFiles

/// One of the 33 cases of uNetworking/h1spec, by its name there.
struct H1SpecCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// Nothing is answered yet.
        case waits
        /// A request with this body goes to its route.
        case accepted(body: String)
        /// Refused with this status.
        case refused(Int)
    }

    var name: String
    var request: String
    var outcome: Outcome
    var testDescription: String { name }

    init(_ name: String, _ request: String, _ outcome: Outcome) {
        self.name = name
        self.request = request
        self.outcome = outcome
    }

    private static func get(_ fields: String) -> String { "GET / HTTP/1.1\r\nHost: example.com\r\n\(fields)\r\n" }
    private static let post = "POST / HTTP/1.1\r\nHost: example.com\r\n"

    static let fragments = [
        H1SpecCase("Fragmented method", "G", .waits),
        H1SpecCase("Fragmented URL 1", "GET ", .waits),
        H1SpecCase("Fragmented URL 2", "GET /hello", .waits),
        H1SpecCase("Fragmented URL 3", "GET /hello ", .waits),
        H1SpecCase("Fragmented HTTP version", "GET /hello HTTP", .waits),
        H1SpecCase("Fragmented request line", "GET /hello HTTP/1.1", .waits),
        H1SpecCase("Fragmented request line newline 1", "GET /hello HTTP/1.1\r", .waits),
        H1SpecCase("Fragmented request line newline 2", "GET /hello HTTP/1.1\r\n", .waits),
        H1SpecCase("Fragmented field name", "GET /hello HTTP/1.1\r\nHos", .waits),
        H1SpecCase("Fragmented field value 1", "GET /hello HTTP/1.1\r\nHost:", .waits),
        H1SpecCase("Fragmented field value 2", "GET /hello HTTP/1.1\r\nHost: ", .waits),
        H1SpecCase("Fragmented field value 3", "GET /hello HTTP/1.1\r\nHost: localhost", .waits),
        H1SpecCase("Fragmented field value 4", "GET /hello HTTP/1.1\r\nHost: localhost\r", .waits),
        H1SpecCase("Fragmented request", "GET /hello HTTP/1.1\r\nHost: localhost\r\n", .waits),
        H1SpecCase("Fragmented request termination", "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r", .waits),
    ]

    static let whole = [
        H1SpecCase("Request without HTTP version", "GET / \r\n\r\n", .refused(400)),
        H1SpecCase("Request with Expect header", get("Expect: 100-continue\r\n"), .accepted(body: "")),
        H1SpecCase("Valid GET request", get(""), .accepted(body: "")),
        H1SpecCase(
            "Valid GET request with edge cases", "GET / HTTP/1.1\r\nhoSt:\texample.com\r\nempty:\r\n\r\n",
            .accepted(body: "")),
        H1SpecCase("Invalid header characters", get("X-Invalid[]: test\r\n"), .refused(400)),
        H1SpecCase("Missing Host header", "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", .refused(400)),
        H1SpecCase("Multiple Host headers", get("Host: example.org\r\n"), .refused(400)),
        H1SpecCase(
            "Overflowing negative Content-Length header", get("Content-Length: -123456789123456789123456789\r\n"),
            .refused(400)),
        H1SpecCase("Negative Content-Length header", get("Content-Length: -1234\r\n"), .refused(400)),
        H1SpecCase("Non-numeric Content-Length header", get("Content-Length: abc\r\n"), .refused(400)),
        H1SpecCase("Empty header value", get("X-Empty-Header: \r\n"), .accepted(body: "")),
        H1SpecCase(
            "Header containing invalid control character", get("X-Bad-Control-Char: test\u{7}\r\n"), .refused(400)),
        H1SpecCase("Invalid HTTP version", "GET / HTTP/9.9\r\nHost: example.com\r\n\r\n", .refused(505)),
        H1SpecCase("Invalid prefix of request", "Extra line" + get(""), .refused(400)),
        H1SpecCase("Invalid line ending", get("\rSome-Header: Test\r\n"), .refused(400)),
        H1SpecCase("Valid POST request with body", post + "Content-Length: 5\r\n\r\nhello", .accepted(body: "hello")),
        H1SpecCase(
            "Chunked Transfer-Encoding", post + "Transfer-Encoding: chunked\r\n\r\nc\r\nHellO world1\r\n0\r\n\r\n",
            .accepted(body: "HellO world1")),
        H1SpecCase(
            "Conflicting Transfer-Encoding and Content-Length in varying case",
            post + "content-LengtH: 5\r\nTransFer-Encoding: chunked\r\n\r\nc\r\nHellO world1\r\n0\r\n\r\n",
            .refused(400)),
    ]
}

@Suite("h1spec: its 33 cases, whole and in every cut")
struct H1SpecTests {
    @Test(arguments: H1SpecCase.fragments + H1SpecCase.whole)
    func `a case of h1spec ends as it should`(_ test: H1SpecCase) {
        let input = Array(test.request.utf8)
        let read = requestTranscript(of: [input])
        switch test.outcome {
        case .waits:
            #expect(read.error == nil && read.heads.isEmpty && read.stage == .head)
        case .accepted(let body):
            #expect(read.error == nil && read.stage == .idle)
            #expect(read.bodies == [Array(body.utf8)])
        case .refused(let status):
            #expect(read.heads.isEmpty && read.error?.status.code == status)
        }
        for sizes in cuts(ofLength: input.count, seed: 33) {
            #expect(requestTranscript(of: pieces(of: input, sizes: sizes)) == read, "cut in \(sizes)")
        }
    }

    @Test func `all 33 are here`() {
        #expect(Set((H1SpecCase.fragments + H1SpecCase.whole).map(\.name)).count == 33)
    }
}
