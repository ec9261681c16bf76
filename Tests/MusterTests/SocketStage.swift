import ByteKit
import Determinism
import EventLoop
import Foundation
import JSONCore
import Logging
import ServerCore
import Synchronization
import Testing
import WebSocketCore

@testable import Muster

/// Socket.IO as an author has it, on a real loop, with clients that need no network. A script plays on the loop.
final class SocketStage {
    let io: SocketIOServer
    private let loop: EventLoop
    private let server: Server
    private let logged: LoggedLines
    private var peers: [SocketPeer] = []

    private init(_ loop: EventLoop, _ options: SocketIOOptions) {
        self.loop = loop
        let logged = LoggedLines()
        self.logged = logged
        let logger = Logger(label: "stage") { _ in LineHandler(lines: logged) }
        server = Server(
            settings: ServerSettings(), games: [], hooks: ServerHooks(), entropy: SystemRandomNumberGenerator(),
            clock: { loop.now })
        let context = LoopContext(loop: loop, server: server, logger: logger)
        let hub = SocketHub(
            server: server, settings: options.settings, messageBytesMax: options.connection.maxPayload)
        hub.context = SocketShell(loop: loop, logger: logger)
        io = SocketIOServer(hub: hub, loop: context)
        server.endpoints["/socket.io/"] = .engine(options.connection.endpoint(of: hub, on: context))
        for (path, namespace) in options.plainPaths {
            server.endpoints[path] = .webSocket(options.connection.plainEndpoint(of: hub, namespace, on: context))
        }
    }

    /// Sets up, plays the script on the loop, and ends the loop with it.
    ///
    /// The loop has a thread of its own: within the test's task, the runtime would take the script's tasks for parts of that one.
    /// The script's task is begun here, so that it knows its test.
    static func play(
        _ options: SocketIOOptions = SocketIOOptions(), _ setUp: (SocketIOServer) -> Void,
        script: @escaping (SocketStage) async throws -> Void
    ) async throws {
        let loop = try EventLoop()
        let stage = SocketStage(loop, options)
        setUp(stage.io)
        stage.prepare()
        let bound = LoopBound((stage, script), on: loop)
        let (ends, ended) = AsyncStream<Void>.makeStream()
        Thread.detachNewThread {
            loop.run()
            ended.finish()
        }
        Task(executorPreference: loop) {
            let (stage, script) = bound.value
            stage.limitTime()
            do { try await script(stage) } catch { Issue.record(error) }
            loop.stop()
        }
        for await _ in ends {}
    }

    private func prepare() {
        let timer = loop.makeTimer { [self] in server.advance() }
        loop.beforeWaiting = { [self] in
            turnEnds()
            if let wake = server.nextWake { timer.arm(at: wake) }
        }
    }

    private func limitTime() {
        let limit = loop.makeTimer { [self] in
            Issue.record("the script did not come to its end; clients have heard \(peers.map(\.heard))")
            loop.stop()
        }
        limit.arm(at: loop.now + .seconds(30))
    }

    private func turnEnds() {
        server.flush()
        for peer in peers where peer.isClosing { peer.end() }
        peers.removeAll(where: \.hasEnded)
        server.flush()
    }

    /// What was logged since the last call.
    func takeLog() -> [String] { logged.take() }

    /// A client with a WebSocket.
    func peer(_ target: String = "/socket.io/?EIO=4&transport=websocket") async -> SocketPeer {
        let peer = SocketPeer()
        peers.append(peer)
        server.accept(peer, peer: PeerAddress(ipv4: 0x7F00_0001, port: 40_000))
        peer.ask(target)
        return peer
    }

    /// A client that is in a namespace; what it is told of it is taken.
    func guest(_ namespace: String = "/", auth: String = "") async -> SocketPeer {
        let peer = await peer()
        let prefix = namespace == "/" ? "" : "\(namespace),"
        _ = await peer.next()
        peer.say("40\(prefix)\(auth)")
        _ = await peer.next()
        return peer
    }
}

/// A client, which is also the byte stream that the server has of it.
final class SocketPeer: ByteStream {
    var handler: (any ByteStreamHandler)?
    var isBlocked: Bool { false }
    var isHandshaking: Bool { false }
    var failure: String? { nil }
    private(set) var isClosing = false
    private(set) var hasEnded = false
    /// The head of the answer to its request.
    private(set) var head = ""
    private var bytes: [UInt8] = []
    private var receiver = WebSocketReceiver(role: .client, messageBytesMax: 1 << 20)
    private var texts: [String] = []
    /// All that has come.
    private(set) var heard: [String] = []
    private var waiting: CheckedContinuation<String, Never>?

    func pauseReading() {}
    func resumeReading() {}
    func close(_ manner: StreamCloseManner) { isClosing = true }

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        self.bytes += bytes
        self.bytes += shared
        bytes.removeAll()
        read()
    }

    private func read() {
        if head.isEmpty {
            guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: "\r\n\r\n".utf8) }) else { return }
            head = String(decoding: bytes[..<end], as: UTF8.self)
            bytes.removeFirst(end + 4)
        }
        guard head.contains(" 101 ") else { return got(head) }
        var cursor = 0
        do {
            var span = bytes.mutableSpan
            while let event = try receiver.next(&span, at: &cursor) {
                switch event {
                case .text(let message): got(String(decoding: receiver.copy(message, from: span.span), as: UTF8.self))
                case .close(let code): got("close \(code ?? 1005)")
                default: break
                }
            }
            bytes = []
        } catch {
            Issue.record(error)
        }
    }

    private func got(_ text: String) {
        heard.append(text)
        // A heartbeat may come between any two.
        guard text != "2" else { return }
        guard let waiting else { return texts.append(text) }
        self.waiting = nil
        waiting.resume(returning: text)
    }

    /// What comes next: a text, a close, or the head of a refusal.
    func next() async -> String {
        // To look before would be too early: other work of the loop runs between the call and the closure.
        await withCheckedContinuation { continuation in
            guard texts.isEmpty else { return continuation.resume(returning: texts.removeFirst()) }
            waiting = continuation
        }
    }

    /// That many texts.
    func next(_ count: Int) async -> [String] {
        var taken: [String] = []
        while taken.count < count { taken.append(await next()) }
        return taken
    }

    /// Expects these texts next.
    func hears(_ texts: String..., sourceLocation: SourceLocation = #_sourceLocation) async {
        let heard = await next(texts.count)
        #expect(heard == texts, sourceLocation: sourceLocation)
    }

    /// Expects a text that begins so.
    func hears(prefix: String, sourceLocation: SourceLocation = #_sourceLocation) async {
        let heard = await next()
        #expect(heard.hasPrefix(prefix), sourceLocation: sourceLocation)
    }

    func say(_ texts: String...) {
        for text in texts {
            var frame: [UInt8] = []
            WebSocketFrame.append(.text, Array(text.utf8).span, to: &frame, mask: 7)
            receive(frame)
        }
    }

    func ask(_ target: String) {
        receive(
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

    private func receive(_ sent: [UInt8]) {
        var lent = sent
        var span = lent.mutableSpan
        handler?.streamReceived(&span)
    }

    /// The connection is gone.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        handler?.streamClosed(self)
    }
}

/// Lines that were logged.
final class LoggedLines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }
}

private struct LineHandler: LogHandler {
    let lines: LoggedLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.message)") }
}
