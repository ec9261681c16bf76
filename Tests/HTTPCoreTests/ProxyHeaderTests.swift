import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing
import VectorFiles

/// A PROXY header and what it says.
struct ProxyCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        case source(String?, port: UInt16)
        case refused(ProxyHeaderError)
        case waits
    }

    var name: String
    var bytes: [UInt8]
    var outcome: Outcome
    var testDescription: String { name }

    init(_ name: String, _ hex: String, _ outcome: Outcome) {
        self.name = name
        bytes = bytesOfHex(hex.filter { $0 != " " })
        self.outcome = outcome
    }

    static let signature = "0d0a0d0a000d0a515549540a"
    private static let ipv4 = "c0000201 c0000202 1f90 01bb"
    private static let ipv6 = "20010db8000000000000000000000001 20010db8000000000000000000000002 1f90 01bb"

    /// `count` bytes of extensions in hexadecimal.
    private static func extensions(_ count: Int) -> String { String(repeating: "20", count: count) }

    static let all = [
        ProxyCase("IPv4", signature + "21 11 000c" + ipv4, .source("192.0.2.1", port: 8080)),
        ProxyCase("IPv6", signature + "21 21 0024" + ipv6, .source("2001:db8::1", port: 8080)),
        ProxyCase("unspecified", signature + "21 00 0000", .source(nil, port: 0)),
        ProxyCase("unspecified with bytes", signature + "21 00 0003 ffffff", .source(nil, port: 0)),
        ProxyCase("local", signature + "20 00 0000", .source(nil, port: 0)),
        ProxyCase("local with an address", signature + "20 11 000c" + ipv4, .source(nil, port: 0)),
        ProxyCase("local of an odd family", signature + "20 31 0002 ffff", .source(nil, port: 0)),
        ProxyCase("an extension", signature + "21 11 000f" + ipv4 + "040000", .source("192.0.2.1", port: 8080)),
        ProxyCase(
            "nested extensions", signature + "21 11 0015" + ipv4 + "20 0006 00 00000000 20",
            .source("192.0.2.1", port: 8080)),
        ProxyCase(
            "an extension longer than the header", signature + "21 11 000f" + ipv4 + "04ffff",
            .source("192.0.2.1", port: 8080)),
        ProxyCase(
            "536 bytes", signature + "21 11 0208" + ipv4 + extensions(508), .source("192.0.2.1", port: 8080)),
        ProxyCase("537 bytes", signature + "21 11 0209", .refused(.length)),
        ProxyCase("65,551 bytes", signature + "21 21 ffff", .refused(.length)),
        ProxyCase("too short for IPv4", signature + "21 11 000b", .refused(.length)),
        ProxyCase("too short for IPv6", signature + "21 21 000c", .refused(.length)),
        ProxyCase("version 1", "50524f5859205443503420", .refused(.signature)),
        ProxyCase("a request", "474554202f20", .refused(.signature)),
        ProxyCase("signature broken at its end", "0d0a0d0a000d0a515549540b", .refused(.signature)),
        ProxyCase("version byte 0xFF", signature + "ff", .refused(.version)),
        ProxyCase("version 1 in binary", signature + "11", .refused(.version)),
        ProxyCase("unknown command", signature + "22", .refused(.command)),
        ProxyCase("UDP", signature + "21 12", .refused(.family)),
        ProxyCase("Unix", signature + "21 31", .refused(.family)),
        ProxyCase("unknown family", signature + "21 41", .refused(.family)),
        ProxyCase("nothing", "", .waits),
        ProxyCase("half a signature", "0d0a0d0a00", .waits),
        ProxyCase("one byte missing", signature + "21 11 000c c0000201 c0000202 1f90 01", .waits),
        ProxyCase("extensions missing", signature + "21 11 000d" + ipv4, .waits),
    ]
}

@Suite("PROXY protocol, version 2")
struct ProxyHeaderTests {
    @Test(arguments: ProxyCase.all)
    func `a header ends as it should, in every cut`(_ test: ProxyCase) {
        let tail = Array("GET".utf8)
        var input = test.bytes
        let whole: ProxyTranscript
        switch test.outcome {
        case .source(let source, let port):
            input += tail
            whole = proxyTranscript(of: [input])
            #expect(whole.header?.source?.description == source && whole.header?.sourcePort == port)
            #expect(whole.error == nil && whole.header != nil && whole.rest == tail)
        case .refused(let error):
            input += tail
            whole = proxyTranscript(of: [input])
            #expect(whole.error == error && whole.header == nil)
        case .waits:
            whole = proxyTranscript(of: [input])
            #expect(whole.error == nil && whole.header == nil)
        }
        for sizes in cuts(ofLength: input.count, seed: 536) {
            #expect(proxyTranscript(of: pieces(of: input, sizes: sizes)) == whole, "cut in \(sizes)")
        }
    }

    @Test func `where no header is expected it is a bad request`() {
        for test in ProxyCase.all where test.bytes.count > 2 && test.bytes[0] == 0x0D {
            #expect(requestTranscript(of: [test.bytes]).error?.status.code == 400)
        }
    }
}
