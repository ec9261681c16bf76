import ByteKit
import Determinism
import Foundation
import HTTPCore
import HTTPTypes
import ServerCore
import Testing

private let proxy = address("10.0.0.1")
private let stranger = address("198.51.100.9")

private func address(_ text: String, port: UInt16 = 40_000) -> PeerAddress {
    guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
    return PeerAddress(address, port: port)
}

/// A server behind proxies in 10.0.0.0/8 that answers `/who` with the client's address.
private func world(proxyProtocol: Bool, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> World {
    let world = World { settings in
        settings.admission.proxies = ["10.0.0.0/8"].compactMap(AddressRange.init)
        settings.proxyProtocol = proxyProtocol
        adjust(&settings)
    }
    world.server.endpoints["/who"] = .http(bodyBytesMax: 0) { $0.respond(.ok, text: $0.peer.description) }
    return world
}

private func who(_ fields: String = "") -> [UInt8] { Array("GET /who HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8) }

extension FakeStream {
    fileprivate var text: String { String(decoding: sent, as: UTF8.self) }
    fileprivate var body: String { text.components(separatedBy: "\r\n\r\n").last ?? "" }
}

@Suite("PROXY protocol at the door")
struct ProxyProtocolTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
    /// PROXY, TCP over IPv4, from 192.0.2.1 port 8080.
    private static let header: [UInt8] =
        signature + [0x21, 0x11, 0, 12, 192, 0, 2, 1, 192, 0, 2, 2, 0x1F, 0x90, 1, 0xBB]
    private static let local: [UInt8] = signature + [0x20, 0, 0, 0]

    @Test func `the header's address is the client's, and what comes with it is served, in every cut`() {
        let bytes = Self.header + who()
        for cut in 0...bytes.count {
            let world = world(proxyProtocol: true)
            let stream = world.arrive(from: proxy)
            stream.receive(Array(bytes[..<cut]))
            world.turn()
            stream.receive(Array(bytes[cut...]))
            world.turn()
            #expect(stream.body == "192.0.2.1:8080\n", "cut at \(cut)")
        }
    }

    @Test func `a proxy that checks our health speaks for itself`() {
        let world = world(proxyProtocol: true)
        let stream = world.arrive(from: proxy)
        stream.receive(Self.local + who())
        world.turn()
        #expect(stream.body == "10.0.0.1:40000\n")
    }

    /// A beginning that is none.
    struct Beginning: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
    }

    private static func beginning(_ name: String, _ tail: [UInt8]) -> Beginning {
        Beginning(testDescription: name, bytes: signature + tail)
    }

    static let wrongBeginnings: [Beginning] = [
        Beginning(testDescription: "no header", bytes: who()),
        Beginning(testDescription: "version 1", bytes: Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8)),
        Beginning(testDescription: "TLS", bytes: [0x16, 3, 1, 2, 0]),
        beginning("version byte 0xFF", [0xFF]), beginning("command 2", [0x22]), beginning("UDP", [0x21, 0x12]),
        beginning("Unix", [0x21, 0x31]), beginning("too short", [0x21, 0x11, 0, 11]),
        beginning("537 bytes", [0x21, 0x11, 2, 9]), beginning("65,551 bytes", [0x21, 0x21, 0xFF, 0xFF]),
    ]

    @Test(arguments: wrongBeginnings)
    func `a listed proxy that begins otherwise is closed without a word`(_ beginning: Beginning) {
        let world = world(proxyProtocol: true)
        let stream = world.arrive(from: proxy)
        stream.receive(beginning.bytes)
        world.turn()
        #expect(stream.isClosed && stream.sent.isEmpty && world.count(.proxyHeadersRefused) == 1)
        #expect(world.server.connectionCount == 0)
    }

    @Test func `the header is there within a second, whatever drips`() {
        let world = world(proxyProtocol: true)
        let streams = [[], Array(Self.header.prefix(27))].map { bytes in
            let stream = world.arrive(from: proxy)
            stream.receive(bytes)
            return stream
        }
        world.run(.milliseconds(990))
        #expect(streams.allSatisfy { !$0.isClosed })
        world.run(.milliseconds(20))
        #expect(streams.allSatisfy(\.isClosed) && world.count(.proxyHeadersRefused) == 2)
        #expect(world.server.nextWake == nil)
    }

    @Test func `a second header is a bad request`() {
        let world = world(proxyProtocol: true)
        let stream = world.arrive(from: proxy)
        stream.receive(Self.header + Self.header + who())
        world.turn()
        #expect(stream.text.hasPrefix("HTTP/1.1 400"))
    }

    @Test(arguments: [true, false])
    func `from a stranger, or with the protocol off, a header is a bad request`(isOn: Bool) {
        let world = world(proxyProtocol: isOn)
        let stream = world.arrive(from: isOn ? stranger : proxy)
        stream.receive(Self.header + who())
        world.turn()
        #expect(stream.text.hasPrefix("HTTP/1.1 400") && world.count(.proxyHeadersRefused) == 0)
    }

    @Test func `the client counts for the limits, and the proxy does not`() {
        let world = world(proxyProtocol: true) { $0.admission.connectionsPerAddressMax = 1 }
        let streams = [Self.header, Self.header, Self.local, Self.local].map { header in
            let stream = world.arrive(from: proxy)
            stream.receive(header + who())
            world.turn()
            return stream
        }
        #expect(streams.map { $0.text.prefix(12) } == [200, 503, 200, 200].map { "HTTP/1.1 \($0)" })
        #expect(world.count(.addressesRefused) == 1 && world.server.connectionCount == 3)
        streams[0].cut()
        let next = world.arrive(from: proxy)
        next.receive(Self.header + who())
        world.turn()
        #expect(next.text.hasPrefix("HTTP/1.1 200"))
    }

    @Test func `a proxy that goes, or keeps a thousand waiting, leaves nothing behind`() {
        let world = world(proxyProtocol: true)
        let gone = world.arrive(from: proxy)
        gone.end()
        world.arrive(from: proxy).cut()
        world.turn()
        #expect(gone.isClosed && world.server.nextWake == nil)
        let waiting = (0..<1_025).map { _ in world.arrive(from: proxy) }
        world.turn()
        #expect(waiting.count(where: \.isClosed) == 1 && world.count(.proxyHeadersRefused) == 1)
        world.run(.seconds(2))
        #expect(waiting.allSatisfy(\.isClosed) && world.server.nextWake == nil)
    }
}

@Suite("Forwarded addresses at the door")
struct ForwardedTests {
    @Test(arguments: [
        ("", "10.0.0.1:40000"), ("198.51.100.7", "198.51.100.7:0"), ("1.1.1.1, 198.51.100.7", "198.51.100.7:0"),
        ("1.1.1.1, 198.51.100.7, 10.9.9.9", "198.51.100.7:0"), ("2001:db8::7", "[2001:db8::7]:0"),
        ("127.0.0.1, 198.51.100.7:4711", "198.51.100.7:0"), ("198.51.100.7, unknown", "10.0.0.1:40000"),
    ])
    func `the client of a request is the last that no listed proxy names`(_ list: String, _ expected: String) {
        let world = world(proxyProtocol: false)
        let stream = world.arrive(from: proxy)
        stream.receive(who(list.isEmpty ? "" : "X-Forwarded-For: \(list)\r\n"))
        world.turn()
        #expect(stream.body == expected + "\n")
    }

    @Test func `each request of one connection has its own client`() {
        let world = world(proxyProtocol: false)
        let stream = world.arrive(from: proxy)
        stream.receive(who("X-Forwarded-For: 192.0.2.7\r\n"))
        world.turn()
        #expect(stream.body == "192.0.2.7:0\n")
        stream.receive(who())
        world.turn()
        #expect(stream.body == "10.0.0.1:40000\n")
    }

    @Test func `a stranger is not believed`() {
        let world = world(proxyProtocol: false)
        let stream = world.arrive(from: stranger)
        stream.receive(who("X-Forwarded-For: 127.0.0.1\r\n"))
        world.turn()
        #expect(stream.body == "198.51.100.9:40000\n")
    }

    @Test func `a WebSocket counts for its client, whatever the proxy has beside it`() {
        let world = world(proxyProtocol: false) { $0.admission.connectionsPerAddressMax = 2 }
        func upgrade(_ client: String) -> (stream: FakeStream, status: Substring) {
            let stream = world.arrive(from: proxy)
            stream.receive(Client.request("/lobby/x", fields: "X-Forwarded-For: \(client)\r\n"))
            world.turn()
            return (stream, stream.text.dropFirst(9).prefix(3))
        }
        let first = upgrade("192.0.2.7")
        #expect([first.status, upgrade("192.0.2.7").status, upgrade("192.0.2.7").status] == ["101", "101", "503"])
        #expect(upgrade("192.0.2.8").status == "101")
        #expect(world.count(.addressesRefused) == 1 && world.server.connectionCount == 3)
        first.stream.cut()
        #expect(upgrade("192.0.2.7").status == "101")
    }

    @Test func `the join hook and the log hear of the client`() {
        var hooks = ServerHooks()
        var heard: [String] = []
        hooks.authorize = { request, decided in
            heard.append(request.peerAddress)
            decided(.success(.guest))
        }
        let world = World(hooks: hooks) { $0.admission.proxies = ["10.0.0.0/8"].compactMap(AddressRange.init) }
        let client = Client(world, "/lobby/x", fields: "X-Forwarded-For: 192.0.2.7\r\n", peer: proxy)
        client.send(text: #"{"event":"join","data":{}}"#)
        #expect(heard == ["192.0.2.7:0"])
    }
}

@Suite("Broken TLS handshakes")
struct BrokenHandshakeTests {
    private func breakHandshake(_ world: World, _ reason: String?, isHandshaking: Bool = true) {
        let stream = world.arrive(from: stranger, isSecure: true)
        (stream.isHandshaking, stream.failure) = (isHandshaking, reason)
        stream.cut()
        world.turn()
    }

    @Test func `each is counted, and each kind logged once a minute`() {
        let world = World { $0.admission.addressRate = AdmissionRate(perSecond: 1_000, burst: 1_000) }
        for _ in 0..<5 { breakHandshake(world, "no TLS") }
        breakHandshake(world, "no suite")
        #expect(world.count(.handshakesFailed) == 6)
        #expect(world.logLines == ["198.51.100.9:40000: no TLS", "198.51.100.9:40000: no suite"])
        world.run(.seconds(60))
        breakHandshake(world, "no TLS")
        #expect(world.logLines.last == "198.51.100.9:40000: no TLS (and 4 times more in the last while)")
    }

    @Test func `a peer that just goes, or breaks the stream later, has not failed a handshake`() {
        let world = World()
        breakHandshake(world, nil)
        breakHandshake(world, "a damaged record", isHandshaking: false)
        #expect(world.count(.handshakesFailed) == 0 && world.logLines.isEmpty)
    }

    @Test func `kinds beyond sixteen in a minute are left out`() {
        let world = World { $0.admission.addressRate = AdmissionRate(perSecond: 1_000, burst: 1_000) }
        for number in 0..<20 { breakHandshake(world, "kind \(number)") }
        #expect(world.logLines.count == 16 && world.count(.handshakesFailed) == 20)
        world.run(.seconds(60))
        breakHandshake(world, "kind 19")
        #expect(world.logLines.count == 17)
    }
}
