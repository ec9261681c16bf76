import Determinism
import SocketIOCore
import Testing

/// One text message of `protocol/vectors/engineio.json`.
struct EngineVector: Decodable, CustomTestStringConvertible {
    struct Open: Decodable {
        var sid: String
        var upgrades: [String]
        var pingInterval: Int
        var pingTimeout: Int
        var maxPayload: Int
        var encodes: Bool
    }

    var id: String
    var text: String
    var kind: String?
    var probe: Bool?
    var data: String?
    var open: Open?
    var error: String?
    var client: Bool?

    var testDescription: String { id }
    var bytes: [UInt8] { Array(text.utf8) }

    static let all = vectors("engineio", of: EngineVector.self)
}

func enginePacket(_ bytes: [UInt8]) -> Result<EnginePacket, EngineError> {
    do throws(EngineError) {
        return .success(try EnginePacket(bytes.span))
    } catch {
        return .failure(error)
    }
}

func engineOpen(_ bytes: [UInt8]) -> Result<EngineOpen, EngineError> {
    do throws(EngineError) {
        return .success(try EngineOpen(packet: bytes.span))
    } catch {
        return .failure(error)
    }
}

@Suite("Engine.IO v4 packets over WebSocket")
struct EngineTests {
    @Test(arguments: EngineVector.all.filter { $0.open == nil && $0.client != true })
    func `a packet has the kind and data of its vector`(_ vector: EngineVector) {
        switch enginePacket(vector.bytes) {
        case .success(let packet):
            #expect("\(packet.kind)" == vector.kind)
            #expect(packet.isProbe == vector.probe)
            #expect(String(decoding: vector.bytes[EnginePacket.dataStart...], as: UTF8.self) == vector.data)
        case .failure(let error):
            #expect(error.name == vector.error)
        }
    }

    @Test(arguments: EngineVector.all.filter { $0.open != nil || $0.client == true })
    func `a handshake reads as its vector says`(_ vector: EngineVector) {
        switch engineOpen(vector.bytes) {
        case .success(let open):
            #expect(open.sid == vector.open?.sid)
            #expect(open.upgrades == vector.open?.upgrades)
            #expect(open.pingInterval == .milliseconds(vector.open?.pingInterval ?? 0))
            #expect(open.pingTimeout == .milliseconds(vector.open?.pingTimeout ?? 0))
            #expect(open.maxPayload == vector.open?.maxPayload)
            #expect((open.encode() == vector.bytes) == vector.open?.encodes)
        case .failure(let error):
            #expect(error.name == vector.error)
        }
    }

    @Test func `every byte is a type or refused`() {
        for byte in UInt8.min...UInt8.max {
            let isType = enginePacket([byte]) != .failure(.unknownType(byte))
            #expect(isType == (UInt8(ascii: "0")...UInt8(ascii: "6")).contains(byte) || byte == UInt8(ascii: "b"))
        }
    }

    @Test func `constant packets read as what they are`() throws {
        #expect(try enginePacket(EnginePacket.close).get().kind == .close)
        #expect(try enginePacket(EnginePacket.ping).get().kind == .ping)
        #expect(try enginePacket(EnginePacket.pong).get().kind == .pong)
        #expect(try enginePacket(EnginePacket.noop).get().kind == .noop)
        let probe = try enginePacket(EnginePacket.probePong).get()
        #expect(probe.kind == .pong && probe.isProbe)
    }

    @Test func `an id is 20 characters of the URL alphabet`() {
        #expect(EngineID.make(from: [UInt8](repeating: 0, count: 15)) == "AAAAAAAAAAAAAAAAAAAA")
        #expect(EngineID.make(from: [UInt8](repeating: 255, count: 15)) == "____________________")
        #expect(EngineID.make(from: (0..<15).map { UInt8($0 * 17) }) == "ABEiM0RVZneImaq7zN3u")
    }

    @Test func `a handshake of changed bytes never traps`() {
        var random = SeededRandom(seed: 4)
        let seeds = EngineVector.all.filter { $0.open != nil }.map(\.bytes)
        for round in 0..<5000 {
            var bytes = seeds[round % seeds.count]
            bytes[random.int(in: 0...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
            if case .success(let open) = engineOpen(bytes) {
                _ = HeartbeatWatch(interval: open.pingInterval, timeout: open.pingTimeout, now: .zero).deadline
            }
        }
    }
}
