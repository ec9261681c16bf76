import Determinism
import FuzzTargets
import JSONCore
import MessagePackCore
import Testing
import VectorFiles

@Suite("MessagePack: limits, parts and long values")
struct MessagePackTests {
    @Test(arguments: [65535, 65536])
    func `lengths of 16 and of 32 bits are written and read`(_ length: Int) throws {
        let prefix: [UInt8] = length < 65536 ? [0xFF, 0xFF] : [0, 1, 0, 0]
        let first: UInt8 = length < 65536 ? 0 : 1
        let key = String(repeating: "k", count: length)
        let values: [(JSONValue, UInt8)] = [
            (.string(String(repeating: "x", count: length)), 0xDA),
            (.binary(Array(repeating: 7, count: length)), 0xC5),
            (.array(Array(repeating: nil, count: length)), 0xDC),
        ]
        for (value, mark) in values {
            let packed = value.packed
            #expect(Array(packed.prefix(1 + prefix.count)) == [mark + first] + prefix)
            #expect(try unpack(packed, JSONLimits(valuesMax: 100_000)).get() == value)
        }
        // Written part by part: an object of so many members is not made in a moment.
        var packed: [UInt8] = []
        MessagePack.append(mapOf: length, to: &packed)
        for number in 0..<length {
            MessagePack.append(text: "\(number)", to: &packed)
            MessagePack.appendNull(to: &packed)
        }
        #expect(Array(packed.prefix(1 + prefix.count)) == [0xDE + first] + prefix)
        #expect(try unpack(packed, JSONLimits(valuesMax: 100_000)).get().packed == packed)
        let keyed = JSONValue.object([key: 1])
        #expect(try unpack(keyed.packed).get() == keyed)
    }

    @Test func `doubles that are whole are written as whole numbers, others as they are`() {
        #expect(JSONValue.number(5).packed == [5])
        #expect(JSONValue.number(-0.0).packed == [0])
        #expect(JSONValue.number(-33).packed == [0xD0, 0xDF])
        #expect(JSONValue.number(0x1p63).packed == [0xCF, 0x80, 0, 0, 0, 0, 0, 0, 0])
        #expect(JSONValue.number(0x1p64).packed == [0xCB, 0x43, 0xF0, 0, 0, 0, 0, 0, 0])
        #expect(JSONValue.number(-0x1p64).packed == [0xCB, 0xC3, 0xF0, 0, 0, 0, 0, 0, 0])
        #expect(JSONValue.number(.nan).packed == [0xC0])
        #expect(JSONValue.number(-.infinity).packed == [0xC0])
    }

    @Test func `values beyond the limits are refused where they begin`() {
        #expect(unpack([0x93, 1, 2, 3], JSONLimits(valuesMax: 4)) == .success([1, 2, 3]))
        #expect(unpack([0x93, 1, 2, 3], JSONLimits(valuesMax: 3)) == .failure(MessagePackError(.tooManyValues, at: 0)))
        #expect(
            unpack([0x92, 0x91, 1, 2], JSONLimits(valuesMax: 3)) == .failure(MessagePackError(.tooManyValues, at: 3)))
        #expect(
            unpack([0x81, 0xA1, 0x61, 1], JSONLimits(valuesMax: 1)) == .failure(MessagePackError(.tooManyValues, at: 0))
        )
        #expect(unpack([1], JSONLimits(depthMax: 0, valuesMax: 1)) == .success(1))
        #expect(unpack([0x90], JSONLimits(depthMax: 0)) == .failure(MessagePackError(.tooDeep, at: 0)))
        #expect(unpack([0x80], JSONLimits(depthMax: 0)) == .failure(MessagePackError(.tooDeep, at: 0)))
    }

    @Test func `a message can be read part by part`() throws {
        let packed: [UInt8] = JSONValue.array(["emitter", ["type": 2, "nsp": "/"], [:]]).packed
        var reader = MessagePackReader()
        #expect(try reader.mapCount(packed.span) == nil)
        #expect(try reader.text(packed.span) == nil)
        #expect(try reader.arrayCount(packed.span) == 3)
        #expect(try reader.arrayCount(packed.span) == nil)
        #expect(try reader.text(packed.span) == "emitter")
        #expect(try reader.mapCount(packed.span) == 2)
        #expect(try reader.text(packed.span) == "type")
        #expect(try reader.value(packed.span, depth: 2) == 2)
        #expect(try reader.text(packed.span) == "nsp")
        #expect(try reader.value(packed.span, depth: 2) == "/")
        #expect(throws: MessagePackError(.bytesAfterValue, at: packed.count - 1)) { try reader.end(packed.span) }
        #expect(try reader.value(packed.span, depth: 1) == [:])
        try reader.end(packed.span)
        #expect(throws: MessagePackError(.endOfBytes, at: packed.count)) { try reader.text(packed.span) }
    }

    @Test func `what the caller has opened counts towards the depth`() throws {
        var reader = MessagePackReader(limits: JSONLimits(depthMax: 2))
        #expect(try reader.value([0x91, 0xC0].span, depth: 1) == [nil])
        reader = MessagePackReader(limits: JSONLimits(depthMax: 2))
        #expect(throws: MessagePackError(.tooDeep, at: 0)) { try reader.value([0x91, 0xC0].span, depth: 2) }
    }

    @Test func `undefined is told from null where somebody asks`() throws {
        let packed: [UInt8] = [0xD4, 0, 0, 0xC0]
        var reader = MessagePackReader()
        #expect(try reader.definedValue(packed.span) == nil)
        #expect(try reader.definedValue(packed.span) == .some(.null))
    }

    @Test func `a map of thousands of keys is read in linear time, and a key that comes twice is found`() throws {
        var packed: [UInt8] = []
        MessagePack.append(mapOf: 4000, to: &packed)
        for index in 0..<4000 {
            MessagePack.append(text: "key \(index)", to: &packed)
            MessagePack.append(integer: Int64(index), to: &packed)
        }
        #expect(try unpack(packed).get()["key 3999"] == 3999)
        let place = packed.count
        packed.replaceSubrange(0..<3, with: [0xDE, 0x0F, 0xA1])
        MessagePack.append(text: "key 17", to: &packed)
        MessagePack.appendNull(to: &packed)
        #expect(unpack(packed) == .failure(MessagePackError(.duplicateKey, at: place)))
    }
}

@Suite("MessagePack properties over seeded random values")
struct MessagePackPropertyTests {
    @Test func `any value reads back as written`() throws {
        var values = RandomValues(random: SeededRandom(seed: 1))
        for round in 0..<3000 {
            let value = values.value()
            #expect(try unpack(value.packed).get() == value, "seed 1 round \(round)")
        }
    }

    @Test func `no changed byte traps, and what is accepted reads back`() {
        let seeds = MessagePackVector.all.map(\.bytes).filter { (1..<200).contains($0.count) }
        var random = SeededRandom(seed: 2)
        for _ in 0..<20_000 {
            var bytes = seeds[random.int(in: 0...seeds.count - 1)]
            for _ in 0..<random.int(in: 1...3) {
                bytes[random.int(in: 0...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
            }
            fuzzMessagePack([32, 255] + bytes)
        }
    }

    @Test func `every stored input of the fuzzer reads the same once it is written again`() throws {
        for (_, input) in try corpus("messagepack") { fuzzMessagePack(input) }
    }
}

/// Random values from a seed; no double among them is whole.
private struct RandomValues {
    var random: SeededRandom

    mutating func value(depth: Int = 4) -> JSONValue {
        switch random.int(in: 0...(depth > 0 ? 7 : 5)) {
        case 0: return .null
        case 1: return .bool(random.int(in: 0...1) == 1)
        case 2: return .integer(Int64(bitPattern: random.next()) >> Int64(random.int(in: 0...63)))
        case 3: return .number(Double(random.int(in: -1000...1000)) + 0.25)
        case 4: return .string(String(repeating: "ß", count: random.int(in: 0...300)))
        case 5: return .binary(Array(repeating: 1, count: random.int(in: 0...300)))
        case 6: return .array((0..<random.int(in: 0...20)).map { _ in value(depth: depth - 2) })
        default:
            var object = JSONObject()
            for index in 0..<random.int(in: 0...20) { object["k\(index)"] = value(depth: depth - 2) }
            return .object(object)
        }
    }
}
