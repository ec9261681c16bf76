import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing
import VectorFiles

/// An attack and what comes of it.
struct Attack: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    /// Nil where the request goes to its route.
    var error: HTTPError?
    var testDescription: String { name }

    init(_ name: String, _ text: String, _ error: HTTPError?) {
        self.name = name
        bytes = Array(text.utf8)
        self.error = error
    }

    static func get(_ name: String, target: String, _ error: HTTPError?) -> Attack {
        Attack(name, "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", error)
    }

    static func fields(_ name: String, _ lines: [String], _ error: HTTPError?) -> Attack {
        Attack(name, "GET / HTTP/1.1\r\nHost: a\r\n" + lines.joined() + "\r\n", error)
    }

    /// More fields, or more bytes of them, than a head may have.
    static let manyFields = [
        fields("99 more", (1...99).map { "X\($0): y\r\n" }, nil),
        fields("100 more", (1...100).map { "X\($0): y\r\n" }, .tooManyFields),
        fields("2,000 more", (1...2_000).map { "X\($0): y\r\n" }, .tooManyFields),
        fields("100,000 more", (1...100_000).map { "X\($0): y\r\n" }, .tooManyFields),
        fields("one name 10,000 times", Array(repeating: "X: y\r\n", count: 10_000), .tooManyFields),
        fields(
            "99 long ones", Array(repeating: "X: \(String(repeating: "y", count: 200))\r\n", count: 99), .headTooLarge),
        fields("empty names", Array(repeating: ": y\r\n", count: 99), .field),
        fields("empty values", Array(repeating: "X:\r\n", count: 99), nil),
    ]

    /// Targets that other servers have stumbled over. What is accepted is matched byte for byte, so it is no other path.
    static let targets = [
        get("NUL", target: "/a\0b", .controlByte),
        get("NUL at the start", target: "\0/", .controlByte),
        get("escape", target: "/\u{1B}[0m", .controlByte),
        get("tab", target: "/a\tb", .target),
        get("delete", target: "/\u{7F}", .controlByte),
        get("not ASCII", target: "/\u{E9}", .target),
        get("space", target: "/a b", .requestLine),
        get("fragment", target: "/a#b", .target),
        get("fragment alone", target: "#", .target),
        get("no slash", target: "a", .target),
        get("backslash first", target: "\\a", .target),
        get("user information", target: "http://a@a/", .target),
        get("another host", target: "http://b/", .host),
        get("other scheme", target: "file:///etc/passwd", .target),
        get("authority", target: "a:80", .target),
        get("8 KiB and one", target: "/" + String(repeating: "a", count: 8192), .targetTooLong),
        get("bad percent", target: "/%", nil),
        get("overlong UTF-8", target: "/%C0%AF", nil),
        get("dot segments", target: "/../../etc/passwd", nil),
        get("encoded slash", target: "/a%2Fb", nil),
    ]

    /// Odd methods and versions. Which methods are served is the router's affair.
    static let lines = [
        Attack("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", nil),
        Attack("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
        Attack("PUT", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", nil),
        Attack("lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", nil),
        Attack("1 KiB", String(repeating: "A", count: 1024) + " / HTTP/1.1\r\nHost: a\r\n\r\n", nil),
        Attack("endless", String(repeating: "A", count: 100_000), .targetTooLong),
        Attack("0.9", "GET /\r\n", .requestLine),
        Attack("0.9 with a version", "GET / HTTP/0.9\r\n\r\n", .version),
        Attack("1.0", "GET / HTTP/1.0\r\n\r\n", .version),
        Attack("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .version),
    ]
}

@Suite("What has broken other servers' heads")
struct HTTPBatteryTests {
    @Test(arguments: Attack.manyFields + Attack.targets + Attack.lines)
    func `an attack ends as it should, in every cut`(_ attack: Attack) {
        let whole = requestTranscript(of: [attack.bytes])
        #expect(whole.error == attack.error)
        #expect(whole.heads.count == (attack.error == nil ? 1 : 0))
        for sizes in cuts(ofLength: attack.bytes.count, seed: 22).prefix(attack.bytes.count > 20_000 ? 4 : 51) {
            #expect(requestTranscript(of: pieces(of: attack.bytes, sizes: sizes)) == whole, "cut in \(sizes)")
        }
    }

    @Test func `targets that are not resolved stay as they were sent`() {
        for attack in Attack.targets where attack.error == nil {
            let sent = String(decoding: attack.bytes, as: UTF8.self).split(separator: " ")[1]
            #expect(requestTranscript(of: [attack.bytes]).heads.first?.path == String(sent))
        }
    }

    @Test func `no more of an endless head is read than its limit`() throws {
        var parser = HTTPRequestParser()
        let start = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
        let block = [UInt8](repeating: UInt8(ascii: "y"), count: 1024)
        var cursor = 0
        _ = try parser.next(start.span, at: &cursor)
        var read = start.count
        #expect(throws: HTTPError.headTooLarge) {
            for _ in 0..<20_480 {
                cursor = 0
                _ = try parser.next(block.span, at: &cursor)
                read += block.count
            }
        }
        #expect(read <= 16 * 1024)
    }

    @Test func `a chunked body of single bytes costs its bytes`() throws {
        let chunks = String(repeating: "1\r\nx\r\n", count: 16 * 1024)
        let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n"
        let read = requestTranscript(of: [Array(request.utf8)])
        #expect(read.error == nil && read.bodies.map(\.count) == [16 * 1024])
    }
}
