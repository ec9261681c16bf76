import Determinism
import JSONCore
import LobbyCore

/// The last hour as admins are shown it (protocol/spec/admin.md §8).
extension AdminHub {
    /// All loops' samples, added up.
    func answerTimeline(_ answered: @escaping (AdminOutcome) -> Void) {
        server.loops.askAll(.timeline) { answers in
            let loops = answers.compactMap { answer in
                if case .timeline(let timeline) = answer { timeline } else { nil }
            }
            answered(.success(Self.show(loops)))
        }
    }

    /// Loops may have closed their last interval at different times: what is shown ends with the last that all have closed.
    private static func show(_ loops: [Timeline]) -> JSONValue {
        let end = loops.map(\.current).min() ?? 0
        let parts = loops.map { $0.samples.dropLast(Int(clamping: $0.current - end)) }
        let count = parts.map(\.count).min() ?? 0
        var samples = [Timeline.Sample](repeating: .init(), count: count)
        for part in parts {
            for (place, sample) in part.suffix(count).enumerated() { samples[place].add(sample) }
        }
        func levels(_ value: KeyPath<Timeline.Levels, Int>) -> JSONValue {
            .array(samples.map { .integer(Int64($0.levels[keyPath: value])) })
        }
        func rates(_ value: KeyPath<Timeline.Flows, UInt64>) -> JSONValue {
            .array(samples.map { .number(Double($0.flows[keyPath: value]) / Timeline.interval.seconds) })
        }
        func lateness(_ share: UInt64) -> JSONValue {
            .array(samples.map { $0.lateness.milliseconds(atPerMille: share).map { .number($0) } ?? .null })
        }
        return [
            "seconds": .number(Timeline.interval.seconds), "room": .integer(Int64(Timeline.samplesMax)),
            "connections": levels(\.connections), "lobbies": levels(\.lobbies), "players": levels(\.players),
            "bytesIn": rates(\.bytesIn), "bytesOut": rates(\.bytesOut), "messagesIn": rates(\.messagesIn),
            "snapshotsSent": rates(\.snapshotsSent), "snapshotsSkipped": rates(\.snapshotsSkipped),
            "stepsDropped": rates(\.stepsDropped), "drops": rates(\.drops),
            "latenessMilliseconds": ["p50": lateness(500), "p99": lateness(990), "max": lateness(1_000)],
        ]
    }
}

extension Server {
    /// Closes what is over of the timeline.
    func closeTimeline(at now: Instant) {
        var levels = Timeline.Levels(connections: connectionCount, lobbies: lobbies.count)
        for hosted in lobbies { levels.players += hosted.lobby.seats.connectedCount }
        timeline.close(at: now, levels, counted)
    }
}
