import FuzzTargets
import JSONCore
import MessagePackCore
import SocketIOCore
import Testing
import VectorFiles

/// One message of `protocol/vectors/packed-packets.json`.
struct PackedVector: Decodable, CustomTestStringConvertible {
    var id: String
    var hex: String
    var packet: SocketVector.Packet?
    var writes: Bool?
    var error: String?

    var testDescription: String { id }

    static let all = vectors("packed-packets", of: PackedVector.self)
}

func unpack(
    _ bytes: [UInt8], _ limits: SocketPacketDecoder.Limits = SocketPacketDecoder.Limits()
) -> Result<SocketPacket, SocketPacketError> {
    do throws(SocketPacketError) {
        return .success(try SocketPacket(unpacking: bytes.span, limits: limits))
    } catch {
        return .failure(error)
    }
}

@Suite("Socket.IO packets in MessagePack (socket.io-msgpack-parser; python-socketio)")
struct PackedPacketTests {
    @Test func `the file holds every vector`() {
        #expect(PackedVector.all.count >= 54)
    }

    @Test(arguments: PackedVector.all)
    func `a message is read, or refused, as the vector says`(_ vector: PackedVector) {
        switch unpack(bytes(hex: vector.hex)) {
        case .success(let packet):
            #expect(SocketVector.Packet(packet) == vector.packet)
        case .failure(let error):
            #expect(error.name == vector.error)
            #expect(!error.description.isEmpty)
        }
    }

    @Test(arguments: PackedVector.all.filter { $0.writes == true })
    func `a packet is written as the reference writes it`(_ vector: PackedVector) throws {
        let packet = try unpack(bytes(hex: vector.hex)).get()
        var packed: [UInt8] = []
        SocketPacketEncoder.pack(packet, to: &packed)
        #expect(hex(packed) == vector.hex)
    }

    @Test(arguments: PackedVector.all.filter { $0.packet != nil })
    func `a message cut anywhere is refused`(_ vector: PackedVector) {
        let whole = bytes(hex: vector.hex)
        for length in 0..<whole.count {
            guard case .failure(.malformedPack) = unpack(Array(whole[..<length])) else {
                Issue.record("accepted \(length) of \(whole.count) bytes")
                continue
            }
        }
    }

    @Test func `events and acks are written behind what a buffer holds`() {
        var packed: [UInt8] = [9]
        SocketPacketEncoder.pack(event: "hi", namespace: "/a", ackID: 3, [1, .binary([7])], to: &packed)
        SocketPacketEncoder.pack(
            ack: 4, namespace: "/", SocketArguments(text: Array(#""x",{"a":[]}"#.utf8)), to: &packed)
        var expected: [UInt8] = [9]
        let event: JSONValue = ["type": 2, "nsp": "/a", "data": ["hi", 1, .binary([7])], "id": 3]
        let ack: JSONValue = ["type": 3, "nsp": "/", "data": ["x", ["a": []]], "id": 4]
        expected += event.packed + ack.packed
        #expect(packed == expected)
    }

    @Test func `limits count for the whole message`() {
        let packet: JSONValue = ["type": 2, "nsp": "/", "data": ["hi", .binary(Array(repeating: 1, count: 100))]]
        let bytes = packet.packed
        #expect(unpack(bytes, SocketPacketDecoder.Limits(packetBytesMax: bytes.count)).isSuccess)
        #expect(unpack(bytes, SocketPacketDecoder.Limits(packetBytesMax: bytes.count - 1)) == .failure(.tooLarge))
        let small = SocketPacketDecoder.Limits(json: JSONLimits(depthMax: 2, valuesMax: 5))
        #expect(unpack((["type": 2, "nsp": "/", "data": ["a"]] as JSONValue).packed, small).isSuccess)
        #expect(!unpack((["type": 2, "nsp": "/", "data": ["a", 1]] as JSONValue).packed, small).isSuccess)
        #expect(!unpack((["type": 2, "nsp": "/", "data": [[]]] as JSONValue).packed, small).isSuccess)
    }

    @Test func `every stored input of the fuzzer comes out the same once it is written again`() throws {
        for (_, input) in try corpus("packed-packets") { fuzzPackedPackets(input) }
    }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
}
