import Foundation
import JSONCore
import Testing

/// One document of `protocol/vectors/json.json`.
struct JSONVector: Decodable, CustomTestStringConvertible {
    var id: String
    var text: String?
    var hex: String?
    var writes: String?
    var error: String?
    var offset: Int?

    var testDescription: String { id }

    var bytes: [UInt8] {
        let digits = Array(hex ?? "")
        return text.map { Array($0.utf8) }
            ?? stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    static let all: [JSONVector] = {
        struct File: Decodable { var vectors: [JSONVector] }
        let file = URL(filePath: #filePath).appending(path: "../../../protocol/vectors/json.json").standardized
        do {
            return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).vectors
        } catch {
            Issue.record(error)
            return []
        }
    }()
}

func parse(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> Result<JSONValue, JSONError> {
    do throws(JSONError) {
        return .success(try JSONValue.parse(bytes.span, limits: limits))
    } catch {
        return .failure(error)
    }
}

func parse(_ text: String, _ limits: JSONLimits = JSONLimits()) -> Result<JSONValue, JSONError> {
    parse(Array(text.utf8), limits)
}

@Suite("JSON vectors (RFC 8259)")
struct JSONVectorTests {
    @Test func `the file holds every vector`() {
        #expect(JSONVector.all.count >= 119)
    }

    @Test(arguments: JSONVector.all)
    func `a document is read, or refused at its byte, as the vector says`(_ vector: JSONVector) {
        switch parse(vector.bytes) {
        case .success(let value):
            #expect(value.text == vector.writes)
            #expect(vector.error == nil)
        case .failure(let error):
            #expect(error.reason.rawValue == vector.error)
            #expect(error.offset == vector.offset)
            #expect(error.description.hasSuffix("."))
        }
    }

    @Test(arguments: JSONVector.all.filter { $0.writes != nil })
    func `what was written reads back as the same value`(_ vector: JSONVector) throws {
        let value = try parse(vector.bytes).get()
        #expect(try parse(value.text).get() == value)
    }

    @Test(arguments: JSONVector.all.filter { $0.writes?.first.map { "[{\"".contains($0) } == true })
    func `a document cut anywhere ends inside a value`(_ vector: JSONVector) throws {
        // Trailing white space is no part of the value.
        var bytes = vector.bytes
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        for length in 0..<min(bytes.count, 600) {
            guard case .failure(let error) = parse(Array(bytes[..<length])) else {
                Issue.record("accepted \(length) of \(bytes.count) bytes")
                continue
            }
            #expect(error.offset <= length)
            #expect([.endOfText, .malformedNumber, .loneSurrogate].contains(error.reason), "\(length) bytes")
        }
    }
}
