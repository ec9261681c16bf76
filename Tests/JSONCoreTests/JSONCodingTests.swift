import Determinism
import Foundation
import JSONCore
import Testing

private struct Move: Codable, Equatable {
    enum Direction: String, Codable { case north, south }
    struct Point: Codable, Equatable {
        var x: Double
        var y: Double
    }

    var by: Direction
    var to: [Point]
    var note: String?
    var tags: [String: Int8]
    var bytes: [UInt8]
    var big: UInt64
    var any: JSONValue
}

private class Shape: Codable {
    var name = "shape"
}

private final class Circle: Shape {
    var radius = 2
    private enum Keys: CodingKey { case radius }

    override init() { super.init() }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        radius = try container.decode(Int.self, forKey: .radius)
        try super.init(from: container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(radius, forKey: .radius)
        try super.encode(to: container.superEncoder())
    }
}

@Suite("JSON values as any Codable type, and back")
struct JSONCodingTests {
    private let move = Move(
        by: .south, to: [.init(x: 1, y: -0.5)], note: nil, tags: ["a": -3], bytes: [0, 255], big: 7,
        any: ["deep": [1, .binary([9]), nil]])

    @Test func `a type of types comes back as it went`() throws {
        let value = try JSONValue(encoding: move)
        #expect(value["by"] == "south" && value["to"] == [["x": 1.0, "y": -0.5]] && value["note"] == nil)
        #expect(value["tags"] == ["a": -3] && value["bytes"] == .binary([0, 255]) && value["any"] == move.any)
        let back = try value.decoded(as: Move.self)
        #expect(back == move)
    }

    @Test func `what another encoder writes is read, and the other way round`() throws {
        var move = move
        move.bytes = []
        move.any = ["n": [1, 2.5, "x", false, nil]]
        let written = try JSONEncoder().encode(move)
        let read = try JSONValue.parse(Array(written).span).decoded(as: Move.self)
        #expect(read == move)
        let text = try JSONValue(encoding: move).text.replacing("\"bytes\":\"\"", with: "\"bytes\":[]")
        let again = try JSONDecoder().decode(Move.self, from: Data(text.utf8))
        #expect(again == move)
    }

    @Test func `single values, arrays of arrays, sets and optionals`() throws {
        #expect(try JSONValue(encoding: 5) == 5 && JSONValue(encoding: "x") == "x" && JSONValue(encoding: true) == true)
        #expect(try JSONValue(encoding: Int?.none) == .null && JSONValue(encoding: [[1], []]) == [[1], []])
        #expect(try JSONValue(encoding: [1.5: 2]).array?.count == 2)
        let optional: Int? = try JSONValue.null.decoded()
        let nested: [[Int?]] = try JSONValue.array([[1, nil], []]).decoded()
        let bytes: [UInt8] = try JSONValue.array([1, 2]).decoded()
        #expect(optional == nil && nested == [[1, nil], []] && bytes == [1, 2])
    }

    @Test func `numbers are exact or refused`() throws {
        #expect(try JSONValue.number(3).decoded(as: Int.self) == 3)
        #expect(try JSONValue.integer(3).decoded(as: Double.self) == 3)
        #expect(try JSONValue(encoding: UInt64.max) == .number(0x1p64))
        for (value, type) in [
            (JSONValue.number(1.5), Int.self as any Decodable.Type), (300, UInt8.self), (-1, UInt.self),
        ] {
            #expect(throws: DecodingError.self) { _ = try value.decoded(as: type) }
        }
    }

    @Test func `an error says where`() throws {
        var value = try JSONValue(encoding: move)
        value =
            value.object.map { object in
                var object = object
                object["to"] = [["x": 1, "y": "up"]]
                return .object(object)
            } ?? .null
        let error = #expect(throws: DecodingError.self) { try value.decoded(as: Move.self) }
        guard case .typeMismatch(_, let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.codingPath.map(\.stringValue) == ["to", "0", "y"])
        #expect(throws: DecodingError.self) { try JSONValue.object([:]).decoded(as: Move.self) }
        #expect(throws: DecodingError.self) { try JSONValue("x").decoded(as: [Int].self) }
    }

    @Test func `a class and the class above it`() throws {
        let circle = Circle()
        circle.name = "c"
        let value = try JSONValue(encoding: circle)
        #expect(value == ["radius": 2, "super": ["name": "c"]])
        #expect(try value.decoded(as: Circle.self).name == "c")
    }
}
