import ByteKit
import Testing

@Suite("Peer addresses (RFC 4291, RFC 5952)")
struct PeerAddressTests {
    @Test func `IPv4 addresses are four decimal numbers`() {
        #expect(PeerAddress(ipv4: 0xC000_0201, port: 80).description == "192.0.2.1:80")
        #expect(PeerAddress(ipv4: 0, port: 0).description == "0.0.0.0:0")
        #expect(PeerAddress(ipv4: .max, port: 65_535).description == "255.255.255.255:65535")
    }

    @Test(
        arguments: [
            (0x2001_0DB8_0000_0000, 0x0000_0000_0000_0001, "2001:db8::1"),
            (0x2001_0DB8_0000_0000, 0x0001_0000_0000_0001, "2001:db8::1:0:0:1"),
            (0x2001_0DB8_0000_0001, 0x0001_0001_0001_0001, "2001:db8:0:1:1:1:1:1"),
            (0x2001_0000_0000_0001, 0x0000_0000_0000_0001, "2001:0:0:1::1"),
            (0x0000_0000_0000_0000, 0x0000_0000_0000_0000, "::"),
            (0x0000_0000_0000_0000, 0x0000_0000_0000_0001, "::1"),
            (0x0001_0000_0000_0000, 0x0000_0000_0000_0000, "1::"),
            (0x0000_0001_0002_0003, 0x0004_0005_0006_0007, "0:1:2:3:4:5:6:7"),
            (0x0001_0002_0003_0004, 0x0005_0006_0000_0000, "1:2:3:4:5:6::"),
            (0xFE80_0000_0000_0000, 0xABCD_EF01_0203_0A0B, "fe80::abcd:ef01:203:a0b"),
        ] as [(UInt64, UInt64, String)])
    func `IPv6 addresses have one text, and a port in brackets`(_ high: UInt64, _ low: UInt64, _ text: String) {
        let address = PeerAddress(ipv6: high, low, port: 80)
        #expect(address.host == text)
        #expect(address.description == "[\(text)]:80")
        #expect(address.family == .ipv6)
    }

    @Test func `an IPv4 address in IPv6 clothes is the IPv4 address, and nothing else is`() {
        let mapped = PeerAddress(ipv6: 0, 0xFFFF_C000_0201, port: 80)
        #expect(mapped == PeerAddress(ipv4: 0xC000_0201, port: 80) && mapped.family == .ipv4)
        for (high, low) in [(0, 0x1_FFFF_C000_0201), (1, 0xFFFF_C000_0201), (0, 0xC000_0201)] as [(UInt64, UInt64)] {
            #expect(PeerAddress(ipv6: high, low, port: 80).family == .ipv6)
        }
    }

    @Test func `this machine is 127.0.0.0/8, ::1 and whoever has no address`() {
        #expect(PeerAddress(ipv4: 0x7F00_0001, port: 1).isLoopback)
        #expect(PeerAddress(ipv4: 0x7FFF_FFFF, port: 1).isLoopback)
        #expect(PeerAddress(ipv6: 0, 1, port: 1).isLoopback)
        #expect(PeerAddress(ipv6: 0, 0xFFFF_7F00_0001, port: 1).isLoopback)
        #expect(PeerAddress.local.isLoopback && PeerAddress.local.description == "unix:")
        #expect(!PeerAddress(ipv4: 0x8000_0001, port: 1).isLoopback)
        #expect(!PeerAddress(ipv4: 0x7E00_0001, port: 1).isLoopback)
        #expect(!PeerAddress(ipv6: 0, 2, port: 1).isLoopback)
        #expect(!PeerAddress(ipv6: 1, 1, port: 1).isLoopback)
    }

    @Test func `an address is no bigger than three words`() {
        #expect(MemoryLayout<PeerAddress>.stride == 24)
    }
}
