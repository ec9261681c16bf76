import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing
import VectorFiles
import WebSocketCore

struct WebSocketVectors: Decodable, Sendable {
    var streams: [Stream]
    var frames: [Frame]
    var closeFrames: [CloseFrame]
    var handshakes: [Handshake]
    var negotiations: [Negotiation]

    struct Stream: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var role: String
        var messageBytesMax: Int?
        var fragmentsMax: Int?
        var deflate: Deflate?
        var input: [Segment]
        var events: [Event]
        var error: String?
        var closeCode: UInt16?
        var testDescription: String { id }

        struct Deflate: Decodable, Sendable {
            var windowBits: UInt8
            var noContextTakeover: Bool
            /// Both sides' parameters are the same, so that either may read.
            var agreement: PermessageDeflate.Agreement {
                PermessageDeflate.Agreement(
                    serverNoContextTakeover: noContextTakeover, clientNoContextTakeover: noContextTakeover,
                    serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits)
            }
        }

        struct Event: Decodable, Sendable {
            var kind: String
            var payload: [Segment]?
            var code: UInt16?
            var reason: String?
        }
    }

    struct Frame: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var opcode: UInt8
        var payload: [Segment]
        var mask: String?
        var output: [Segment]
        var testDescription: String { id }
    }

    struct CloseFrame: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var code: UInt16?
        var reason: String
        var output: String
        var testDescription: String { id }
    }

    struct Handshake: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var method: String
        var fields: [[String]]
        var subprotocols: [String]?
        var choose: String?
        var response: [String]?
        var error: String?
        var status: Int?
        var testDescription: String { id }
    }

    struct Negotiation: Decodable, Sendable, CustomTestStringConvertible {
        var id: String
        var role: String
        var settings: [String]?
        var fields: [String]
        var answer: String?
        var error: String?
        var testDescription: String { id }
    }

    static let all = Result { try vectors("websocket.json", as: WebSocketVectors.self) }
}

@Suite("RFC 6455 by vectors")
struct WebSocketVectorTests {
    @Test(arguments: try WebSocketVectors.all.get().streams)
    func `a stream reads as its vector says, in every cut`(_ vector: WebSocketVectors.Stream) {
        let role: WebSocketRole = vector.role == "client" ? .client : .server
        let pool = DeflatePool()
        let receiver = {
            WebSocketReceiver(
                role: role, messageBytesMax: vector.messageBytesMax ?? 16384, fragmentsMax: vector.fragmentsMax ?? 64,
                inflater: vector.deflate.map { MessageInflater($0.agreement, role: role, pool: pool) })
        }
        let input = vector.input.bytes
        var whole = transcript(of: [input], by: receiver)
        for sizes in cuts(ofLength: input.count, seed: 6455) {
            let cut = transcript(of: pieces(of: input, sizes: sizes), by: receiver)
            #expect(cut == whole, "cut in \(sizes)")
        }
        if case .failed(let error) = whole.last {
            #expect("\(error)" == vector.error && error.closeCode == vector.closeCode)
            whole.removeLast()
        } else {
            #expect(vector.error == nil)
        }
        #expect(pool.lent == 0)
        #expect(whole == vector.events.map(entry))
    }

    private func entry(_ event: WebSocketVectors.Stream.Event) -> WebSocketEntry {
        let payload = event.payload?.bytes ?? []
        return switch event.kind {
        case "text": .text(payload)
        case "binary": .binary(payload)
        case "ping": .ping(payload)
        case "pong": .pong(payload)
        default: .close(code: event.code, reason: event.reason ?? "")
        }
    }

    @Test(arguments: try WebSocketVectors.all.get().frames)
    func `a frame is written as its vector says`(_ vector: WebSocketVectors.Frame) throws {
        let opcode = try #require(WebSocketOpcode(rawValue: vector.opcode))
        let payload = vector.payload.bytes
        // The key's first byte is the least significant.
        let mask = vector.mask.map { bytesOfHex($0).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        var out: [UInt8] = [7]
        WebSocketFrame.append(opcode, payload.span, to: &out, mask: mask)
        #expect(out == [7] + vector.output.bytes)
        if mask == nil {
            let framed = WebSocketFrame.framed(opcode, payload.span)
            #expect(framed == vector.output.bytes)
        }
    }

    @Test(arguments: try WebSocketVectors.all.get().closeFrames)
    func `a close frame is written as its vector says`(_ vector: WebSocketVectors.CloseFrame) {
        var out: [UInt8] = []
        WebSocketFrame.appendClose(code: vector.code, reason: vector.reason, to: &out)
        #expect(out == bytesOfHex(vector.output))
    }

    @Test(arguments: try WebSocketVectors.all.get().handshakes)
    func `a handshake is answered as its vector says`(_ vector: WebSocketVectors.Handshake) throws {
        var fields = HTTPFields()
        for pair in vector.fields {
            fields.append(HTTPField(name: try #require(HTTPField.Name(pair[0])), value: pair[1]))
        }
        let head = HTTPRequestHead(
            method: try #require(HTTPRequest.Method(vector.method)), path: "/chat", fields: fields)
        do throws(WebSocketHandshakeError) {
            let handshake = try WebSocketHandshake.check(head)
            #expect(vector.error == nil && handshake.subprotocols == vector.subprotocols)
            let response = String(decoding: handshake.response(subprotocol: vector.choose), as: UTF8.self)
            #expect(response == vector.response.map { $0.joined(separator: "\r\n") + "\r\n\r\n" })
        } catch {
            #expect("\(error)" == vector.error && error.status.code == vector.status)
            let answer = try #require(responseTranscript(of: [error.response()]).heads.first)
            #expect(!answer.keepsAlive)
            #expect(answer.fields[.secWebSocketVersion] == (vector.status == 426 ? "13" : nil))
            #expect(answer.fields[.allow] == (vector.status == 405 ? "GET" : nil))
        }
    }

    @Test(arguments: try WebSocketVectors.all.get().negotiations)
    func `extensions are negotiated as their vector says`(_ vector: WebSocketVectors.Negotiation) throws {
        var settings = PermessageDeflate(sendsWithoutContext: false, receivesWithoutContext: false)
        for setting in vector.settings ?? [] {
            switch setting {
            case "sends-without-context": settings.sendsWithoutContext = true
            case "receives-without-context": settings.receivesWithoutContext = true
            case "sends-10": settings.sendWindowBitsMax = 10
            default: settings.receiveWindowBitsMax = 10
            }
        }
        do throws(WebSocketHandshakeError) {
            let agreed =
                vector.role == "client"
                ? try agreement(answeredBy: vector.fields, to: settings)
                : settings.agreement(for: try offers(in: vector.fields))
            #expect(vector.error == nil && agreed?.fieldValue == vector.answer)
        } catch {
            #expect("\(error)" == vector.error)
        }
    }

    @Test func `every stored fuzz input reads without a trap`() throws {
        for (_, input) in try corpus("websocket-stream") { fuzzWebSocketStream(input) }
        for (_, input) in try corpus("extension-negotiation") { fuzzExtensionNegotiation(input) }
        for (_, input) in try corpus("utf8") { fuzzUTF8(input) }
    }
}
