import ByteKit
import Compression
import Determinism
import JSONCore
import ServerCore
import SnapshotCore
import Testing

/// One HTTP answer, taken apart without the server's own parsers.
struct Answer {
    let status: Int
    /// By name in small letters; fields of one name joined.
    let fields: [String: String]
    let body: [UInt8]

    init(_ bytes: [UInt8]) {
        let end = bytes.indices.first { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) } ?? bytes.count
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
        status = lines.first.flatMap { Int($0.dropFirst(9).prefix(3)) } ?? 0
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            let (name, value) = (parts[0].lowercased(), String(parts[1].dropFirst()))
            fields[name] = fields[name].map { "\($0), \(value)" } ?? value
        }
        self.fields = fields
        body = Array(bytes[min(end + 4, bytes.count)...])
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { JSONValue.of(text) }

    subscript(_ name: String) -> String? { fields[name] }

    /// The body without its coding.
    func unpacked() throws -> String {
        switch fields["content-encoding"] {
        case "gzip": String(decoding: try inflated(body.span, as: .gzip, outputMax: 1 << 24), as: UTF8.self)
        case "deflate": String(decoding: try inflated(body.span, as: .zlib, outputMax: 1 << 24), as: UTF8.self)
        default: text
        }
    }
}

extension World {
    /// Asks for `target` on a connection of its own.
    func ask(_ target: String, method: String = "GET", _ fields: String...) -> Answer {
        let stream = connect()
        let lines = ["\(method) \(target) HTTP/1.1", "Host: muster.test:7777"] + fields + ["", ""]
        stream.receive(Array(lines.joined(separator: "\r\n").utf8))
        turn()
        defer { stream.cut() }
        return Answer(stream.sent)
    }

    /// Posts a JSON body on a connection of its own.
    func post(_ target: String, _ body: JSONValue, from peer: PeerAddress = .test) -> Answer {
        let stream = connect(from: peer)
        let bytes = Array(body.text.utf8)
        let lines = [
            "POST \(target) HTTP/1.1", "Host: muster.test:7777", "Content-Type: application/json",
            "Content-Length: \(bytes.count)", "", "",
        ]
        stream.receive(Array(lines.joined(separator: "\r\n").utf8) + bytes)
        turn()
        defer { stream.cut() }
        return Answer(stream.sent)
    }
}

/// A client that watches a lobby, as HTML's EventSource understands what comes (HTML §9.2.6).
final class EventSource {
    struct Event: Equatable {
        var name: String
        var id: String?
        var data: String
    }

    let world: World
    let stream: FakeStream

    init(_ world: World, _ target: String = "/api/lobbies/x/events", _ fields: String...) {
        self.world = world
        stream = world.connect()
        let lines = ["GET \(target) HTTP/1.1", "Host: muster.test:7777"] + fields + ["", ""]
        stream.receive(Array(lines.joined(separator: "\r\n").utf8))
        world.turn()
    }

    var answer: Answer { Answer(stream.sent) }

    private var blocks: [Substring] { answer.text.split(separator: "\n\n", omittingEmptySubsequences: true) }

    /// The whole events so far.
    var events: [Event] {
        blocks.compactMap { block in
            var event = Event(name: "message", data: "")
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                let value = String(parts.count > 1 ? parts[1].dropFirst() : "")
                switch parts[0] {
                case "event": event.name = value
                case "id": event.id = value
                case "data": event.data += value
                case "", "retry": break
                default: Issue.record("no such field: \(line)")
                }
            }
            return event.data.isEmpty ? nil : event
        }
    }

    /// How many comments have come.
    var comments: Int { blocks.count { $0.hasPrefix(":") } }

    func events(_ name: String) -> [Event] { events.filter { $0.name == name } }

    /// The ids of all states so far.
    var ticks: [Int] { events.compactMap { $0.id.flatMap { Int($0) } } }
}
