import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing
import VectorFiles

struct HTTPVectors: Decodable, Sendable {
    var requests: [Request]
    var responses: [Response]
    var wholeResponses: [WholeResponse]
    var queries: [Query]

    struct Limits: Decodable, Sendable {
        var headBytesMax: Int?
        var bodyBytesMax: Int?
    }

    struct Request: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var input: [Segment]
        var limits: Limits?
        var heads: [Head]?
        var rest: String?
        var stage: String?
        var error: String?
        var status: Int?
        var testDescription: String { id }

        struct Head: Decodable, Sendable {
            var method: String
            var path: String
            var query: String
            var fields: [[String]]
            var keepAlive: Bool
            var body: [Segment]?
        }
    }

    struct Response: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var input: [Segment]
        var heads: [Head]?
        var rest: String?
        var error: String?
        var status: Int?
        var testDescription: String { id }

        struct Head: Decodable, Sendable {
            var status: Int
            var reason: String
            var fields: [[String]]
            var keepAlive: Bool
        }
    }

    struct WholeResponse: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var input: [Segment]
        var responses: [Body]
        var error: String?
        var testDescription: String { id }

        struct Body: Decodable, Sendable {
            var status: Int
            var body: [Segment]
        }
    }

    struct Query: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var query: [Segment]
        var pairs: [[String]]?
        var error: String?
        var testDescription: String { id }
    }

    static let all = Result { try vectors("http.json", as: HTTPVectors.self) }
}

func fieldPairs(_ fields: HTTPFields) -> [[String]] {
    fields.map { [$0.name.rawName, $0.value] }
}

@Suite("RFC 9112 heads, by vectors")
struct HTTPVectorTests {
    @Test(arguments: try HTTPVectors.all.get().requests)
    func `a request reads as its vector says, in every cut`(_ vector: HTTPVectors.Request) throws {
        var limits = HTTPLimits()
        if let bytes = vector.limits?.headBytesMax { limits.headBytesMax = bytes }
        let input = vector.input.bytes
        let bodyBytesMax = vector.limits?.bodyBytesMax ?? 16 * 1024
        let whole = requestTranscript(of: [input], limits: limits, bodyBytesMax: bodyBytesMax)

        #expect(whole.error.map { "\($0)" } == vector.error)
        #expect(whole.error?.status.code == vector.status)
        #expect(whole.rest == bytesOfHex(vector.rest ?? ""))
        if vector.error == nil { #expect(whole.stage.map { "\($0)" } == vector.stage ?? "idle") }
        #expect(whole.bodies == (vector.heads ?? []).map { $0.body?.bytes ?? [] })
        #expect(whole.heads.count == vector.heads?.count ?? 0)
        for (head, expected) in zip(whole.heads, vector.heads ?? []) {
            #expect(head.method.rawValue == expected.method)
            #expect(head.path == expected.path)
            #expect(head.query == expected.query)
            #expect(fieldPairs(head.fields) == expected.fields)
            #expect(head.keepsAlive == expected.keepAlive)
        }
        for sizes in cuts(ofLength: input.count, seed: 9112) {
            let cut = requestTranscript(
                of: pieces(of: input, sizes: sizes), limits: limits, bodyBytesMax: bodyBytesMax)
            #expect(cut == whole, "cut in \(sizes)")
        }
    }

    @Test(arguments: try HTTPVectors.all.get().responses)
    func `a response reads as its vector says, in every cut`(_ vector: HTTPVectors.Response) throws {
        let input = vector.input.bytes
        let whole = responseTranscript(of: [input])

        #expect(whole.error.map { "\($0)" } == vector.error)
        #expect(whole.error?.status.code == vector.status)
        #expect(whole.rest == bytesOfHex(vector.rest ?? ""))
        #expect(whole.heads.count == vector.heads?.count ?? 0)
        for (head, expected) in zip(whole.heads, vector.heads ?? []) {
            #expect(head.status.code == expected.status)
            #expect(head.status.reasonPhrase == expected.reason)
            #expect(fieldPairs(head.fields) == expected.fields)
            #expect(head.keepsAlive == expected.keepAlive)
        }
        for sizes in cuts(ofLength: input.count, seed: 9112) {
            #expect(responseTranscript(of: pieces(of: input, sizes: sizes)) == whole, "cut in \(sizes)")
        }
    }

    @Test(arguments: try HTTPVectors.all.get().wholeResponses)
    func `a client that polls reads bodies as its vector says, in every cut`(
        _ vector: HTTPVectors.WholeResponse
    ) throws {
        let input = vector.input.bytes
        let whole = wholeResponseTranscript(of: [input])

        #expect(whole.error.map { "\($0)" } == vector.error)
        #expect(whole.heads.map(\.status.code) == vector.responses.map(\.status))
        #expect(whole.bodies == vector.responses.map(\.body.bytes))
        for sizes in cuts(ofLength: input.count, seed: 9112) {
            #expect(wholeResponseTranscript(of: pieces(of: input, sizes: sizes)) == whole, "cut in \(sizes)")
        }
    }

    @Test(arguments: try HTTPVectors.all.get().queries)
    func `a query reads as its vector says`(_ vector: HTTPVectors.Query) throws {
        let text = String(decoding: vector.query.bytes, as: UTF8.self)
        if vector.error != nil {
            #expect(throws: HTTPError.query) { try HTTPQuery(text) }
        } else {
            #expect(try HTTPQuery(text).pairs.map { [$0.name, $0.value] } == vector.pairs)
        }
    }

    @Test func `every stored fuzz input reads without a trap`() throws {
        for (_, input) in try corpus("http-head") { fuzzHTTPHead(input) }
    }
}
