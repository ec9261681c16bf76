import Determinism
import Foundation
import JSONCore
import Testing

/// Random values from a seed, without bytes, which plain JSON cannot carry.
struct RandomJSON {
    var random: SeededRandom

    mutating func value(depth: Int = 4) -> JSONValue {
        switch random.int(in: 0...(depth > 0 ? 7 : 5)) {
        case 0: return .null
        case 1: return .bool(random.int(in: 0...1) == 1)
        case 2: return .integer(integer())
        case 3: return .number(double())
        case 4, 5: return .string(string())
        case 6: return .array((0..<random.int(in: 0...4)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<random.int(in: 0...20) { object[string()] = value(depth: depth - 3) }
            return .object(object)
        }
    }

    mutating func integer() -> Int64 {
        let bits = Int64(bitPattern: random.next())
        return bits >> Int64(random.int(in: 0...63))
    }

    mutating func double() -> Double {
        let value = Double(bitPattern: random.next())
        return value.isFinite ? value : random.double(in: -1000...1000)
    }

    mutating func string() -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<random.int(in: 0...12) {
            let tops: [Int] = [0x1F, 0x7F, 0x7F, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF]
            let code = random.int(in: 0...tops[random.int(in: 0...tops.count - 1)])
            if let scalar = Unicode.Scalar(UInt32(code)) { text.append(scalar) }
        }
        return String(text)
    }
}

@Suite("JSON properties over seeded random values")
struct JSONPropertyTests {
    @Test func `any value reads back as written`() throws {
        var values = RandomJSON(random: SeededRandom(seed: 1))
        for round in 0..<3000 {
            let value = values.value()
            let read = try parse(value.text).get()
            #expect(read == value, "seed 1 round \(round)")
        }
    }

    @Test func `what is written is JSON to another parser`() throws {
        var values = RandomJSON(random: SeededRandom(seed: 2))
        for round in 0..<500 {
            let text = values.value().text
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
            #expect(isJSON, "seed 2 round \(round): \(text)")
        }
    }

    @Test func `no changed byte traps, and what is accepted reads back`() {
        let seeds = JSONVector.all.map(\.bytes).filter { $0.count < 200 }
        var random = SeededRandom(seed: 3)
        var accepted = 0
        for round in 0..<100_000 {
            var bytes = seeds[random.int(in: 0...seeds.count - 1)]
            mutate(&bytes, &random)
            guard case .success(let value) = parse(bytes) else { continue }
            accepted += 1
            let again = parse(value.text)
            #expect(again == .success(value), "seed 3 round \(round)")
        }
        #expect(accepted > 1000)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let structural = Array("[]{},:\"\\u0-+.eE1d8tfn ".utf8)
        for _ in 0..<random.int(in: 1...4) {
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
