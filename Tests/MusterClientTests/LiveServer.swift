import Determinism
import EventLoop
import Foundation
import Logging
import TLS

@testable import Muster
@testable import ServerCore

/// A Muster server with Socket.IO on a loop and a thread of its own, at a port that the kernel chooses.
final class LiveServer: Sendable {
    let port: Int
    private let loop: EventLoop
    private let ended: AsyncStream<Void>

    /// - Parameters:
    ///   - port: That of a server that has ended, to come back in its place.
    ///   - certificate: The paths of a certificate and its key; nil for no TLS.
    init(
        serving options: SocketIOOptions = SocketIOOptions(), port: Int = 0,
        certificate: (chain: String, key: String)? = nil, _ setUp: (SocketIOServer) -> Void
    ) throws {
        let loop = try EventLoop()
        let logger = Logger(label: "live") { _ in SwiftLogNoOpLogHandler() }
        let server = Server(
            settings: ServerSettings(), games: [], hooks: ServerHooks(), entropy: SystemRandomNumberGenerator(),
            clock: { loop.now })
        let context = LoopContext(loop: loop, server: server, logger: logger)
        let hub = SocketHub(
            server: server, settings: options.settings, messageBytesMax: options.connection.maxPayload)
        hub.context = SocketShell(loop: loop, logger: logger)
        setUp(SocketIOServer(hub: hub, loop: context))
        server.endpoints["/socket.io/"] = .engine(options.connection.endpoint(of: hub, on: context))
        var tls = TLSSettings()
        if let certificate { (tls.certificate, tls.key) = ([certificate.chain], [certificate.key]) }
        let secure = certificate == nil ? nil : try SecureListening(tls)
        let arrivals = Arrivals(server: server, secure: secure, workspace: TLSWorkspace())
        let host = LoopHost(loop: loop, server: server, arrivals: arrivals, logger: logger)
        let place = ListenPlace(address: .ip(host: "127.0.0.1", port: port), isSecure: certificate != nil)
        let bound = try host.listen(on: [place], sharing: .none)
        self.port = bound[0].port ?? 0
        try host.start()
        self.loop = loop
        // The loop's callbacks do not hold it.
        let held = LoopBound(host, on: loop)
        let (ends, end) = AsyncStream<Void>.makeStream()
        ended = ends
        Thread.detachNewThread {
            withExtendedLifetime(held) { loop.run() }
            end.finish()
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Ends it soon, with all its connections.
    func end() { loop.stop() }

    /// Ends it; the port is free then.
    func stop() async {
        end()
        for await _ in ended {}
    }
}

extension Socket {
    /// Ends the client's connection as a network does: the client is to come back.
    func cut() { core.connection.fail(.transportError, "cut") }
}

/// What has been noted on any thread, in its order, to be waited for.
final class Notes: Sendable {
    private let stream: AsyncStream<String>
    private let notes: AsyncStream<String>.Continuation

    init() { (stream, notes) = AsyncStream.makeStream() }

    func note(_ text: String) { notes.yield(text) }

    /// The next so many.
    func next(_ count: Int) async -> [String] {
        var iterator = stream.makeAsyncIterator()
        var taken: [String] = []
        while taken.count < count, let note = await iterator.next() { taken.append(note) }
        return taken
    }

    /// Waits for that one, and leaves out what comes before.
    func until(_ text: String) async {
        var iterator = stream.makeAsyncIterator()
        while let note = await iterator.next(), note != text {}
    }
}
