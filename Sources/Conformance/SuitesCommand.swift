import ArgumentParser
import Dispatch
import Foundation
import Muster

/// `muster-conformance --port P`: the listeners for protocol test suites.
struct SuitesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suites",
        abstract: "Serves the listeners for protocol test suites, on 127.0.0.1 at PORT and the ports after it.")

    @Option(
        help: """
            The first port: Socket.IO, raw WebSocket at /ws and HTTP. PORT+1 has the same Socket.IO in MessagePack, PORT+2 is for Socket.IO's suite, PORT+3 the Engine.IO \
            suite's echo, PORT+4 answers every request with its body, PORT+5 and PORT+6 are for the tests of Socket.IO's \
            and Engine.IO's clients.
            """)
    var port: Int
    @Option(help: "How many loops PORT has.")
    var loops = 1
    @Option(help: "The Redis server of a cluster, redis://HOST:PORT, which PORT and PORT+1 join.")
    var redis: String?
    @Option(help: "What this server calls itself in the cluster's events.")
    var node = ""
    @Option(help: "In which form the cluster's servers write to each other: classic, streams or sharded.")
    var adapter = SocketIOCluster.Adapter.classic
    @Flag(
        name: .customLong("allow-eio3"),
        help: """
            Speak revision 3 on PORT, PORT+1 and PORT+3, for that revision's suite and clients; the suite of revision 4 has \
            it refused.
            """)
    var allowEIO3 = false

    func validate() throws {
        guard (1...65529).contains(port) else {
            throw ValidationError("--port must be from 1 to \(65529), not \(port)")
        }
        guard (1...64).contains(loops) else { throw ValidationError("--loops must be from 1 to 64, not \(loops)") }
    }

    func run() throws {
        // The process is one server to the others, which the main listener answers for.
        let membership = Membership(
            cluster: try redis.map { try .redis($0, adapter: adapter, name: node) }, node: node)
        let further = Membership(
            // With the sharded adapter it would be counted.
            cluster: try adapter == .sharded
                ? nil : redis.map { try .redis($0, adapter: adapter, name: node, isCounted: false) }, node: node)
        let listeners: [@Sendable () -> MusterServer] = [
            { [port, loops, allowEIO3] in
                mainListener(port: port, loops: loops, allowEIO3: allowEIO3, membership)
            },
            { [port, allowEIO3] in messagePackListener(port: port + 1, allowEIO3: allowEIO3, further) },
            { [port] in socketProtocolListener(port: port + 2) },
            { [port, allowEIO3] in engineEcho(port: port + 3, allowEIO3: allowEIO3) },
            { [port] in requestEcho(port: port + 4) },
            { [port] in socketClientListener(port: port + 5) },
            { [port] in engineClientListener(port: port + 6) },
        ]
        // Each has a loop and a thread of its own, and ends by itself on SIGTERM.
        let ready = DispatchSemaphore(value: 0)
        let ended = DispatchGroup()
        for makeListener in listeners {
            ended.enter()
            Thread.detachNewThread {
                do {
                    try makeListener().run { _ in ready.signal() }
                } catch {
                    FileHandle.standardError.write(Data("muster-conformance: \(error)\n".utf8))
                    Glibc.exit(1)
                }
                ended.leave()
            }
        }
        for _ in listeners { ready.wait() }
        announce("ready \(port)")
        ended.wait()
    }
}

extension SocketIOCluster.Adapter: ExpressibleByArgument {}

/// Prints a line at once, whatever standard output is.
func announce(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

extension MusterConfiguration {
    /// One port of the loopback address, and no admin.
    static func listening(port: Int) -> MusterConfiguration {
        var configuration = MusterConfiguration()
        configuration.listen = [.ip(host: "127.0.0.1", port: port)]
        configuration.admin.isEnabled = false
        configuration.logLevel = .error
        return configuration
    }
}
