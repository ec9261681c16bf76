import JSONCore
import Testing

@Suite("JSON values as game authors use them")
struct JSONValueTests {
    @Test func `literals build every kind of value`() {
        let value: JSONValue = ["a": 1, "b": [true, nil, 2.5, "x"], "c": ["d": "e\(1)"]]
        #expect(value.text == #"{"a":1,"b":[true,null,2.5,"x"],"c":{"d":"e1"}}"#)
        #expect(JSONValue.object(["a": 1])["a"] == 1)
    }

    @Test func `accessors answer nil for another kind and subscripts for what is not there`() {
        let value: JSONValue = ["a": [1, 2.5, "x", true, nil], "bytes": .binary([1])]
        #expect(value["a"]?[0]?.integer == 1)
        #expect(value["a"]?[0]?.number == 1)
        #expect(value["a"]?[1]?.number == 2.5)
        #expect(value["a"]?[1]?.integer == nil)
        #expect(value["a"]?[2]?.string == "x")
        #expect(value["a"]?[3]?.bool == true)
        #expect(value["a"]?[4]?.isNull == true)
        #expect(value["bytes"]?.binary == [1])
        #expect(value["a"]?[5] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["a"]?["b"] == nil)
        #expect(value["b"] == nil)
        #expect(value[0] == nil)
        #expect(value.array == nil && value.object?.count == 2)
    }

    @Test func `an object keeps its order when members are replaced, added and removed`() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["b"] = nil
        object["d"] = nil
        #expect(object.members.map(\.key) == ["a", "c"])
        #expect(JSONValue.object(object).text == #"{"a":3,"c":4}"#)
        #expect(!object.isEmpty)
    }

    @Test func `text and keys are compared as bytes`() {
        #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
        #expect(JSONValue.object(["\u{e9}": 1])["e\u{301}"] == nil)
        #expect(JSONValue.object(["\u{e9}": 1]) != .object(["e\u{301}": 1]))
    }

    @Test func `a whole number and the same number with a fraction differ`() {
        #expect(JSONValue.integer(1) != .number(1))
    }

    @Test func `objects in another order differ`() {
        #expect(JSONValue.object(["a": 1, "b": 2]) != .object(["b": 2, "a": 1]))
    }

    @Test func `bytes are found at any depth and written as base64`() {
        let value: JSONValue = [1, ["a": [.binary([1, 2, 3, 255])]]]
        #expect(value.containsBinary)
        #expect(!JSONValue.array([1, ["a": ["b"]]]).containsBinary)
        #expect(value.text == #"[1,{"a":["AQID/w=="]}]"#)
    }

    @Test(arguments: [Double.infinity, -.infinity, .nan])
    func `what is no number in JSON is written as null`(_ number: Double) {
        #expect(JSONValue.number(number).text == "null")
    }

    @Test func `limits can be set`() {
        #expect(parse("1", JSONLimits(depthMax: 0, valuesMax: 1)) == .success(1))
        #expect(parse("[]", JSONLimits(depthMax: 0, valuesMax: 1)).failure?.reason == .tooDeep)
        #expect(parse("[[1]]", JSONLimits(depthMax: 2, valuesMax: 3)) == .success([[1]]))
        #expect(parse("[[1,2]]", JSONLimits(depthMax: 2, valuesMax: 3)).failure?.reason == .tooManyValues)
        #expect(parse("{\"a\":1}", JSONLimits(valuesMax: 2)) == .success(["a": 1]))
    }

    @Test func `a document nested 128 deep is read when allowed`() {
        let text = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        let isRead = parse(text, JSONLimits(depthMax: 128)).failure == nil
        #expect(isRead)
    }

    @Test func `an object literal with a key twice is a mistake of ours`() async {
        await #expect(processExitsWith: .failure) {
            _ = JSONObject([("a", 1), ("a", 2)])
        }
    }
}

extension Result {
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
