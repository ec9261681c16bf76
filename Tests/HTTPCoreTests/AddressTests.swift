import ByteKit
import HTTPCore
import HTTPTypes
import Testing

@Suite("RFC 4291 §2.2 and RFC 5952 §4 addresses")
struct AddressTests {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("192.0.2.1", "192.0.2.1"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("1::8", "1::8"), ("2001:DB8::A", "2001:db8::a"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("1:0:0:4:0:0:7:8", "1::4:0:0:7:8"), ("1:0:0:4:0:0:0:8", "1:0:0:4::8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"), ("::192.0.2.1", "::c000:201"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("fe80::1%eth0", "fe80::1"),
    ])
    func `an address reads, and is written in its one short form`(_ text: String, _ written: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == written)
        #expect(IPAddress(written) == address)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "1.2.3.", ".1.2.3",
        "1..2.3", "+1.2.3.4", "0x1.2.3.4", "1.2.3.4%eth0", "1.2.3.4:80", "1.2.3.1000", "٣.2.3.4",
        ":", ":::", "1:", ":1", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "12345::", "g::", "[::1]", "::1%", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::", "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4", "::-1", "2001:db8::1/64", "localhost",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
    ])
    func `anything else is no address`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ("10.0.0.0/8", "::a00:1", false), ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1/32", "192.0.2.1", true), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true), ("::/0", "8.8.8.8", false), ("fd00::/8", "fdff::1", true),
        ("fd00::/8", "fe00::1", false), ("::1/128", "::1", true), ("::1", "::2", false),
        ("2001:db8::/33", "2001:db8:7fff::", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ("::ffff:10.0.0.0/104", "10.1.1.1", true), ("10.0.0.128/25", "10.0.0.127", false),
    ])
    func `a range has the addresses that begin as it does`(_ range: String, _ address: String, _ isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(#require(IPAddress(address))) == isIn)
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.1/8", "::/129",
        "::1/64", "fe80::%eth0/64", "10.0.0/8", "10.0.0.0/1000", "10.0.0.0/ 8", "*",
    ])
    func `anything else is no range`(_ text: String) {
        #expect(AddressRange(text) == nil)
    }
}

@Suite("Ranges and peers as text")
struct AddressTextTests {
    @Test(arguments: ["10.0.0.0/8", "192.0.2.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::1", "fe80::/10"])
    func `a range is written as it was read`(_ text: String) {
        #expect(AddressRange(text)?.description == text)
    }

    @Test(arguments: ["192.0.2.1", "2001:db8::1"])
    func `an address is the same with a port and without`(_ text: String) throws {
        let address = try #require(IPAddress(text))
        let peer = PeerAddress(address, port: 7)
        #expect(peer.host == text && peer.port == 7 && IPAddress(peer) == address)
        #expect(IPAddress(PeerAddress.local) == nil)
    }
}

@Suite("X-Forwarded-For, counted from the right")
struct ForwardedAddressTests {
    private let trusted = ["10.0.0.0/8", "fd00::/8", "192.0.2.10"].compactMap(AddressRange.init)

    private func client(peer: String = "10.0.0.1", _ values: [String]) throws -> String {
        var fields: HTTPFields = [.accept: "*/*"]
        let name = try #require(HTTPField.Name("X-Forwarded-For"))
        for value in values { fields.append(HTTPField(name: name, value: value)) }
        return ForwardedAddress.client(peer: try #require(IPAddress(peer)), fields: fields, trusted: trusted)
            .description
    }

    @Test(arguments: [
        ("none", [], "10.0.0.1"),
        ("one", ["198.51.100.7"], "198.51.100.7"),
        ("spoofed", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        ("two proxies", ["1.1.1.1, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        ("spoofed as a proxy", ["10.0.0.9, 198.51.100.7"], "198.51.100.7"),
        ("all trusted", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("two fields are one list", ["1.1.1.1", "198.51.100.7, 192.0.2.10"], "198.51.100.7"),
        ("port", ["198.51.100.7:4711"], "198.51.100.7"),
        ("IPv6", ["2001:db8::7"], "2001:db8::7"),
        ("brackets", ["[2001:db8::7]"], "2001:db8::7"),
        ("brackets and port", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("zone", ["fe80::7%eth0"], "fe80::7"),
        ("mapped", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("mapped proxy", ["198.51.100.7, ::ffff:10.1.2.3"], "198.51.100.7"),
        ("private client", ["192.168.1.5"], "192.168.1.5"),
        ("a name", ["198.51.100.7, unknown"], "10.0.0.1"),
        ("a name behind a proxy", ["198.51.100.7, _hidden, 10.0.0.4"], "10.0.0.4"),
        ("blanks and empty elements", [" , 198.51.100.7 ,\t, "], "198.51.100.7"),
        ("bad port", ["198.51.100.7:99999"], "10.0.0.1"),
        ("no port after the colon", ["198.51.100.7:"], "10.0.0.1"),
        ("IPv4 in brackets", ["[198.51.100.7]"], "10.0.0.1"),
        ("open bracket", ["[2001:db8::7"], "10.0.0.1"),
    ])
    func `the client is the first from the right that is no proxy`(
        _ name: String, _ values: [String], _ expected: String
    ) throws {
        #expect(try client(values) == expected)
    }

    @Test func `a peer that is no proxy is not believed`() throws {
        #expect(try client(peer: "198.51.100.7", ["1.1.1.1"]) == "198.51.100.7")
        #expect(try client(peer: "::ffff:10.0.0.1", ["1.1.1.1"]) == "1.1.1.1")
    }

    @Test func `of a thousand entries 64 are looked at`() throws {
        let proxies = (0..<1000).map { "10.0.\($0 / 250).\($0 % 250)" }
        #expect(try client([(["1.1.1.1"] + proxies).joined(separator: ", ")]) == proxies[1000 - 64])
        #expect(try client([(["1.1.1.1"] + proxies.prefix(63)).joined(separator: ", ")]) == "1.1.1.1")
        #expect(try client([String(repeating: ",", count: 1000)]) == "10.0.0.1")
    }
}
