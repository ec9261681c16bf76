import JSONCore
import MessagePackCore
import Testing
import VectorFiles

/// One value of `protocol/vectors/messagepack.json`.
struct MessagePackVector: Decodable, CustomTestStringConvertible {
    var id: String
    var hex: String
    var reads: String?
    var writes: Bool?
    var error: String?
    var offset: Int?

    var testDescription: String { id }

    var bytes: [UInt8] { bytesOfHex(hex) }

    static let all: [MessagePackVector] = {
        struct File: Decodable { var vectors: [MessagePackVector] }
        do {
            return try vectors("messagepack.json", as: File.self).vectors
        } catch {
            Issue.record(error)
            return []
        }
    }()
}

func unpack(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> Result<JSONValue, MessagePackError> {
    do throws(MessagePackError) {
        return .success(try JSONValue.unpack(bytes.span, limits: limits))
    } catch {
        return .failure(error)
    }
}

/// The value with `{"$binary": …}` for bytes, as vectors write them.
func spelled(_ value: JSONValue) -> JSONValue {
    switch value {
    case .binary(let bytes):
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return .object(["$binary": .string(hex)])
    case .array(let values): return .array(values.map(spelled))
    case .object(let object): return .object(object.mapValues(spelled))
    default: return value
    }
}

@Suite("MessagePack vectors (MessagePack specification; notepack.io)")
struct MessagePackVectorTests {
    @Test func `the file holds every vector`() {
        #expect(MessagePackVector.all.count >= 141)
    }

    @Test(arguments: MessagePackVector.all)
    func `a value is read, or refused at its byte, as the vector says`(_ vector: MessagePackVector) {
        switch unpack(vector.bytes) {
        case .success(let value):
            #expect(spelled(value).text == vector.reads)
        case .failure(let error):
            #expect(error.reason.rawValue == vector.error)
            #expect(error.offset == vector.offset)
            #expect(error.description.hasSuffix("."))
        }
    }

    @Test(arguments: MessagePackVector.all.filter { $0.writes == true })
    func `a value is written as notepack writes it`(_ vector: MessagePackVector) throws {
        #expect(try unpack(vector.bytes).get().packed == vector.bytes)
    }

    @Test(arguments: MessagePackVector.all.filter { $0.reads != nil })
    func `a value cut anywhere ends inside`(_ vector: MessagePackVector) {
        for length in 0..<vector.bytes.count {
            guard case .failure(let error) = unpack(Array(vector.bytes[..<length])) else {
                Issue.record("accepted \(length) of \(vector.bytes.count) bytes")
                continue
            }
            #expect(error == MessagePackError(.endOfBytes, at: length))
        }
    }
}
