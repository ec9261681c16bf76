import BotCore
import Determinism
import EventLoop
import GameKit
import Glibc
import JSONCore
import MusterClient
import TLS

/// Runs a fleet of bots against a server, shows its progress, and prints what came of it.
///
/// - Returns: The exit code: 0 when everything expected has happened, 1 when not, 2 for options that cannot be run.
package func runFleet(_ options: FleetOptions) -> Int32 {
    guard options.problem == nil, let address = ServerAddress(options.server), let brain = options.brain else {
        Console.writeError("muster bots: \(options.problem ?? "")\n")
        return 2
    }
    if let problem = unwritable(options) {
        Console.writeError("muster bots: \(problem)\n")
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
        return run.show(result) ? result.exitCode : 1
    } catch {
        Console.writeError("muster bots: no way to \(address.authority): \(error.message)\n")
        return 1
    }
}

/// A report that could not be written is told before the run, and not after it.
private func unwritable(_ options: FleetOptions) -> String? {
    for path in [options.junitPath, options.htmlPath].compactMap(\.self) where !Console.canWrite(path) {
        return "\(path) cannot be written."
    }
    return nil
}

/// One fleet from its first connection to its verdict.
final class FleetRun {
    /// Something that the plan does at an instant.
    private struct Event {
        enum Kind {
            case phase(Int)
            case fault(FleetFault)
        }
        var at: Instant
        var kind: Kind
    }

    let options: FleetOptions
    let phases: [FleetPhase]
    let crew: FleetCrew
    let startedAt: Instant
    private(set) var measures: FleetMeasures
    private let loop: EventLoop
    private let dialer: LoopDialer
    private var events: [Event]
    private var random: SeededRandom
    private(set) var phaseIndex = 0
    private var progress = FleetProgress()
    private var isInterrupted = false

    init(_ options: FleetOptions, brain: BrainType, address: ServerAddress, secure: SecureDialing?) throws(UVError) {
        self.options = options
        phases = options.phases
        raiseDescriptorLimit(makingRoomFor: options.count + 64)
        let socketAddress = try address.socketAddress.resolved()
        let loop = try EventLoop()
        let dialer = LoopDialer(loop: loop, address: socketAddress, secure: secure)
        startedAt = loop.now
        let settings = options.bots(brain: brain, host: address.authority, start: startedAt)
        crew = FleetCrew(
            settings, to: dialer, isRelayed: phases.contains(where: \.needsRelay), seed: options.seed
        ) { loop.now }
        measures = FleetMeasures(crew.report, at: startedAt)
        self.loop = loop
        self.dialer = dialer
        events = Self.events(phases, start: startedAt)
        random = SeededRandom(seed: options.seed)
    }

    private static func events(_ phases: [FleetPhase], start: Instant) -> [Event] {
        var events: [Event] = []
        var began = start
        for (index, phase) in phases.enumerated() {
            events.append(Event(at: began, kind: .phase(index)))
            events += phase.faults.map { Event(at: began + $0.at, kind: .fault($0)) }
            began = began + phase.length
        }
        return events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    var report: BotReport { crew.report }

    /// Runs until every bot has come to its end, or the process is told to stop twice.
    func run() -> FleetResult {
        let timer = loop.makeTimer { [self] in crew.crowd.advance() }
        let eventTimer = loop.makeTimer { [self] in advancePlan() }
        let sampleTimer = loop.makeTimer { [self] in sample() }
        let relayTimer = loop.makeTimer { [self] in crew.relay?.advance() }
        loop.beforeWaiting = { [self] in
            crew.crowd.flush()
            if crew.crowd.isFinished {
                loop.stop()
            } else if let wake = crew.crowd.nextWake {
                timer.arm(at: wake)
            }
            if let event = events.first { eventTimer.arm(at: event.at) }
            if let wake = crew.relay?.nextWake { relayTimer.arm(at: wake) }
            sampleTimer.arm(at: measures.lastAt + .seconds(1))
        }
        for number in [SIGINT, SIGTERM] {
            // Without a watcher the signal ends the process, as it does by default.
            _ = try? loop.onSignal(number) { [self] in interrupted() }
        }
        advancePlan()
        loop.run()
        sample()
        measures.endPhase(phases[phaseIndex].name)
        if !options.quiet { progress.end() }
        return result
    }

    /// Does what the plan says of the present.
    private func advancePlan() {
        while let event = events.first, event.at <= loop.now {
            events.removeFirst()
            switch event.kind {
            case .fault(let fault): crew.suffer(fault, &random)
            case .phase(let index):
                if index > 0 {
                    sample()
                    measures.endPhase(phases[index - 1].name)
                }
                phaseIndex = index
                crew.begin(phases[index])
            }
        }
    }

    private func sample() {
        let presence = crew.presence
        measures.sample(playing: presence.playing, away: presence.away, at: loop.now)
        if !options.quiet { progress.show(self) }
    }

    private func interrupted() {
        if isInterrupted { loop.stop() }
        isInterrupted = true
        crew.crowd.leaveNow()
    }

    func now() -> Instant { loop.now }

    private var result: FleetResult {
        var checks = [
            FleetCheck(
                name: "players get seats, stay in step and leave in good order",
                failures: report.failures(options.expectations(players: crew.playerCount)))
        ]
        checks += crew.verdicts
        let bounds = (options.scenario?.expect ?? []).map { ($0, measures.whole) }
        let phaseBounds = zip(phases, measures.phases).flatMap { phase, part in phase.expect.map { ($0, part) } }
        checks += (bounds + phaseBounds).map { bound, part in
            FleetCheck(name: "\(bound.name) of \(part.name)", failures: bound.failure(in: part).map { [$0] } ?? [])
        }
        if let error = dialer.firstError { checks[0].failures.append("The first connect that failed: \(error).") }
        if isInterrupted { checks[0].failures.append("The run was interrupted.") }
        return FleetResult(self, checks)
    }

    /// Prints the table, the JSON object and what failed, as the options say, and writes the reports.
    ///
    /// - Returns: False where a report could not be written.
    func show(_ result: FleetResult) -> Bool {
        let table = FleetTable(self).lines.joined(separator: "\n") + "\n"
        if options.json {
            if !options.quiet { Console.writeError(table) }
            Console.write(JSONValue.object(result.json).text + "\n")
        } else if !options.quiet {
            Console.write(table)
        }
        for failure in result.failures { Console.writeError("FAILED: \(failure)\n") }
        let reports = [
            (options.junitPath, { FleetJUnit(self, result).text }),
            (options.htmlPath, { FleetHTML(self, result).text }),
        ]
        return reports.allSatisfy { path, text in path.map { Console.write(text(), toFile: $0) } ?? true }
    }
}
