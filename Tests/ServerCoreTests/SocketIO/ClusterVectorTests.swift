import Foundation
import JSONCore
import SocketIOCore
import Testing
import VectorFiles

@testable import ServerCore

@Suite("Messages between servers as the official packages write them (protocol/vectors/cluster.json)")
struct ClusterVectorTests {
    private struct File: Decodable {
        var broadcasts, requests, responses, entries, messages, sharded: [Vector]
        var sessions: [Session]
    }

    private struct Session: Decodable {
        var id, key, stored, socket, pid: String
        var rooms: [String]
        var namespace, joined, lost, last: String?
    }

    private struct Vector: Decodable {
        var id: String
        var fields: [String: String]?
        var channel, payload: String?
        var encodes: Bool?
        var sender, namespace, event, requestId, kind, socket: String?
        var rooms, except, names: [String]?
        var volatile, compress, closes: Bool?
        var count: Int?

        var bytes: [UInt8] { bytesOfHex(payload ?? "") }
        /// `/chat` of `socket.io-request#/chat#`.
        var channelNamespace: String { String((channel ?? "").split(separator: "#")[1]) }
    }

    /// The vectors, and the same as values, for what they hold of any kind.
    private func load() throws -> (File, JSONValue) {
        let file = repository.appending(path: "protocol/vectors/cluster.json")
        let text = [UInt8](try Data(contentsOf: file))
        return (try vectors("cluster.json", as: File.self), try JSONValue.parse(text.span))
    }

    /// A value with its bytes, which stand there as `{"$binary": hex}`.
    private func value(_ value: JSONValue?) -> JSONValue {
        switch value ?? .null {
        case .array(let values): .array(values.map { self.value($0) })
        case .object(let object):
            if let hex = object["$binary"]?.string {
                .binary(bytesOfHex(hex))
            } else {
                .object(JSONObject(object.members.map { ($0.key, self.value($0.value)) }))
            }
        case let plain: plain
        }
    }

    private func matches(_ target: SocketTarget, _ vector: Vector) -> Bool {
        target.rooms == vector.rooms ?? [] && target.exceptRooms == vector.except ?? [] && target.isLocal
    }

    @Test func `broadcasts are read, and written in the same bytes`() throws {
        let (file, values) = try load()
        for (index, vector) in file.broadcasts.enumerated() {
            let broadcast = try ClassicBroadcast(vector.bytes)
            #expect(broadcast.sender == vector.sender && broadcast.namespace == vector.namespace, "\(vector.id)")
            let arguments = value(values["broadcasts"]?[index]?["arguments"])
            #expect(broadcast.emission.name == vector.event, "\(vector.id)")
            #expect(.array(broadcast.emission.arguments.values) == arguments, "\(vector.id)")
            #expect(broadcast.emission.options.isVolatile == vector.volatile ?? false, "\(vector.id)")
            #expect(broadcast.emission.options.compresses == vector.compress ?? true, "\(vector.id)")
            #expect(matches(broadcast.target, vector), "\(vector.id)")
            guard vector.encodes == true else { continue }
            let written = ClassicBroadcast.encode(
                sender: broadcast.sender, broadcast.emission, broadcast.target, in: broadcast.namespace)
            #expect(written == vector.bytes, "\(vector.id)")
        }
        #expect(file.broadcasts.count >= 10)
    }

    @Test func `requests are read, and written in the same bytes`() throws {
        let (file, values) = try load()
        for (index, vector) in file.requests.enumerated() {
            let request = try ClassicRequest(vector.bytes)
            #expect(request.sender == vector.sender && request.id == vector.requestId, "\(vector.id)")
            let arguments = value(values["requests"]?[index]?["arguments"])
            let isRight =
                switch request.body {
                case .command(.join(let names), let target):
                    vector.kind == "join" && names == vector.names && matches(target, vector)
                case .command(.leave(let names), let target):
                    vector.kind == "leave" && names == vector.names && matches(target, vector)
                case .command(.disconnect(let closes), let target):
                    vector.kind == "disconnect" && closes == vector.closes && matches(target, vector)
                case .single(.join(let names), let id):
                    vector.kind == "joinOne" && names == vector.names && id == vector.socket
                case .fetch(let target): vector.kind == "fetch" && matches(target, vector)
                case .allRooms: vector.kind == "allRooms"
                case .tell(let name, let told):
                    vector.kind == "tell" && name == vector.event && .array(told.values) == arguments
                case .ask(let emission, let target):
                    vector.kind == "ask" && emission.name == vector.event && matches(target, vector)
                        && .array(emission.arguments.values) == arguments
                default: false
                }
            #expect(isRight, "\(vector.id)")
            guard vector.encodes == true else { continue }
            #expect(request.encode(in: vector.channelNamespace) == vector.bytes, "\(vector.id)")
        }
        #expect(file.requests.count >= 14)
    }

    @Test func `responses are read, and written in the same bytes`() throws {
        let (file, values) = try load()
        for (index, vector) in file.responses.enumerated() {
            let response = try ClassicResponse(vector.bytes)
            #expect(response.id == vector.requestId && response.sender == nil, "\(vector.id)")
            let wanted = value(values["responses"]?[index]?["value"])
            let isRight =
                switch response.body {
                case .sockets(let sockets): vector.kind == "sockets" && sockets.count == vector.count
                case .rooms(let names): vector.kind == "rooms" && names == vector.names
                case .answer(let value): vector.kind == "answer" && value == wanted
                case .clientCount(let count): vector.kind == "clientCount" && count == vector.count
                case .ack(let value): vector.kind == "ack" && value == wanted
                case .done: false
                }
            #expect(isRight, "\(vector.id)")
            #expect(response.encode() == vector.bytes, "\(vector.id)")
        }
        #expect(file.responses.count >= 7)
    }

    @Test func `entries and messages of the Streams adapter are read, and written in the same bytes`() throws {
        let (file, values) = try load()
        for (list, vectors) in [("entries", file.entries), ("messages", file.messages)] {
            for (index, vector) in vectors.enumerated() {
                let fields = ["uid", "nsp", "type", "data"].compactMap { name in
                    vector.fields?[name].map { (name: name, value: Array($0.utf8)) }
                }
                let read = try vector.payload == nil ? StreamsMessage(entry: fields) : StreamsMessage(vector.bytes)
                let message = try #require(read)
                #expect(message.sender == vector.sender && message.namespace == vector.namespace, "\(vector.id)")
                let form = values[list]?[index]
                #expect(isRight(message.body, vector, value(form?["arguments"]), value(form?["value"])), "\(vector.id)")
                guard vector.encodes == true else { continue }
                if vector.payload == nil {
                    let written = message.entry()
                    #expect(written.map(\.name) == fields.map(\.name), "\(vector.id)")
                    #expect(written.map(\.value) == fields.map(\.value), "\(vector.id)")
                } else {
                    #expect(message.encode() == vector.bytes, "\(vector.id)")
                }
            }
        }
        #expect(file.entries.count >= 6 && file.messages.count >= 8)
    }

    @Test func `messages of the sharded adapter are read, and written in the same bytes, on the same channel`() throws {
        let (file, values) = try load()
        let cluster = ClusterWorld(.sharded)
        for (index, vector) in file.sharded.enumerated() {
            let message = try StreamsMessage(vector.bytes)
            #expect(message.sender == vector.sender && message.namespace == vector.namespace, "\(vector.id)")
            let form = values["sharded"]?[index]
            #expect(isRight(message.body, vector, value(form?["arguments"]), value(form?["value"])), "\(vector.id)")
            guard vector.encodes == true else { continue }
            #expect(message.encodeReadably() == vector.bytes, "\(vector.id)")
            guard case .command(let command, var target) = message.body else { continue }
            target.isLocal = false
            cluster.halls[1].hub.namespace(message.namespace).perform(command, on: target)
            #expect(cluster.redis.published.last?.channel == vector.channel, "\(vector.id)")
            #expect(cluster.redis.published.last?.payload == vector.bytes, "\(vector.id)")
        }
        #expect(file.sharded.count >= 18)
    }

    @Test func `sessions are read, and written as the official adapter stores them`() throws {
        let (file, values) = try load()
        for (index, vector) in file.sessions.enumerated() {
            let session = try ClusterSession(Array(vector.stored.utf8))
            #expect(vector.key == ClusterSession.keyPrefix + session.pid && vector.pid == session.pid, "\(vector.id)")
            #expect(session.id.text == vector.socket && session.rooms == vector.rooms, "\(vector.id)")
            #expect(session.data == value(values["sessions"]?[index]?["value"]), "\(vector.id)")
            #expect(session.namespace == vector.namespace, "\(vector.id)")
            #expect(session.joined?.text == vector.joined && session.lost?.text == vector.lost, "\(vector.id)")
            #expect(session.lastSent.map { String($0, radix: 16) } == vector.last, "\(vector.id)")
            #expect(session.encode() == Array(vector.stored.utf8), "\(vector.id)")
        }
        #expect(file.sessions.count >= 4)
    }

    private func isRight(
        _ body: StreamsMessage.Body, _ vector: Vector, _ arguments: JSONValue, _ value: JSONValue
    ) -> Bool {
        switch body {
        case .command(.emit(let emission), let target):
            vector.kind == "emit" && emission.name == vector.event && matches(target, vector)
                && .array(emission.arguments.values) == arguments
                && emission.options.isVolatile == vector.volatile ?? false
        case .command(.join(let names), let target):
            vector.kind == "join" && names == vector.names && matches(target, vector)
        case .command(.leave(let names), let target):
            vector.kind == "leave" && names == vector.names && matches(target, vector)
        case .command(.disconnect(let closes), let target):
            vector.kind == "disconnect" && closes == vector.closes && matches(target, vector)
        case .ask(let id, let emission, let target):
            vector.kind == "ask" && id == vector.requestId && emission.name == vector.event && matches(target, vector)
                && .array(emission.arguments.values) == arguments
        case .fetch(let id, let target): vector.kind == "fetch" && id == vector.requestId && matches(target, vector)
        case .sockets(let id, let sockets):
            vector.kind == "sockets" && id == vector.requestId && sockets.count == vector.count
        case .tell(let id, let name, let told):
            vector.kind == "tell" && id == vector.requestId && name == vector.event && .array(told.values) == arguments
        case .answer(let id, let answer): vector.kind == "answer" && id == vector.requestId && answer == value
        case .clientCount(let id, let count):
            vector.kind == "clientCount" && id == vector.requestId && count == vector.count
        case .ack(let id, let answer): vector.kind == "ack" && id == vector.requestId && answer == value
        case .presence: false
        }
    }
}
