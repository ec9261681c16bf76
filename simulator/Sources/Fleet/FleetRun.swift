import BotCore
import Determinism
import EventLoop
import GameKit
import Glibc
import JSONCore
import MusterClient
import TLS

/// What came of a fleet.
package struct FleetResult: Sendable {
    /// Options, counters, bytes, percentiles and verdict as one object.
    package var json: JSONObject
    /// What did not happen as expected, a sentence each; empty when the run has passed.
    package var failures: [String]

    /// 0 when the run has passed, else 1.
    package var exitCode: Int32 { failures.isEmpty ? 0 : 1 }
}

/// Runs a fleet of bots against a server, shows its progress, and prints what came of it.
///
/// - Returns: The exit code: 0 when everything expected has happened, 1 when not, 2 for options that cannot be run.
package func runFleet(_ options: FleetOptions) -> Int32 {
    guard options.problem == nil, let address = ServerAddress(options.server), let brain = options.brain else {
        Console.writeError("muster bots: \(options.problem ?? "")\n")
        return 2
    }
    let secure: SecureDialing?
    do throws(TLSError) {
        secure = try SecureDialing(to: address, trust: options.trust)
    } catch {
        Console.writeError("muster bots: --ca \(error)\n")
        return 2
    }
    do throws(UVError) {
        let run = try FleetRun(options, brain: brain, address: address, secure: secure)
        let result = run.run()
        run.show(result)
        return result.exitCode
    } catch {
        Console.writeError("muster bots: no way to \(address.authority): \(error.message)\n")
        return 1
    }
}

/// One fleet from its first connection to its verdict.
final class FleetRun {
    let options: FleetOptions
    let context: BotContext
    let crowd: BotCrowd
    let startedAt: Instant
    private let loop: EventLoop
    private let dialer: LoopDialer
    private var progress = FleetProgress()
    private var isInterrupted = false

    init(_ options: FleetOptions, brain: BrainType, address: ServerAddress, secure: SecureDialing?) throws(UVError) {
        self.options = options
        raiseDescriptorLimit(makingRoomFor: options.count + 64)
        let socketAddress = try address.socketAddress.resolved()
        let loop = try EventLoop()
        let dialer = LoopDialer(loop: loop, address: socketAddress, secure: secure)
        let context = BotContext(dialer: dialer) { loop.now }
        let startedAt = loop.now
        let settings = options.bots(brain: brain, host: address.authority, start: startedAt)
        crowd = BotCrowd(settings.map { Bot($0, context) }, context)
        self.loop = loop
        self.dialer = dialer
        self.context = context
        self.startedAt = startedAt
    }

    var report: BotReport { context.report }

    /// Runs until every bot has come to its end, or the process is told to stop twice.
    func run() -> FleetResult {
        let timer = loop.makeTimer { [self] in crowd.advance() }
        let progressTimer = loop.makeTimer { [self] in showProgress() }
        loop.beforeWaiting = { [self] in
            crowd.flush()
            if crowd.isFinished {
                loop.stop()
            } else if let wake = crowd.nextWake {
                timer.arm(at: wake)
            }
            progress.arm(progressTimer, self)
        }
        for number in [SIGINT, SIGTERM] {
            // Without a watcher the signal ends the process, as it does by default.
            _ = try? loop.onSignal(number) { [self] in interrupted() }
        }
        loop.run()
        if !options.quiet { progress.end() }
        return result
    }

    private func interrupted() {
        if isInterrupted { loop.stop() }
        isInterrupted = true
        crowd.leaveNow()
    }

    private func showProgress() {
        if !options.quiet { progress.show(self) }
    }

    func now() -> Instant { loop.now }

    private var result: FleetResult {
        var failures = report.failures(options.expectations)
        if let error = dialer.firstError { failures.append("The first connect that failed: \(error).") }
        if isInterrupted { failures.append("The run was interrupted.") }
        var json = report.json
        json["seconds"] = .number((loop.now - startedAt).seconds)
        json["options"] = [
            "server": .string(options.server), "game": .string(options.game),
            "count": .integer(Int64(options.count)), "lobbies": .integer(Int64(options.lobbies)),
            "seconds": .number(options.seconds), "protocol": .string(options.dialects.rawValue),
            "codec": .integer(Int64(options.codec)),
            "cutEverySeconds": options.cutEverySeconds.map { .number($0) } ?? .null,
            "seed": .string(String(options.seed)), "lobbyPrefix": .string(options.prefix),
        ]
        json["passed"] = .bool(failures.isEmpty)
        json["failures"] = .array(failures.map { .string($0) })
        return FleetResult(json: json, failures: failures)
    }

    /// Prints the table, the JSON object and what failed, as the options say.
    func show(_ result: FleetResult) {
        let table = FleetTable(self).lines.joined(separator: "\n") + "\n"
        if options.json {
            if !options.quiet { Console.writeError(table) }
            Console.write(JSONValue.object(result.json).text + "\n")
        } else if !options.quiet {
            Console.write(table)
        }
        for failure in result.failures { Console.writeError("FAILED: \(failure)\n") }
    }
}
