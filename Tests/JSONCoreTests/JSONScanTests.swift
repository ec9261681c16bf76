import Determinism
import JSONCore
import Testing

/// What a scan says of a document, in the parser's words.
private func scan(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> Result<[Range<Int>]?, JSONError> {
    var scan = JSONScan()
    do throws(JSONError) {
        return .success(try scan.array(bytes.span, from: 0, limits: limits) ? scan.elements : nil)
    } catch {
        return .failure(error)
    }
}

/// Checks that a scan finds in `bytes`, which are UTF-8, just what the parser finds.
private func expectAgreement(_ bytes: [UInt8], _ comment: Comment, _ limits: JSONLimits = JSONLimits()) {
    guard let text = String(validating: bytes.span) else { return }
    switch (scan(bytes, limits), parse(bytes, limits)) {
    case (.failure(let found), .failure(let expected)): #expect(found == expected, comment)
    case (.success(nil), let parsed):
        #expect(text.first { !" \t\r\n".contains($0) } != "[", comment)
        if case .success(.array) = parsed { Issue.record("an array was not seen as one: \(text)") }
    case (.success(let elements?), .success(.array(let values))):
        #expect(elements.map { parse(Array(bytes[$0])) } == values.map { .success($0) }, comment)
    case (let found, let expected):
        Issue.record("\(comment): \(text) is \(found) to the scan, \(expected) to the parser")
    }
}

@Suite("A scan checks what the parser checks, and builds nothing")
struct JSONScanTests {
    @Test(arguments: JSONVector.all)
    func `of every vector, alone and in an array, it says what the parser says`(_ vector: JSONVector) {
        expectAgreement(vector.bytes, "\(vector.id)")
        for (before, after) in [("[", "]"), (" [1, ", "\t]\n"), (#"[{"a":"#, "}]"), (#"["x",[],"#, ",2]")] {
            expectAgreement(Array(before.utf8) + vector.bytes + Array(after.utf8), "\(vector.id) in \(before)…\(after)")
        }
    }

    @Test func `random arrays, cut and changed at random, are to it what they are to the parser`() {
        var values = RandomJSON(random: SeededRandom(seed: 5))
        for round in 0..<2000 {
            let value = JSONValue.array((0..<values.random.int(in: 0...5)).map { _ in values.value() })
            var bytes = Array(value.text.utf8)
            expectAgreement(bytes, "seed 5 round \(round)")
            for _ in 0..<4 {
                let place = values.random.int(in: 0...bytes.count - 1)
                switch values.random.int(in: 0...2) {
                case 0: bytes[place] = Array(#"[]{},:"\0129-.eEtfn u"#.utf8)[values.random.int(in: 0...20)]
                case 1 where bytes.count > 1: bytes.remove(at: place)
                default: bytes.insert(bytes[values.random.int(in: 0...bytes.count - 1)], at: place)
                }
                expectAgreement(bytes, "seed 5 round \(round), changed")
            }
        }
    }

    @Test(arguments: [
        #"["","1234567","12345678","123456789"]"#, #"["é\u00e9\ud83d\ude00","\\\"/"]"#, #"["1234567\u0000"]"#,
        #"["12345678\"]"#, #"["abcdefgh\#u{1F}"]"#, #"["abcdefg\#u{1F}h"]"#, #"["aaaaaaaaaaaaaaaa\q"]"#,
        #"["\ud800"]"#, #"["\ud800\u0041"]"#, #"["\udc00"]"#, #"["\u12"]"#, #"["ÿÿÿÿÿÿÿÿÿÿÿ"]"#,
        #"[{"a":1,"b":{"a":2},"a":3}]"#, #"[{"a":1,"\u0061":2}]"#, #"[{"b":{"x":1},"x":{"b":1,"x":2}}]"#,
        #"[1e400]"#, #"[1e308,-0,0.5,01]"#, "[" + String(repeating: "9", count: 310) + "]",
        "[" + String(repeating: "9", count: 299) + "]", "[0." + String(repeating: "1", count: 600) + "]",
    ])
    func `strings at every length, surrogates, keys and numbers at the edges`(_ text: String) {
        for shift in 0..<9 {
            expectAgreement(Array((String(repeating: " ", count: shift) + text).utf8), "\(text) moved by \(shift)")
        }
    }

    @Test func `an object of many members is left to the parser, which finds the double`() {
        let keys = (0..<40).map { "\"k\($0)\":0" }
        expectAgreement(Array("[{\((keys + ["\"k3\":1"]).joined(separator: ","))}]".utf8), "a double among 41")
        expectAgreement(Array("[{\(keys.joined(separator: ","))}]".utf8), "40 keys")
    }

    @Test func `depth and number of values are bounded alike`() {
        let limits = JSONLimits(depthMax: 3, valuesMax: 6)
        for text in [
            "[[[1]]]", "[[[[1]]]]", "[1,2,3,4,5]", "[1,2,3,4,5,6]", #"[{"a":{"b":[]}}]"#, #"[{"a":{"b":{}}}]"#,
        ] {
            expectAgreement(Array(text.utf8), "\(text)", limits)
        }
    }

    @Test func `it tells of as many elements as it was asked for`() throws {
        var scan = JSONScan()
        let bytes = Array(#" [ "a" , {"b":[1]},3 ] "#.utf8)
        let isArray = try scan.array(bytes.span, from: 0, limits: JSONLimits(), elementsKept: 2)
        #expect(isArray && scan.elements == [3..<6, 9..<18])
    }
}
