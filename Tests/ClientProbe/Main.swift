import Foundation
import MusterClient

/// Goes through the conformance server's events with the client library, and prints a line for each thing that holds:
/// `client-probe URL polling|websocket|upgrade [msgpack]`. The first thing that does not ends it with exit code 1.
@main
struct Main {
    static func main() async {
        let arguments = CommandLine.arguments
        guard (3...4).contains(arguments.count), let transports = ways[arguments[2]] else {
            print("usage: client-probe URL polling|websocket|upgrade [msgpack]")
            exit(2)
        }
        let codec: SocketCodec = arguments.count == 4 && arguments[3] == "msgpack" ? .messagePack : .standard
        do {
            try await Probe(url: arguments[1], transports: transports, way: arguments[2], codec: codec).run()
        } catch {
            say("FAILED: \(error)")
            exit(1)
        }
    }

    static let ways: [String: [SocketManagerOptions.Transport]] = [
        "polling": [.polling], "websocket": [.webSocket], "upgrade": [.polling, .webSocket],
    ]
}

/// Prints a line at once, whoever reads it.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

/// What does not hold.
struct Failure: Error, CustomStringConvertible {
    let description: String
}

struct Probe {
    let url: String
    let transports: [SocketManagerOptions.Transport]
    let way: String
    let codec: SocketCodec

    func run() async throws {
        for (name, check) in checks {
            try await check()
            say("ok \(name)")
        }
    }

    private var checks: [(String, () async throws -> Void)] {
        [
            ("echo", echo), ("acks", acks), ("timeout", timeout), ("handshake", handshake), ("refusal", refusal),
            ("order", order), ("questions", questions), ("large", large), ("sharing", sharing),
            ("retries", retries), ("kick", kick), ("offline", offline), ("sequence", sequence),
            ("cancellation", cancellation),
        ]
    }

    private func manager(_ adjust: (inout SocketManagerOptions) -> Void = { _ in }) throws -> SocketManager {
        var options = SocketManagerOptions()
        options.transports = transports
        options.codec = codec
        adjust(&options)
        return try SocketManager(url, options)
    }

    private func connected(_ options: ClientSocketOptions = ClientSocketOptions()) async throws -> ClientSocket {
        let socket = try manager().socket("/", options)
        try await socket.connect()
        return socket
    }

    private func expect(_ holds: Bool, _ what: @autoclosure () -> String) throws {
        if !holds { throw Failure(description: what()) }
    }

    private func equal(_ one: SocketArguments, _ other: SocketArguments, _ what: String) throws {
        try expect(one == other, "\(what): \(one.values.map(\.text)) is not \(other.values.map(\.text))")
    }

    /// Whether an event says that. A server that recovers connections adds its offset, a text.
    private func heard(_ message: ReceivedMessage?, _ wanted: SocketArguments, _ what: String) throws {
        guard let values = message?.arguments.values else {
            throw Failure(description: "\(what): the sequence has ended")
        }
        let count = wanted.values.count
        try equal(SocketArguments(Array(values.prefix(count))), wanted, what)
        let isOffset = values.count == count + 1 && values.last?.string != nil
        try expect(values.count == count || isOffset, "\(what): \(values.map(\.text))")
    }

    /// JSON and bytes of every kind.
    private static let mixed: SocketArguments = [
        1, "two", nil, true, [1.5, ["deep": .binary([1, 2, 3])]], .binary([]), "tschüß 🐟",
    ]

    private func echo() async throws {
        let socket = try await connected()
        var echoes = socket.messages("echo").makeAsyncIterator()
        for arguments in [[], ["hello"], Self.mixed] as [SocketArguments] {
            socket.emit("echo", with: arguments)
            try heard(await echoes.next(), arguments, "echo")
        }
        socket.disconnect()
    }

    private func acks() async throws {
        let socket = try await connected()
        let answer = try await socket.emitWithAck("echo-ack", with: Self.mixed)
        try equal(answer, Self.mixed, "an answer")
        let info = try await socket.emitWithAck("binary-info", with: Self.mixed)
        try equal(info, [["count": 2, "bytes": 3]], "bytes at the server")
        socket.disconnect()
    }

    private func timeout() async throws {
        let socket = try await connected()
        do {
            _ = try await socket.emitWithAck("no-ack", 1, timeout: .milliseconds(200))
            throw Failure(description: "an answer where there is none")
        } catch AckError.timedOut {}
        socket.disconnect()
    }

    private func handshake() async throws {
        let manager = try manager { $0.query = [("from", "a probe & more")] }
        let socket = manager.socket(auth: ["user": "probe"])
        try await socket.connect()
        let who = try await socket.emitWithAck("whoami").first
        try expect(who["auth"] == ["user": "probe"], "auth is \(who["auth"]?.text ?? "-")")
        try expect(who["query"]?["from"] == "a probe & more", "the query is \(who["query"]?.text ?? "-")")
        try expect(who["id"]?.string == socket.id, "the id is \(who["id"]?.text ?? "-")")
        socket.disconnect()
    }

    private func refusal() async throws {
        let manager = try manager()
        let stranger = manager.socket("/guarded")
        do {
            try await stranger.connect()
            throw Failure(description: "a stranger was let in")
        } catch ClientError.refused(let message, let data) {
            try expect(message == "not authorized" && data?["code"] == 401, "\(message) \(data?.text ?? "-")")
        }
        let friend = try self.manager().socket("/guarded", auth: ["token": "sesame", "user": "u"])
        var welcomes = friend.messages("welcome").makeAsyncIterator()
        try await friend.connect()
        try heard(await welcomes.next(), [["user": "u"]], "the welcome")
        friend.disconnect()
    }

    private func order() async throws {
        let socket = try await connected()
        var items = socket.messages("burst-item").makeAsyncIterator()
        let answer = try await socket.emitWithAck("burst", 500, "tag")
        try equal(answer, [500], "the burst")
        for index in Int64(0)..<500 {
            try heard(await items.next(), ["tag", .integer(index)], "an item")
        }
        socket.disconnect()
    }

    private func questions() async throws {
        let socket = try await connected()
        // Both kinds of handlers: one that answers at once, and one that takes its time.
        socket.on("question") { message in message.reply("yes", .binary([9])) }
        var answers = socket.messages("answered").makeAsyncIterator()
        socket.emit("server-ack", 1)
        try heard(await answers.next(), ["yes", .binary([9])], "an answer")
        socket.off("question")
        socket.on("question") { message async in
            await Task.yield()
            message.reply("later")
        }
        socket.emit("server-ack", 2)
        try heard(await answers.next(), ["later"], "a later answer")
        socket.disconnect()
    }

    private func large() async throws {
        let socket = try await connected()
        var texts = socket.messages("made-text").makeAsyncIterator()
        socket.emit("make-text", 300_000, true)
        try expect(await texts.next()?.arguments.first.string?.utf8.count == 300_000, "a long text")
        var binaries = socket.messages("made-binary").makeAsyncIterator()
        socket.emit("make-binary", 300_000)
        let bytes = await binaries.next()?.arguments.first.binary ?? []
        try expect(bytes.count == 300_000 && bytes[252] == 1, "many bytes")
        let info = try await socket.emitWithAck("binary-info", .binary(bytes), .binary(bytes))
        try equal(info, [["count": 2, "bytes": 600_000]], "many bytes at the server")
        socket.disconnect()
    }

    private func sharing() async throws {
        let manager = try manager()
        let main = manager.socket()
        let lobby = manager.socket("/lobby")
        try await main.connect()
        try await lobby.connect()
        let names = [
            try await main.emitWithAck("whoami").first["ns"], try await lobby.emitWithAck("whoami").first["ns"],
        ]
        try expect(names == ["/", "/lobby"], "namespaces are \(names)")
        main.disconnect()
        try equal(try await lobby.emitWithAck("echo-ack", 1), [1], "the other one's answer")
        lobby.disconnect()
    }

    private func retries() async throws {
        var options = ClientSocketOptions()
        options.retries = 3
        options.ackTimeout = .milliseconds(300)
        let socket = try await connected(options)
        let key = JSONValue.string("probe-\(way)-\(UInt64.random(in: 0 ... .max))")
        try equal(try await socket.emitWithAck("flaky", key), [key], "the second attempt's answer")
        socket.disconnect()
    }

    private func kick() async throws {
        for closes in [false, true] {
            let socket = try await connected()
            let (reasons, told) = AsyncStream.makeStream(of: ClientDisconnectReason.self)
            socket.onDisconnect { told.yield($0) }
            socket.emit("kick", .bool(closes))
            var iterator = reasons.makeAsyncIterator()
            let reason = await iterator.next()
            try expect(reason == .serverDisconnect, "the reason is \(reason?.rawValue ?? "-")")
            try expect(!socket.isConnected && socket.id == nil, "it is still connected")
        }
    }

    private func offline() async throws {
        let socket = try manager().socket()
        var echoes = socket.messages("echo").makeAsyncIterator()
        for number in Int64(0)..<20 { socket.emit("echo", .integer(number)) }
        try await socket.connect()
        for number in Int64(0)..<20 {
            try heard(await echoes.next(), [.integer(number)], "an event from before")
        }
        socket.disconnect()
    }

    private func sequence() async throws {
        let socket = try await connected()
        let event = SocketEvent<[String: Int]>("echo")
        var payloads = socket.events(event).makeAsyncIterator()
        try socket.emit(event, ["a": 1])
        try expect(await payloads.next() == ["a": 1], "a typed event")
        let request = SocketRequest<[Int], [Int]>("echo-ack")
        try expect(try await socket.request(request, [1, 2]) == [1, 2], "a typed request")
        socket.manager.close()
        try expect(await payloads.next() == nil, "a sequence outlives its manager")
    }

    private func cancellation() async throws {
        let socket = try await connected()
        let task = Task { try await socket.emitWithAck("no-ack", 1, timeout: .seconds(60)) }
        task.cancel()
        do {
            _ = try await task.value
            throw Failure(description: "an answer where there is none")
        } catch is CancellationError {}
        // Nobody listens there.
        let lost = try SocketManager("http://127.0.0.1:1").socket()
        let connecting = Task { try await lost.connect() }
        connecting.cancel()
        do {
            try await connecting.value
            throw Failure(description: "a connection where nobody listens")
        } catch is CancellationError {}
        socket.disconnect()
    }
}
