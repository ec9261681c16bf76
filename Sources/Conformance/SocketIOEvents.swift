import Determinism
import Muster

/// The Socket.IO events that test clients expect, the same in every namespace of a listener.
final class SocketIOEvents {
    private let io: SocketIOServer
    /// Why sockets have gone, by id; the last ones.
    private var reasons: [String: DisconnectReason] = [:]
    private var reasonOrder: [String] = []
    private var flakyKeys: Set<String> = []
    private static let reasonsMax = 10_000
    private static let bytesMax = 64 * 1024 * 1024

    /// What this server is called in a cluster.
    private let node: String

    /// Serves the namespaces of the main listener.
    @discardableResult
    init(_ io: SocketIOServer, node: String) {
        self.io = io
        self.node = node
        let guarded = io.namespace("/guarded")
        guarded.use { socket in
            let token = socket.handshake.auth["token"] ?? .null
            guard token == "sesame" else {
                throw ConnectRefusal("not authorized", data: ["code": 401, "got": token])
            }
        }
        guarded.onConnect { $0.emit("welcome", ["user": $0.handshake.auth["user"] ?? .null]) }
        serve(io.main)
        serve(io.namespace("/lobby"))
        serve(guarded)
        serve(io.namespaces(matching: /\/dyn-[0-9]+/))
    }

    private func serve(_ namespace: some SocketHandling) {
        serveAnswers(namespace)
        serveRooms(namespace)
        serveQuestions(namespace)
        serveBulk(namespace)
        serveEndings(namespace)
        serveCluster(namespace)
    }

    private func serveAnswers(_ namespace: some SocketHandling) {
        namespace.on("echo") { $0.emit("echo", with: $1.arguments) }
        namespace.on("echo-ack") { $1.reply(with: $1.arguments) }
        namespace.on("no-ack") { _, _ in }
        namespace.on("binary-info") { _, message in
            let sizes = message.arguments.values.flatMap(\.binarySizes)
            message.reply(["count": .integer(Int64(sizes.count)), "bytes": .integer(Int64(sizes.reduce(0, +)))])
        }
        namespace.on("whoami") { socket, message in
            let handshake = socket.handshake
            message.reply([
                "id": .string(socket.id), "ns": .string(socket.namespace.name), "rooms": sorted(socket.rooms),
                "transport": socket.transport == .polling ? "polling" : "websocket",
                "recovered": .bool(socket.isRecovered),
                "auth": handshake.auth, "query": handshake.query.json,
            ])
        }
    }

    private func serveRooms(_ namespace: some SocketHandling) {
        let loop = io.loop
        namespace.on("join-room") { socket, message in
            socket.join(message.arguments.first.string ?? "")
            message.reply(sorted(socket.rooms))
        }
        namespace.on("leave-room") { socket, message in
            socket.leave(message.arguments.first.string ?? "")
            message.reply(sorted(socket.rooms))
        }
        namespace.on("say-room") { socket, message in
            let (room, any) = message.roomAndValue
            socket.to(room).emit("room-said", .string(room), .string(socket.id), any)
        }
        namespace.on("say-room-all") { socket, message in
            let (room, any) = message.roomAndValue
            socket.namespace.in(room).emit("room-said", .string(room), .string(socket.id), any)
        }
        namespace.on("say-except") { socket, message in
            let values = message.arguments.values
            let (room, other) = (values.at(0).string ?? "", values.at(1).string ?? "")
            socket.namespace.in(room).except(other).emit(
                "room-said", .string(room), .string(socket.id), values.at(2))
        }
        namespace.on("broadcast") { socket, message in
            socket.broadcast.emit("broadcasted", .string(socket.id), message.arguments.first)
        }
        namespace.on("broadcast-all") { socket, message in
            socket.namespace.emit("broadcasted", .string(socket.id), message.arguments.first)
        }
        namespace.on("sockets-in") { socket, message in
            let room = message.arguments.first.string ?? ""
            loop.task { message.reply(sorted(await socket.namespace.in(room).fetch().sockets.map(\.id))) }
        }
    }

    private func serveCluster(_ namespace: some SocketHandling) {
        let (loop, node) = (io.loop, JSONValue.string(node))
        namespace.on("fetch-all") { socket, message in
            let all = socket.namespace.all
            let asked = message.arguments.first.string.map(all.in) ?? all
            loop.task { message.reply(sorted(await asked.fetch().sockets.map(\.id))) }
        }
        namespace.on("local-say") { $0.namespace.local.emit("local-said", node, $1.arguments.first) }
        namespace.on("move-room") { socket, message in
            let values = message.arguments.values
            let moved = socket.namespace.in(values.at(0).string ?? "")
            moved.join(values.at(1).string ?? "")
            moved.leave(values.at(0).string ?? "")
            message.reply()
        }
        namespace.on("kick-all") { socket, message in
            let values = message.arguments.values
            socket.namespace.in(values.at(0).string ?? "").disconnect(closesConnection: values.at(1).bool ?? false)
        }
        namespace.on("server-side") { socket, message in
            let any = message.arguments.first
            loop.task {
                let answers = await socket.namespace.serverSideEmitWithAck("question", any)
                // To the listener that is not counted its own node is another.
                let names = answers.answers.compactMap(\.first.string).filter { .string($0) != node }
                message.reply(["answers": sorted(names), "missing": .integer(Int64(answers.missing))])
            }
        }
        namespace.on("server-side-tell") { $0.namespace.serverSideEmit("tell", $1.arguments.first) }
        namespace.onServerEvent("question") { _, _, answer in answer?([node]) }
        namespace.onServerEvent("tell") { namespace, arguments, _ in
            namespace.local.emit("told", node, arguments.first)
        }
    }

    /// Questions take time, and the client's other events shall not wait for the answers.
    private func serveQuestions(_ namespace: some SocketHandling) {
        let loop = io.loop
        namespace.on("server-ack") { socket, message in
            let any = message.arguments.first
            loop.task {
                guard let answer = try? await socket.emitWithAck("question", any, timeout: .seconds(60)) else { return }
                socket.emit("answered", with: answer)
            }
        }
        namespace.on("server-ack-timeout") { socket, message in
            let values = message.arguments.values
            loop.task {
                do {
                    let answer = try await socket.emitWithAck("question", values.at(1), timeout: values.at(0).interval)
                    socket.emit("answered", "ok", answer.first)
                } catch {
                    socket.emit("answered", "timeout")
                }
            }
        }
        namespace.on("ask-room") { socket, message in
            let values = message.arguments.values
            loop.task {
                let asked = socket.namespace.in(values.at(0).string ?? "")
                let answers = await asked.emitWithAck("question", values.at(2), timeout: values.at(1).interval)
                let given = answers.answers.map(\.first).sorted { $0.text < $1.text }
                message.reply(["timedOut": .bool(answers.missing > 0), "answers": .array(given)])
            }
        }
    }

    private func serveBulk(_ namespace: some SocketHandling) {
        for (name, options) in [("burst", EmitOptions()), ("burst-volatile", .volatile)] {
            namespace.on(name) { socket, message in
                let values = message.arguments.values
                for index in 0..<values.count(at: 0, max: 1_000_000) {
                    socket.emit("burst-item", values.at(1), .integer(Int64(index)), options: options)
                }
                message.reply(values.at(0))
            }
        }
        namespace.on("make-text") { socket, message in
            let values = message.arguments.values
            let text = String(repeating: "x", count: values.count(at: 0, max: Self.bytesMax))
            socket.emit("made-text", .string(text), options: values.at(1).bool == false ? .uncompressed : [])
        }
        namespace.on("make-binary") { socket, message in
            let count = message.arguments.values.count(at: 0, max: Self.bytesMax)
            socket.emit("made-binary", .binary((0..<count).map { UInt8($0 % 251) }))
        }
        namespace.on("flaky") { [unowned self] _, message in
            if !flakyKeys.insert(message.arguments.first.text).inserted { message.reply(message.arguments.first) }
        }
    }

    private func serveEndings(_ namespace: some SocketHandling) {
        namespace.on("kick") { $0.disconnect(closesConnection: $1.arguments.first.bool ?? false) }
        namespace.on("kick-room") { $0.namespace.in($1.arguments.first.string ?? "").disconnect() }
        namespace.on("reason-of") { [unowned self] _, message in
            message.reply(reasons[message.arguments.first.string ?? ""].map { .string($0.rawValue) } ?? .null)
        }
        // This one holds the events themselves for as long as their server runs.
        namespace.onDisconnect { socket, reason in
            if self.reasonOrder.count == Self.reasonsMax { self.reasons[self.reasonOrder.removeFirst()] = nil }
            self.reasonOrder.append(socket.id)
            self.reasons[socket.id] = reason
        }
    }
}

private func sorted(_ texts: [String]) -> JSONValue { .array(texts.sorted().map { .string($0) }) }

extension SocketMessage {
    /// The two arguments that most events about rooms have.
    fileprivate var roomAndValue: (String, JSONValue) {
        let values = arguments.values
        return (values.at(0).string ?? "", values.at(1))
    }
}

extension [JSONValue] {
    /// The value there; `null` where there is none.
    func at(_ index: Int) -> JSONValue { indices.contains(index) ? self[index] : .null }

    /// The whole number there, within bounds.
    fileprivate func count(at index: Int, max most: Int) -> Int {
        Swift.min(most, Swift.max(0, Int(at(index).number ?? 0)))
    }
}

extension JSONValue {
    /// So many milliseconds.
    fileprivate var interval: Interval { .milliseconds(Int(Swift.min(Swift.max(number ?? 0, 1), 600_000))) }

    /// How long each of the binary values in it is.
    fileprivate var binarySizes: [Int] {
        switch self {
        case .binary(let bytes): [bytes.count]
        case .array(let values): values.flatMap(\.binarySizes)
        case .object(let object): object.members.flatMap(\.value.binarySizes)
        default: []
        }
    }
}

extension [String: String] {
    /// The pairs as an object.
    var json: JSONValue {
        var object = JSONObject()
        for (key, value) in self { object[key] = .string(value) }
        return .object(object)
    }
}
