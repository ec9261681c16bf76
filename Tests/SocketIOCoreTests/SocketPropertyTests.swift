import Determinism
import JSONCore
import SocketIOCore
import Testing

/// Random packets from a seed.
struct RandomPackets {
    var random: SeededRandom
    private var attachmentsLeft = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func packet() -> SocketPacket {
        attachmentsLeft = random.int(in: 0...1) * random.int(in: 0...10)
        let namespace = ["/", "/lobby/a", "/admin?x=1", "/\u{4e16}"][random.int(in: 0...3)]
        let values = (0..<random.int(in: 0...4)).map { _ in value(depth: 3) }
        let id = random.int(in: 0...9_999_999_999)
        switch random.int(in: 0...7) {
        case 0: return SocketPacket(namespace: namespace, .connect(random.int(in: 0...1) == 0 ? nil : ["a": "b"]))
        case 1: return SocketPacket(namespace: namespace, .disconnect)
        case 2: return SocketPacket(namespace: namespace, .connectError(["message": "no"]))
        case 3: return SocketPacket(namespace: namespace, .ack(values, id: id))
        case 4: return SocketPacket(namespace: namespace, .event(.number(Int64(id)), values, ackID: nil))
        case 5: return SocketPacket(namespace: namespace, .event("input", [.binary(bytes())], ackID: nil))
        default: return SocketPacket(namespace: namespace, .event("chat\n", values, ackID: id % 2 == 0 ? id : nil))
        }
    }

    private mutating func value(depth: Int) -> JSONValue {
        switch random.int(in: 0...(depth > 0 ? 6 : 3)) {
        case 0: return .integer(Int64(random.int(in: -9...9)))
        case 1: return .string("\"\u{e9}")
        case 2: return nil
        case 3, 4:
            guard attachmentsLeft > 0 else { return 0.5 }
            attachmentsLeft -= 1
            return .binary(bytes())
        case 5: return .array((0..<random.int(in: 0...3)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for key in 0..<random.int(in: 0...3) { object["k\(key)"] = value(depth: depth - 1) }
            return .object(object)
        }
    }

    private mutating func bytes() -> [UInt8] {
        (0..<random.int(in: 0...5)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}

@Suite("Socket.IO v5 properties over seeded random packets")
struct SocketPropertyTests {
    @Test func `any packet reads back as sent, through one decoder`() throws {
        var packets = RandomPackets(seed: 11)
        var decoder = SocketPacketDecoder()
        for round in 0..<3000 {
            let packet = packets.packet()
            let outcomes = try messages(of: packet).map { decoder.receive($0) }
            #expect(outcomes.last == .packet(packet), "seed 11 round \(round)")
            #expect(outcomes.dropLast().allSatisfy { $0 == .nothing })
        }
    }

    @Test func `the short way of an input gives what the general way gives`() {
        var random = SeededRandom(seed: 12)
        for name in [
            "input", "", "a b", "\u{e9}", "connect", "a\\n", "a\\\"", "a\\", "\u{1}", "a\",\"b", "a\"", "\u{7f}",
        ] {
            for count in 0...2 {
                let id = random.int(in: 0...1) == 0 ? "" : "7"
                let tight = #"45\#(count)-/l,\#(id)["\#(name)",{"_placeholder":true,"num":0}]"#
                // White space keeps the decoder off the short way.
                let loose = tight.replacing(#"",{"#, with: #"", {"#)
                let outcomes = [tight, loose].map { text in
                    var decoder = SocketPacketDecoder()
                    var last = decoder.receive(.init(text: text))
                    while decoder.isWaiting { last = decoder.receive(.init(hex: "0102")) }
                    return last
                }
                #expect(Self.kind(outcomes[0]) == Self.kind(outcomes[1]), "\(tight)")
            }
        }
    }

    private static func kind(_ outcome: Outcome) -> String {
        switch outcome {
        case .refused(let error): error.name
        case .packet(let packet): "\(packet)"
        case .nothing: "nothing"
        }
    }

    @Test func `no changed byte and no order of messages traps, and what is accepted can be sent`() throws {
        let seeds = SocketVector.all.flatMap(\.messages).compactMap(\.text).map { Array($0.utf8.dropFirst()) }
            .filter { $0.count < 200 }
        var random = SeededRandom(seed: 13)
        var decoder = SocketPacketDecoder()
        var accepted = 0
        for round in 0..<100_000 {
            var bytes = seeds[random.int(in: 0...seeds.count - 1)]
            Self.mutate(&bytes, &random)
            let packet: SocketPacket?
            if decoder.isWaiting && random.int(in: 0...7) > 0 {
                packet = try? decoder.binary(bytes.span)
            } else {
                packet = try? decoder.text(bytes.span)
            }
            guard let packet else { continue }
            accepted += 1
            let sent = try messages(of: packet)
            var second = SocketPacketDecoder()
            let outcome = sent.map { second.receive($0) }.last
            #expect(outcome == .packet(packet), "seed 13 round \(round)")
        }
        #expect(accepted > 1000)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let structural = Array("0123456789-/,[]{}\":_ \\".utf8)
        for _ in 0..<random.int(in: 0...3) {
            let at = random.int(in: 0...bytes.count)
            let byte =
                random.int(in: 0...1) == 0
                ? structural[random.int(in: 0...structural.count - 1)] : UInt8(truncatingIfNeeded: random.next())
            switch random.int(in: 0...3) {
            case 0: bytes.insert(byte, at: at)
            case 1: bytes.removeLast(bytes.count - at)
            case 2 where at < bytes.count: bytes.remove(at: at)
            default: if at < bytes.count { bytes[at] = byte }
            }
        }
    }
}
