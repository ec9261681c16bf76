import Determinism
import Foundation
import HTTPTypes
import Muster

/// Engine.IO as its protocol's test suite wants it: every message comes back.
func engineEcho(port: Int, allowEIO3: Bool) -> MusterServer {
    let server = MusterServer(configuration: .listening(port: port))
    var options = EngineOptions()
    options.pingInterval = .milliseconds(300)
    options.pingTimeout = .milliseconds(200)
    options.messagesPerSecond = nil
    options.allowedOrigins = ["*"]
    options.allowEIO3 = allowEIO3
    server.engine("/engine.io/", options) { _ in Echo() }
    return server
}

/// Engine.IO as the tests of its client want it.
func engineClientListener(port: Int) -> MusterServer {
    let server = MusterServer(configuration: .listening(port: port))
    var options = EngineOptions()
    options.pingInterval = .milliseconds(500)
    options.maxPayload = 100
    options.messagesPerSecond = nil
    options.allowedOrigins = ["*"]
    options.hooks.verify { request in
        if request.query.split(separator: "&").contains(where: { $0.prefix { $0 != "=" } == "deny" }) {
            throw HandshakeRefusal()
        }
    }
    options.hooks.handshakeFields = { _ in fourCookies() }
    server.engine("/engine.io/", options) { _ in EngineClientFixture() }
    return server
}

private func fourCookies() -> HTTPFields {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "GMT")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    let cookies = [
        "1=1; Max-Age=86400", "2=2; Path=/; HttpOnly; Secure; SameSite=Strict", "3=3; Max-Age=0",
        "4=4; Expires=\(format.string(from: Date()))",
    ]
    return HTTPFields(cookies.map { HTTPField(name: .setCookie, value: $0) })
}

/// Greets, answers three commands, and sends every other message back.
private final class EngineClientFixture: MessageHandler {
    func connected(_ client: Client) { client.send(text: "hi") }

    func received(binary: Span<UInt8>, from client: Client) { client.send(binary: binary) }

    func received(text: Span<UInt8>, from client: Client) {
        let bytes: [UInt8] = [0, 1, 2, 3, 4]
        switch String(copying: text) {
        case "give binary": client.send(binary: bytes.span)
        case "give utf8": client.send(text: "пойду спать всем спокойной ночи")
        case "sendHeaders": client.send(text: json(of: client.requestFields ?? [:]))
        default: client.send(text: text)
        }
    }

    private func json(of fields: HTTPFields) -> String {
        let pairs = fields.map { ($0.name.canonicalName, $0.value) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try? encoder.encode(Dictionary(pairs) { first, _ in first })
        return String(decoding: data ?? Data(), as: UTF8.self)
    }
}
