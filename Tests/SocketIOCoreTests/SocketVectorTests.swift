import JSONCore
import SocketIOCore
import Testing

/// The messages of one session in `protocol/vectors/socketio.json`.
struct SocketVector: Decodable, CustomTestStringConvertible {
    struct Message: Decodable, Equatable {
        var text: String?
        var hex: String?
    }

    struct Packet: Decodable, Equatable {
        var type: String
        var namespace: String
        var ack: Int?
        var data: String?
    }

    var id: String
    var messages: [Message]
    var packets: [Packet]
    var error: String?
    var encodes: Bool?

    var testDescription: String { id }

    static let all = vectors("socketio", of: SocketVector.self)
}

/// What one message came to.
enum Outcome: Equatable {
    case packet(SocketPacket)
    case nothing
    case refused(SocketPacketError)
}

extension SocketPacketDecoder {
    /// Takes a message as a WebSocket delivers it: text with Engine.IO's `4`, or bytes.
    mutating func receive(_ message: SocketVector.Message) -> Outcome {
        do throws(SocketPacketError) {
            let packet: SocketPacket?
            if let text = message.text {
                packet = try self.text(Array(text.utf8).span.extracting(droppingFirst: EnginePacket.dataStart))
            } else {
                packet = try binary(bytes(hex: message.hex ?? "").span)
            }
            return packet.map { .packet($0) } ?? .nothing
        } catch {
            return .refused(error)
        }
    }
}

extension SocketVector.Packet {
    /// `packet` in the form of the vectors.
    init(_ packet: SocketPacket) {
        namespace = packet.namespace
        switch packet.body {
        case .connect(let payload): (type, data) = ("connect", payload.map { JSONValue.object($0).text })
        case .disconnect: type = "disconnect"
        case .event(let name, let values, let ackID):
            (type, ack, data) = ("event", ackID, Self.text([name.value] + values))
        case .ack(let values, let id): (type, ack, data) = ("ack", id, Self.text(values))
        case .connectError(let reason): (type, data) = ("connectError", reason.text)
        }
    }

    private static func text(_ values: [JSONValue]) -> String {
        JSONValue.array(values.map(visible)).text
    }

    private static func visible(_ value: JSONValue) -> JSONValue {
        switch value {
        case .binary(let bytes): return ["$binary": .string(hex(bytes))]
        case .array(let values): return .array(values.map(visible))
        case .object(var object):
            for member in object.members { object[member.key] = visible(member.value) }
            return .object(object)
        default: return value
        }
    }
}

/// What a sender of `packet` puts on the WebSocket.
func messages(of packet: SocketPacket) throws -> [SocketVector.Message] {
    let (text, attachments) = try SocketPacketEncoder.encode(packet)
    return [.init(text: String(decoding: text, as: UTF8.self))] + attachments.map { .init(hex: hex($0)) }
}

@Suite("Socket.IO v5 vectors")
struct SocketVectorTests {
    @Test func `the file holds every vector`() {
        #expect(SocketVector.all.count >= 153)
    }

    @Test(arguments: SocketVector.all)
    func `a session's messages come to the packets or the error of its vector`(_ vector: SocketVector) throws {
        var decoder = SocketPacketDecoder()
        let outcomes = vector.messages.map { decoder.receive($0) }
        let packets = outcomes.compactMap { if case .packet(let packet) = $0 { packet } else { nil } }
        #expect(packets.map(SocketVector.Packet.init) == vector.packets)
        let errors = outcomes.compactMap { if case .refused(let error) = $0 { error } else { nil } }
        #expect(errors.map(\.name) == (vector.error.map { [$0] } ?? []))
        #expect(errors.allSatisfy { $0.description.hasSuffix(".") })
        if vector.error != nil {
            let last = try #require(outcomes.last)
            #expect(errors.last.map { .refused($0) } == last)
        }
        #expect(!decoder.isWaiting)
        if let encodes = vector.encodes {
            #expect((try packets.flatMap(messages(of:)) == vector.messages) == encodes)
        }
    }

    @Test(arguments: SocketVector.all.filter { $0.messages.count > 1 && $0.encodes == true && $0.packets.count == 1 })
    func `messages of a binary packet in any other order never make a packet`(_ vector: SocketVector) {
        for start in 1..<vector.messages.count {
            var decoder = SocketPacketDecoder()
            let first = decoder.receive(vector.messages[start])
            #expect(first == .refused(.unexpectedAttachment))
        }
        for sent in 1..<vector.messages.count {
            var decoder = SocketPacketDecoder()
            let outcomes = vector.messages[..<sent].map { decoder.receive($0) }
            #expect(outcomes.allSatisfy { $0 == .nothing } && decoder.isWaiting)
            let text = decoder.receive(.init(text: #"42["x"]"#))
            #expect(text == .refused(.textInsteadOfAttachment))
            #expect(!decoder.isWaiting)
        }
    }
}
