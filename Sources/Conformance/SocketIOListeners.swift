import Foundation
import HTTPTypes
import Muster

/// A server's place in a cluster.
struct Membership: Sendable {
    /// nil for one that is alone.
    let cluster: SocketIOCluster?
    /// What the server is called there.
    let node: String
}

/// The listener whose Socket.IO speaks MessagePack.
func messagePackListener(port: Int, allowEIO3: Bool, _ membership: Membership) -> MusterServer {
    let server = MusterServer(configuration: .listening(port: port))
    addSocketIO(to: server, codec: .messagePack, allowEIO3: allowEIO3, membership)
    return server
}

/// Socket.IO on the main listener, or on one with another codec.
func addSocketIO(to server: MusterServer, codec: SocketCodec, allowEIO3: Bool, _ membership: Membership) {
    var options = SocketIOOptions.forTests
    options.codec = codec
    options.connection.allowEIO3 = allowEIO3
    options.connection.pingInterval = .milliseconds(1_000)
    options.connection.pingTimeout = .milliseconds(2_000)
    options.connection.maxPayload = 4_000_000
    options.connection.outboxBytesMax = 16_000_000
    options.connection.compresses = true
    // One listener with contexts, one without, so that tests see both.
    options.connection.keepsCompressionContext = !codec.isStandard
    options.connection.allowsCredentials = true
    options.connection.echoesOrigins = true
    options.connectTimeout = .milliseconds(2_000)
    options.connectionStateRecovery = .forTests
    options.connectionStateRecovery?.duration = .milliseconds(4_000)
    options.plainPaths = ["/plain": "/", "/plain/lobby": "/lobby", "/plain/guarded": "/guarded"]
    options.cluster = membership.cluster
    options.requestTimeout = .seconds(1)
    server.socketIO("/socket.io/", options) { io in SocketIOEvents(io, node: membership.node) }
}

extension SocketIOOptions {
    /// Any origin, and as many messages as come.
    fileprivate static var forTests: SocketIOOptions {
        var options = SocketIOOptions()
        options.connection.messagesPerSecond = nil
        options.connection.allowedOrigins = ["*"]
        return options
    }
}

extension ConnectionStateRecovery {
    /// As the reference has it unless told otherwise.
    fileprivate static var forTests: ConnectionStateRecovery {
        var recovery = ConnectionStateRecovery()
        recovery.skipsMiddlewares = true
        return recovery
    }
}

/// Socket.IO as its protocol's test suite wants it.
func socketProtocolListener(port: Int) -> MusterServer {
    let server = MusterServer(configuration: .listening(port: port))
    var options = SocketIOOptions.forTests
    options.connection.pingInterval = .milliseconds(300)
    options.connection.pingTimeout = .milliseconds(200)
    options.connectTimeout = .milliseconds(1_000)
    server.socketIO("/socket.io/", options) { io in
        for namespace in [io.main, io.namespace("/custom")] {
            namespace.onConnect { $0.emit("auth", $0.handshake.auth) }
        }
        io.main.on("message") { $0.emit("message-back", with: $1.arguments) }
        io.main.on("message-with-ack") { $1.reply(with: $1.arguments) }
    }
    return server
}

/// Socket.IO as the tests of its client want it.
func socketClientListener(port: Int) -> MusterServer {
    let server = MusterServer(configuration: .listening(port: port))
    var options = SocketIOOptions.forTests
    options.connection.pingInterval = .milliseconds(2_000)
    options.connection.hooks.verify { _ async throws in try await Task.sleep(for: .milliseconds(10)) }
    options.connectionStateRecovery = .forTests
    server.socketIO("/socket.io/", options) { io in
        io.main.use { socket in
            if socket.handshake.query["fail"] != nil { throw ConnectRefusal("Auth failed (main namespace)") }
        }
        io.namespace("/no").use { (_: Socket) throws in throw ConnectRefusal("Auth failed (custom namespace)") }
        for name in ["/timeout_socket", "/valid", "/asd"] { _ = io.namespace(name) }
        io.namespace("/foo").on("getId") { $1.reply(.string($0.id)) }
        io.namespace("/abc").onConnect { $0.emit("handshake", $0.handshake.json) }
        serveClientEvents(io.main, on: io.loop)
        serveClientBinary(io.main)
    }
    return server
}

private func serveClientEvents(_ main: Namespace, on loop: LoopContext) {
    main.on("hi") { socket, _ in socket.emit("hi") }
    main.on("echo") { $1.reply($1.arguments.first) }
    // The client's other events shall not wait for its answer.
    main.on("ack") { socket, _ in
        loop.task {
            guard let values = try? await socket.emitWithAck("ack").values else { return }
            if values.at(0) == 5, values.at(1)["test"] == true { socket.emit("got it") }
        }
    }
    main.on("getAckDate") { $1.reply(now()) }
    main.on("getDate") { socket, _ in socket.emit("takeDate", now()) }
    main.on("getDateObj") { socket, _ in socket.emit("takeDateObj", ["date": now()]) }
    main.on("getUtf8") { socket, _ in
        for text in ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"] {
            socket.emit("takeUtf8", .string(text))
        }
    }
    main.on("false") { socket, _ in socket.emit("false", false) }
    main.on("getHandshake") { $1.reply($0.handshake.json) }
    main.on("getId") { $1.reply(.string($0.id)) }
}

/// What a client has sent of a series of events.
private final class Progress {
    var hasBegun = false
    var steps = 0
}

private func serveClientBinary(_ main: Namespace) {
    let sample = JSONValue.binary(Array("asdfasdf".utf8))
    main.onConnect { $0.state = Progress() }
    main.on("doge") { socket, _ in socket.emit("doge", sample) }
    main.on("getbin") { socket, _ in socket.emit("takebin", sample) }
    for (name, answer) in [("buffa", "buffack"), ("blob", "back")] {
        main.on(name) { socket, message in
            if message.arguments.first.binary != nil { socket.emit(answer) }
        }
    }
    for name in ["jsonbuff", "jsonblob"] {
        main.on(name) { socket, message in
            let value = message.arguments.first
            guard value["hello"] == "lol", value["message"]?.binary != nil, value["goodbye"] == "gotcha" else { return }
            socket.emit("\(name)-ack")
        }
    }
    main.on("abuff1") { ($0.state as? Progress)?.hasBegun = $1.arguments.first.binary != nil }
    main.on("abuff2") { socket, _ in
        if (socket.state as? Progress)?.hasBegun == true { socket.emit("abuff2-ack") }
    }
    for (step, name) in ["blob1", "blob2", "blob3"].enumerated() {
        main.on(name) { socket, message in
            guard let progress = socket.state as? Progress, progress.steps == step else { return }
            guard step == 1 ? message.arguments.first == "second" : message.arguments.first.binary != nil else {
                return
            }
            progress.steps += 1
            if step == 2 { socket.emit("blob3-ack") }
        }
    }
}

private func now() -> JSONValue {
    .string(Date().ISO8601Format(.iso8601(timeZone: .gmt, includingFractionalSeconds: true)))
}

extension Handshake {
    /// The handshake as the reference shows it.
    fileprivate var json: JSONValue {
        [
            "headers": Dictionary(fields.map { ($0.name.canonicalName, $0.value) }) { _, last in last }.json,
            "time": .string(Date(timeIntervalSince1970: Double(issued) / 1_000).description),
            "address": .string(address), "xdomain": .bool(isCrossOrigin), "secure": .bool(isSecure),
            "issued": .integer(issued), "url": .string(url), "query": query.json, "auth": auth,
        ]
    }
}
