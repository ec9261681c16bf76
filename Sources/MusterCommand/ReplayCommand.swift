import ArgumentParser
import Foundation
import GameKit
import Games
import JSONCore
import RecordingCore

/// `muster replay`: plays recordings, and compares what becomes of them.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Play a recording of a lobby again, and verify it bit for bit.",
        discussion: """
            Recordings are what muster host --record FOLDER writes. What entered the game then enters it again, and \
            after each tick the game must be as it was.

              muster replay recordings/yard-20260131T120000Z-811-1.recording
              muster replay FILE --seek 4000           # the state after tick 4000
              muster replay FILE --compare OTHER       # the first tick and field in which two games differ

            Exit codes: 0 all as recorded, or both the same; 1 not; 2 a file that is no recording, or bad arguments.
            """)

    @Argument(help: "The recording.")
    var file: String

    @Option(parsing: .unconditional, help: "Print the state after that tick, as JSON, and go no further.")
    var seek: UInt32?

    @Option(parsing: .unconditional, help: "Another recording: find the first tick and field in which they differ.")
    var compare: String?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
        if seek != nil, compare != nil { throw ValidationError("--seek and --compare are refused together.") }
        if seek == 0 { throw ValidationError("--seek 0 is refused; the first tick is 1.") }
    }

    func run() throws {
        do {
            if let compare { return try runComparison(with: compare) }
            let player = try RecordingFile.player(file)
            if let seek { return try runSeek(player, to: seek) }
            try runReplay(player)
        } catch let error as RecordingError {
            try refuse("\(error)", 2)
        } catch let error as UnreadableFile {
            try refuse(error.description, 2)
        } catch let error as ReplayError {
            try refuse(error.description, 1)
        }
    }

    private func refuse(_ why: String, _ code: Int32) throws {
        if json { Main.say(JSONValue.object(["passed": false, "failure": .string(why)]).text) }
        Main.complain("muster: \(file): \(why)")
        throw ExitCode(code)
    }

    // MARK: Verifying

    private func runReplay(_ player: RecordingPlayer) throws {
        let started = ProcessInfo.processInfo.systemUptime
        var progress = ReplayProgress(isShown: !json)
        while try player.playStep() { progress.played(player.replay.tick) }
        progress.end()
        let summary = ReplaySummary(player, wallSeconds: ProcessInfo.processInfo.systemUptime - started)
        Main.say(json ? summary.json.text : summary.table)
    }

    private func runSeek(_ player: RecordingPlayer, to tick: UInt32) throws {
        while player.replay.tick < tick {
            guard try player.playStep() else {
                return try refuse("it ends after tick \(player.replay.tick)", 1)
            }
        }
        var text = Array("{\"tick\":\(tick),\"seats\":".utf8)
        let seats = player.replay.seats.map { seat -> JSONValue in
            [
                "seat": .integer(Int64(seat.number)), "name": .string(seat.name), "connected": .bool(seat.isConnected),
                "congested": .bool(seat.isCongested),
            ]
        }
        JSONValue.array(seats).write(to: &text)
        text += Array(",\"state\":".utf8)
        StateJSON(schema: player.replay.header.schema).write(player.replay.state(), to: &text)
        text.append(UInt8(ascii: "}"))
        Main.say(String(decoding: text, as: UTF8.self))
    }

    // MARK: Comparing

    private func runComparison(with other: String) throws {
        let first = try RecordingFile.player(file, isStrict: false)
        let second = try RecordingFile.player(other, isStrict: false)
        guard first.replay.header.game == second.replay.header.game else {
            return try refuse("the other is of another game, \(second.replay.header.game)", 1)
        }
        let comparison = try RecordingComparison(first, second)
        Main.say(json ? comparison.json.text : comparison.table)
        if !comparison.isSame { throw ExitCode(1) }
    }
}

/// Why a file cannot be read, in a sentence.
private struct UnreadableFile: Error {
    var description: String
}

/// Reads recordings from files.
private enum RecordingFile {
    static func player(_ path: String, isStrict: Bool = true) throws -> RecordingPlayer {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw UnreadableFile(description: "cannot be read: \(path)")
        }
        return try RecordingPlayer(games: BuiltInGames.all, isStrict: isStrict) {
            do {
                return try handle.read(upToCount: 262_144).map { Array($0) } ?? []
            } catch {
                throw UnreadableFile(description: "cannot be read: \(error.localizedDescription)")
            }
        }
    }
}

/// Says on a terminal how far a long replay is.
private struct ReplayProgress {
    private let isShown: Bool
    private var saidAt = ProcessInfo.processInfo.systemUptime
    private var hasSaid = false

    init(isShown: Bool) { self.isShown = isShown && isatty(STDERR_FILENO) == 1 }

    mutating func played(_ tick: UInt32) {
        guard isShown, tick.isMultiple(of: 4_096) else { return }
        let now = ProcessInfo.processInfo.systemUptime
        guard now - saidAt >= 0.5 else { return }
        (saidAt, hasSaid) = (now, true)
        FileHandle.standardError.write(Data("\r\u{1B}[Ktick \(tick)".utf8))
    }

    func end() {
        if hasSaid { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
