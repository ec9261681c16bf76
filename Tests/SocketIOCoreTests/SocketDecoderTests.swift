import JSONCore
import SocketIOCore
import Testing

@Suite("Socket.IO v5 decoder: limits and state")
struct SocketDecoderTests {
    private let input = #"451-["a",{"_placeholder":true,"num":0}]"#

    @Test func `a packet forgotten half-way leaves nothing behind`() {
        var decoder = SocketPacketDecoder()
        _ = decoder.receive(.init(text: input))
        #expect(decoder.isWaiting)
        decoder.reset()
        let attachment = decoder.receive(.init(hex: "00"))
        let event = decoder.receive(.init(text: #"42["b"]"#))
        #expect(attachment == .refused(.unexpectedAttachment))
        #expect(event == .packet(SocketPacket(.event("b", [], ackID: nil))))
    }

    @Test func `text and attachments together have the packet's limit`() {
        // The `4` is Engine.IO's.
        let textCount = input.utf8.count - 1
        for (room, isAccepted) in [(3, true), (2, false)] {
            var decoder = SocketPacketDecoder(limits: .init(packetBytesMax: textCount + room))
            _ = decoder.receive(.init(text: input))
            let outcome = decoder.receive(.init(hex: "010203"))
            #expect((outcome == .refused(.tooLarge)) == !isAccepted)
            #expect(!decoder.isWaiting)
        }
        var decoder = SocketPacketDecoder(limits: .init(packetBytesMax: textCount - 1))
        let outcome = decoder.receive(.init(text: input))
        #expect(outcome == .refused(.tooLarge))
    }

    @Test func `the limit is for all attachments of a packet, and for each packet anew`() {
        let text = #"452-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#
        var decoder = SocketPacketDecoder(limits: .init(packetBytesMax: text.utf8.count - 1 + 4))
        for _ in 0..<3 {
            let outcomes = [.init(text: text), .init(hex: "0102"), .init(hex: "0304")].map { decoder.receive($0) }
            #expect(
                outcomes.last == .packet(SocketPacket(.event("a", [.binary([1, 2]), .binary([3, 4])], ackID: nil))))
        }
        let outcomes = [.init(text: text), .init(hex: "0102"), .init(hex: "030405")].map { decoder.receive($0) }
        #expect(outcomes.last == .refused(.tooLarge))
    }

    @Test func `text that is not UTF-8 is refused wherever it stands`() {
        for text: [UInt8] in [
            Array("0/".utf8) + [0xFF, 0x2C], Array("2[\"".utf8) + [0xFF] + Array("\"]".utf8), [0xFF], [0x32, 0xFF],
        ] {
            var decoder = SocketPacketDecoder()
            #expect(throws: SocketPacketError.self) { try decoder.text(text.span) }
        }
    }

    @Test func `a namespace is compared with the last one as bytes`() {
        var decoder = SocketPacketDecoder()
        for name in ["/a", "/b", "/a", "/\u{e9}", "/e\u{301}", "/aa", "/a"] {
            let outcome = decoder.receive(.init(text: "40\(name),"))
            guard case .packet(let packet) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(Array(packet.namespace.utf8) == Array(name.utf8))
        }
    }

    @Test func `the JSON limits are those of the session`() {
        var decoder = SocketPacketDecoder(limits: .init(json: JSONLimits(depthMax: 1)))
        let outcome = decoder.receive(.init(text: #"42["a",[1]]"#))
        guard case .refused(.malformedPayload(let error)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        // Counted from the packet's type.
        #expect(error == JSONError.tooDeep(at: 6))
    }
}

extension JSONError {
    fileprivate static func tooDeep(at offset: Int) -> JSONError? {
        var limits = Array(repeating: UInt8(ascii: " "), count: offset)
        limits.append(UInt8(ascii: "["))
        do throws(JSONError) {
            _ = try JSONValue.parse(limits.span, limits: JSONLimits(depthMax: 0))
            return nil
        } catch {
            return error
        }
    }
}
