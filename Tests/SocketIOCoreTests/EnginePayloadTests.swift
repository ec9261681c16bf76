import Determinism
import FuzzTargets
import SocketIOCore
import Testing
import VectorFiles

/// `protocol/vectors/engine-payload.json`.
private struct PayloadVectors: Decodable {
    struct Packet: Decodable {
        var text: String?
        var binary: [Segment]?

        var entry: EnginePayloadEntry { binary.map { .binary($0.bytes) } ?? .text(Array((text ?? "").utf8)) }
    }

    struct Payload: Decodable, CustomTestStringConvertible {
        var id: String
        var form: String
        var input: [Segment]
        var messageBytesMax: Int?
        var packetsMax: Int?
        var packets: [Packet]
        var packetCount: Int?
        var error: String?
        var writes: Bool?

        var testDescription: String { id }
    }

    struct Frames: Decodable, CustomTestStringConvertible {
        struct Taken: Decodable {
            var frames: Int
            var bytes: Int
            var packets: Int
        }

        var id: String
        var revision: UInt8
        var base64: Bool
        var bytesMax: Int?
        var frames: [Segment]
        var body: [Segment]?
        var taken: Taken?
        var form: String?
        var output: [Segment]?

        var testDescription: String { id }
    }

    struct Script: Decodable, CustomTestStringConvertible {
        var id: String
        var payload: [Segment]?
        var index: Int?
        var script: [Segment]?
        var body: [Segment]?

        var testDescription: String { id }
    }

    var payloads: [Payload]
    var frames: [Frames]
    var reframed: [Frames]
    var scripts: [Script]
    var forms: [Script]

    static let all = Result { try vectors("engine-payload.json", as: PayloadVectors.self) }
}

private func form(_ name: String) -> EnginePayload.Form {
    name == "separated" ? .separated : name == "counted" ? .counted : .bytes
}

private func payload(of packets: [EnginePayloadEntry], form: EnginePayload.Form) -> [UInt8] {
    var body: [UInt8] = []
    for (index, packet) in packets.enumerated() {
        switch packet {
        case .text(let bytes): EnginePayload.append(text: bytes.span, to: &body, form: form, isFirst: index == 0)
        case .binary(let bytes): EnginePayload.append(binary: bytes.span, to: &body, form: form, isFirst: index == 0)
        case .failed: continue
        }
    }
    return body
}

@Suite("Engine.IO payloads: spec/socketio.md §7, reliability E-09 and E-11")
struct EnginePayloadTests {
    @Test func `a payload reads, and where it says so writes, as its vector`() throws {
        for vector in try PayloadVectors.all.get().payloads {
            let body = vector.input.bytes
            let decoder = EnginePayloadDecoder(
                form: form(vector.form), messageBytesMax: vector.messageBytesMax ?? 1_000_000,
                packetsMax: vector.packetsMax ?? EnginePayloadDecoder.packetsMax)
            var entries = entries(of: body, by: decoder)
            var error: String?
            if case .failed(let failure)? = entries.last {
                error = failure.name
                entries.removeLast()
            }
            #expect(error == vector.error, "\(vector.id)")
            if let count = vector.packetCount {
                #expect(entries.count == count, "\(vector.id)")
            } else {
                #expect(entries == vector.packets.map(\.entry), "\(vector.id)")
            }
            if vector.writes == true {
                #expect(payload(of: entries, form: form(vector.form)) == body, "\(vector.id)")
            }
        }
    }

    @Test func `a decoder says nothing more after an error or the end`() throws {
        var decoder = EnginePayloadDecoder(form: .separated, messageBytesMax: 100)
        let body = Array("4a\u{1E}\u{1E}4b".utf8)
        let first = try decoder.next(body.span)
        let failed = Result { try decoder.next(body.span) }
        let after = try decoder.next(body.span)
        #expect(first == .text(0..<2) && after == nil)
        #expect(throws: EngineError.emptyPacket) { try failed.get() }
    }

    @Test func `payloads are made of frames as the vectors say, also behind other bytes`() throws {
        for vector in try PayloadVectors.all.get().frames {
            let frames = vector.frames.bytes
            for prefix in [[], Array("x".utf8)] {
                var body = prefix
                let taken = EnginePayload.appendPackets(
                    fromFrames: frames.span, to: &body,
                    revision: try #require(EngineRevision(rawValue: vector.revision)), base64: vector.base64,
                    bytesMax: vector.bytesMax ?? 0)
                let expected = try #require(vector.taken)
                #expect(body == prefix + (vector.body?.bytes ?? []), "\(vector.id)")
                #expect(taken.frameCount == expected.frames, "\(vector.id)")
                #expect(taken.byteCount == expected.bytes, "\(vector.id)")
                #expect(taken.packetCount == expected.packets, "\(vector.id)")
                #expect(taken.form == form(vector.form ?? ""), "\(vector.id)")
            }
        }
    }

    @Test func `frames for other clients are as the vectors say`() throws {
        for vector in try PayloadVectors.all.get().reframed {
            let frames = vector.frames.bytes
            var out: [UInt8] = []
            EnginePayload.reframe(
                frames.span, to: &out,
                revision: try #require(EngineRevision(rawValue: vector.revision)), base64: vector.base64)
            #expect(out == vector.output?.bytes, "\(vector.id)")
        }
    }

    @Test func `scripts and forms are as the vectors say`() throws {
        for vector in try PayloadVectors.all.get().scripts {
            let text = vector.payload?.bytes ?? []
            let script = EngineJSONP.script(text.span, index: vector.index ?? 0)
            #expect(script == vector.script?.bytes, "\(vector.id)")
        }
        for vector in try PayloadVectors.all.get().forms {
            let body = vector.body?.bytes ?? []
            let payload = EngineJSONP.payload(ofForm: body.span)
            #expect(payload == vector.payload?.bytes, "\(vector.id)")
        }
    }

    @Test func `random packets come back from every form, and from an outbox in payloads of any size`() {
        var random = SeededRandom(seed: 9)
        for round in 0..<400 {
            let packets = (0..<random.int(in: 1...12)).map { _ -> EnginePayloadEntry in
                let bytes = (0..<random.int(in: 0...300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                guard random.int(in: 0...1) == 0 else { return .binary(bytes) }
                let characters = bytes.map { ["a", "\"", "é", "€", "\u{1F600}", "\n", "\\"][Int($0) % 7] }
                return .text(Array(("4" + characters.joined()).utf8))
            }
            for form in [EnginePayload.Form.separated, .counted, .bytes] {
                let decoder = EnginePayloadDecoder(form: form, messageBytesMax: 10_000)
                #expect(entries(of: payload(of: packets, form: form), by: decoder) == packets, "seed 9, \(round)")
                var input: [UInt8] = [form == .separated ? 0 : form == .counted ? 1 : 2, 255, 255]
                input += payload(of: packets, form: form)
                fuzzEnginePayload(input)
            }
        }
    }

    @Test func `a payload of changed bytes never traps`() {
        var random = SeededRandom(seed: 10)
        let seeds: [[UInt8]] = [
            Array("\0\u{10}\u{10}4hello\u{1E}bAQIDBA==\u{1E}2".utf8),
            Array("\u{1}\u{10}\u{10}6:4hello10:b4AQIDBA==3:4€a".utf8),
            [2, 16, 16, 0, 2, 255, 0x34, 0x61, 1, 3, 255, 4, 1, 2], Array("\u{5}\u{10}\u{10}d=6%3A4hello".utf8),
        ]
        for round in 0..<20_000 {
            var input = seeds[round % seeds.count]
            for _ in 0..<random.int(in: 1...3) {
                input[random.int(in: 3...input.count - 1)] = UInt8(truncatingIfNeeded: random.next())
            }
            fuzzEnginePayload(input)
        }
    }

    @Test func `every stored input of the fuzzer is read`() throws {
        for (_, input) in try corpus("engine-payload") { fuzzEnginePayload(input) }
    }

    @Test func `the media type chooses the form, and revision 4 has none for bytes`() {
        let types: [(String?, EnginePayload.Form?, EnginePayload.Form?)] = [
            (nil, .separated, .counted), ("", .separated, .counted), ("text/plain", .separated, .counted),
            ("text/plain;charset=UTF-8", .separated, .counted), ("text/plain; charset=latin1", .separated, .counted),
            ("multipart/form-data; boundary=x", .separated, .counted), ("application/octet-stream", nil, .bytes),
            ("Application/Octet-Stream ; a=b", nil, .bytes), ("application/octet-streams", .separated, .counted),
        ]
        for (type, four, three) in types {
            #expect(EnginePayload.Form(.four, contentType: type) == four)
            #expect(EnginePayload.Form(.three, contentType: type) == three)
        }
        #expect(EnginePayload.Form.separated.contentType == "text/plain; charset=UTF-8")
        #expect(EnginePayload.Form.bytes.contentType == "application/octet-stream")
    }

    @Test func `an outbox of anything but whole final server frames is a mistake of ours`() async {
        await #expect(processExitsWith: .failure) { take([0x01, 0x01, 0x34]) }
        await #expect(processExitsWith: .failure) { take([0xC1, 0x01, 0x34]) }
        await #expect(processExitsWith: .failure) { take([0x81, 0x81, 1, 2, 3, 4, 0x34]) }
        await #expect(processExitsWith: .failure) { take([0x81, 0x02, 0x34]) }
        await #expect(processExitsWith: .failure) { take([0x81]) }
        await #expect(processExitsWith: .failure) { take([0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255]) }
    }
}

private func take(_ frames: [UInt8]) {
    var body: [UInt8] = []
    _ = EnginePayload.appendPackets(
        fromFrames: frames.span, to: &body, revision: .four, base64: false, bytesMax: 100)
}
