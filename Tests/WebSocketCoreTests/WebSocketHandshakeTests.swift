import FuzzTargets
import HTTPCore
import HTTPTypes
import Testing
import WebSocketCore

@Suite("RFC 6455 §4 opening handshake, both sides")
struct WebSocketHandshakeTests {
    private let client = WebSocketClientHandshake(
        nonce: Array("the sample nonce".utf8), subprotocols: ["muster.v1", "json"])

    private func answer(
        _ status: HTTPResponse.Status = .switchingProtocols, without: HTTPField.Name? = nil, with: HTTPFields = [:]
    ) -> HTTPResponseHead {
        var fields: HTTPFields = [
            .upgrade: "websocket", .connection: "Upgrade", .secWebSocketAccept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ]
        if let without { fields[without] = nil }
        for field in with { fields.append(field) }
        return HTTPResponseHead(status: status, fields: fields)
    }

    @Test func `a client and a server agree`() throws {
        let request = try client.request(target: "/lobby/1?token=x", host: "a.example", fields: [.origin: "http://b"])
        let head = try #require(requestTranscript(of: [request]).heads.first)
        #expect(head.fields[.origin] == "http://b")
        let handshake = try WebSocketHandshake.check(head)
        #expect(handshake.subprotocols == ["muster.v1", "json"])
        let response = responseTranscript(of: [handshake.response(subprotocol: "json") + [0x89, 0]])
        #expect(response.rest == [0x89, 0])
        #expect(try client.check(#require(response.heads.first)).subprotocol == "json")
        let plain = responseTranscript(of: [handshake.response()])
        #expect(try client.check(#require(plain.heads.first)) == WebSocketClientHandshake.Answer())
    }

    @Test func `the client's key is its nonce in base64`() throws {
        let request = String(decoding: try client.request(target: "/", host: "a"), as: UTF8.self)
        #expect(request.contains("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
        #expect(try client.check(answer()).subprotocol == nil)
    }

    @Test func `a wrong answer is refused`() {
        #expect(throws: WebSocketHandshakeError.notAccepted) { try client.check(answer(.ok)) }
        #expect(throws: WebSocketHandshakeError.upgrade) { try client.check(answer(without: .upgrade)) }
        #expect(throws: WebSocketHandshakeError.connection) { try client.check(answer(without: .connection)) }
        #expect(throws: WebSocketHandshakeError.notAccepted) { try client.check(answer(without: .secWebSocketAccept)) }
        #expect(throws: WebSocketHandshakeError.notAccepted) {
            try client.check(answer(with: [.secWebSocketAccept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]))
        }
        #expect(throws: WebSocketHandshakeError.extensions) {
            try client.check(answer(with: [.secWebSocketExtensions: "permessage-deflate"]))
        }
        #expect(throws: WebSocketHandshakeError.subprotocol) {
            try client.check(answer(with: [.secWebSocketProtocol: "other"]))
        }
    }
}
