import GameKit
import JSONCore
import Muster
import RecordingCore

/// What `muster replay` says of a recording that it has verified.
struct ReplaySummary {
    private let header: RecordingHeader
    private let ticks: UInt32
    private let inputs: Int
    private let bytes: Int
    private let ending: RecordingPlayer.Ending
    private let wallSeconds: Double

    init(_ player: RecordingPlayer, wallSeconds: Double) {
        header = player.replay.header
        ticks = player.replay.tick
        inputs = player.inputCount
        bytes = player.byteCount
        ending = player.ending
        self.wallSeconds = wallSeconds
    }

    private var playedSeconds: Double { Double(ticks) / Double(header.rules.tickRate) }

    private var speed: Double { playedSeconds / max(wallSeconds, 0.000_001) }

    /// Everything as one object.
    var json: JSONValue {
        let reason: JSONValue = if case .ended(let reason) = ending { .string(reason) } else { .null }
        return [
            "passed": true, "game": .string(header.game), "lobby": .string(header.lobby),
            "build": .string(header.build), "schemaHash": .string(header.schema.hashText),
            "ticks": .integer(Int64(ticks)), "tickRate": .integer(Int64(header.rules.tickRate)),
            "inputs": .integer(Int64(inputs)), "bytes": .integer(Int64(bytes)), "end": reason,
            "isCut": .bool(ending == .cut), "playedSeconds": .number(playedSeconds),
            "wallSeconds": .number(wallSeconds), "timesRealTime": .number(speed),
        ]
    }

    /// The same for people.
    var table: String {
        let end =
            switch ending {
            case .ended(let reason): reason
            case .open: "none: the server was killed, or the disk full"
            case .cut: "none, and cut in an entry: the server was killed, or the disk full"
            }
        var lines = [
            "game         \(header.game), lobby \(header.lobby)",
            "build        \(header.build)",
            "ticks        \(ticks) at \(header.rules.tickRate) Hz: \(rounded(playedSeconds)) s of play",
            "entered      \(inputs) inputs; \(bytes) bytes",
            "end          \(end)",
        ]
        if header.build != MusterVersion.build { lines.append("note         this build is \(MusterVersion.build)") }
        lines.append("verified     every tick, in \(rounded(wallSeconds)) s: \(Int(speed)) times real time")
        return lines.joined(separator: "\n")
    }
}

extension RecordingComparison {
    /// Everything as one object.
    var json: JSONValue {
        [
            "same": .bool(isSame), "header": .array(header.map { .string($0) }), "lastTick": .integer(Int64(lastTick)),
            "entered": entered.map { entered in
                [
                    "tick": .integer(Int64(entered.tick)), "first": .string(entered.first),
                    "second": .string(entered.second),
                ]
            } ?? .null,
            "state": state.map { state in
                [
                    "tick": .integer(Int64(state.tick)), "type": .string(state.difference.type),
                    "id": state.difference.id.map { .integer(Int64($0)) } ?? .null,
                    "field": state.difference.field.map { .string($0) } ?? .null,
                    "first": state.difference.values.0.map { .number($0) } ?? .null,
                    "second": state.difference.values.1.map { .number($0) } ?? .null,
                ]
            } ?? .null,
            "fingerprint": fingerprint.map { .integer(Int64($0)) } ?? .null, "rest": .integer(Int64(rest)),
        ]
    }

    /// The same for people.
    var table: String {
        guard !isSame else { return "the same, for \(lastTick) ticks" }
        var lines = header.map { "the \($0) differ" }
        if let entered {
            lines.append("tick \(entered.tick): something else entered: \(entered.first); \(entered.second)")
        }
        if let state { lines.append("tick \(state.tick) is the first with another state: \(state.difference)") }
        if let fingerprint { lines.append("tick \(fingerprint) is the first with another recorded fingerprint") }
        if rest != 0 {
            lines.append("the \(rest < 0 ? "first" : "second") goes on after tick \(lastTick), for \(abs(rest)) ticks")
        }
        return lines.joined(separator: "\n")
    }
}

private func rounded(_ number: Double) -> String { String((number * 100).rounded() / 100) }
