import ArgumentParser
import Dispatch
import Foundation
import Muster

/// `muster-conformance --port P`: the listeners for protocol test suites.
struct SuitesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suites",
        abstract: "Serves the listeners for protocol test suites, on 127.0.0.1 at PORT and the ports after it.")

    @Option(help: "The first port: raw WebSocket at /ws and HTTP. PORT+4 answers every request with its body.")
    var port: Int

    func validate() throws {
        guard (1...65529).contains(port) else {
            throw ValidationError("--port must be from 1 to \(65529), not \(port)")
        }
    }

    func run() throws {
        let listeners: [@Sendable () -> MusterServer] = [
            { [port] in mainListener(port: port) },
            { [port] in requestEcho(port: port + 4) },
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
