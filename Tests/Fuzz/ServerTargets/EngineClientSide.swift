internal import ByteKit
internal import FuzzTargets
internal import HTTPCore
internal import HTTPTypes
internal import SocketIOCore
internal import WebSocketCore

/// A whole answer.
struct EngineAnswer {
    let status: Int
    let body: [UInt8]
    let byteCount: Int
    let isBytes: Bool
}

/// A request on a connection of its own.
final class EngineRequestSent {
    let stream: FuzzStream
    private var lastAnswer: EngineAnswer?

    init(_ world: FuzzServer, _ method: String, _ target: String, fields: String = "") {
        stream = world.connect()
        stream.receive(Array("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8))
    }

    /// The answer, once it is whole.
    var answer: EngineAnswer? {
        if lastAnswer?.byteCount != stream.sent.count { lastAnswer = readAnswer() }
        return lastAnswer
    }

    private func readAnswer() -> EngineAnswer? {
        let transcript = wholeResponseTranscript(of: [stream.sent], bodyBytesMax: 1 << 20)
        precondition(transcript.error == nil && transcript.heads.count <= 1, "what comes is no answer, or several")
        guard let head = transcript.heads.first else { return nil }
        return EngineAnswer(
            status: head.status.code, body: transcript.bodies[0], byteCount: stream.sent.count,
            isBytes: head.fields[.contentType] == "application/octet-stream")
    }

    /// Whether nothing more can come.
    var isAnswered: Bool { stream.isOver || answer != nil }

    /// The code of the refusal that the answer is.
    var refusal: Int? {
        let refusals: [EngineRefusal] = [
            .transportUnknown, .sessionUnknown, .badMethod, .badRequest, .forbidden(), .unsupportedRevision,
        ]
        return refusals.first { $0.json == answer?.body }?.code
    }

    /// Only answers that the protocol knows.
    func check() {
        guard let answer else { return }
        switch answer.status {
        case 200: break
        case 400: precondition(refusal == 1 || refusal == 3, "a refusal that does not fit")
        case 408: break
        default: preconditionFailure("a status that does not fit: \(answer.status)")
        }
    }

    /// The numbers of the messages in the payload that the answer is.
    func numbers(_ revision: EngineRevision) -> [Int] {
        guard let answer else { return [] }
        let form: EnginePayload.Form = revision == .four ? .separated : answer.isBytes ? .bytes : .counted
        return entries(of: answer.body, by: EnginePayloadDecoder(form: form, messageBytesMax: .max)).compactMap {
            switch $0 {
            case .text(let packet): packet.first == UInt8(ascii: "4") ? number(of: Array(packet.dropFirst())) : nil
            case .binary(let message): number(of: message)
            case .failed(let error): preconditionFailure("a payload that is none: \(error)")
            }
        }
    }
}

/// A WebSocket of the session, or one that is tried for it.
final class EngineSocket {
    let stream: FuzzStream
    /// The messages that have come, by their numbers.
    private(set) var numbers: [Int] = []
    /// Whether the session's packets may come over it, for it has been sent something beside a probe.
    var mayHaveMoved: Bool { hasSent && !hasClosed && !stream.isOver }
    private var hasSent = false
    private var head = HTTPResponseParser()
    private var receiver = WebSocketReceiver(role: .client, messageBytesMax: 1 << 20)
    private var status: Int?
    private var readTo = 0
    private var hasClosed = false

    init(_ world: FuzzServer, _ target: String) {
        stream = world.connect()
        stream.receive(
            Array(
                """
                GET \(target) HTTP/1.1\r
                Host: a\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                \r

                """.utf8))
    }

    func send(_ bytes: [UInt8]) {
        hasSent = true
        stream.receive(bytes)
    }

    /// Takes what has come.
    func read(_ revision: EngineRevision) {
        var bytes = Array(stream.sent[readTo...])
        readTo = stream.sent.count
        var cursor = 0
        do {
            if status == nil {
                guard let answer = try head.next(bytes.span, at: &cursor) else { return }
                status = answer.status.code
                precondition(status == 101 || status == 400, "a status that does not fit")
            }
            guard status == 101 else { return }
            var span = bytes.mutableSpan
            while let event = try receiver.next(&span, at: &cursor) {
                precondition(!hasClosed, "something came after the close frame")
                switch event {
                case .text(let text): try take(text: receiver.copy(text, from: span.span), revision)
                case .binary(let message):
                    let message = receiver.copy(message, from: span.span)
                    take(revision == .four ? message : Array(message.dropFirst()))
                case .close: hasClosed = true
                case .ping, .pong: break
                }
            }
        } catch {
            preconditionFailure("what no server may send: \(error)")
        }
    }

    private func take(text: [UInt8], _ revision: EngineRevision) throws {
        switch text.first {
        case UInt8(ascii: "4"): take(Array(text.dropFirst()))
        case UInt8(ascii: "b"): take(try EnginePayload.message(ofBase64: text.span, revision, bytesMax: 1 << 20))
        case UInt8(ascii: "0"), UInt8(ascii: "2"), UInt8(ascii: "3"): break
        default: preconditionFailure("a packet that does not fit")
        }
    }

    private func take(_ message: [UInt8]) {
        guard let number = number(of: message) else { preconditionFailure("a message that nobody sent") }
        numbers.append(number)
    }
}
