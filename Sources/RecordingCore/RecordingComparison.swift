import GameKit

/// What two recordings have in common, and where they part.
package struct RecordingComparison: Sendable, Equatable {
    /// The parts of the headers that differ, in their order; the build is not compared.
    package private(set) var header: [String] = []
    /// The first tick before or at which something else entered the games, and what that was in each.
    package private(set) var entered: (tick: UInt32, first: String, second: String)?
    /// The first tick after which the states differ, and where.
    package private(set) var state: (tick: UInt32, difference: StateDifference)?
    /// The first tick after which the fingerprints that were recorded differ.
    package private(set) var fingerprint: UInt32?
    /// The last tick that was compared.
    package private(set) var lastTick: UInt32 = 0
    /// How many ticks more the longer recording has; negative where that is the first.
    package private(set) var rest = 0

    /// Whether nothing differs.
    package var isSame: Bool {
        header.isEmpty && entered == nil && state == nil && fingerprint == nil && rest == 0
    }

    /// Plays both side by side up to the first tick after which their states differ, or to their ends.
    ///
    /// - Precondition: The players have played nothing yet, and their games have the same schema.
    /// - Throws: What the players throw.
    package init(_ first: RecordingPlayer, _ second: RecordingPlayer) throws {
        let schema = first.replay.header.schema
        precondition(schema == second.replay.header.schema, "states of different schemas cannot be compared")
        header = Self.differences(first.replay.header, second.replay.header)
        while state == nil {
            let (isFirst, isSecond) = (try first.playStep(), try second.playStep())
            guard isFirst, isSecond else {
                note(first.entries, second.entries, at: lastTick + 1)
                if isFirst != isSecond { rest = try Self.rest(isFirst ? first : second) * (isFirst ? -1 : 1) }
                return
            }
            lastTick = first.replay.tick
            note(first.entries, second.entries, at: lastTick)
            state = StateDifference(first.replay.state(), second.replay.state(), schema: schema).map { (lastTick, $0) }
        }
    }

    package static func == (left: RecordingComparison, right: RecordingComparison) -> Bool {
        left.header == right.header && left.entered?.tick == right.entered?.tick
            && left.state?.tick == right.state?.tick && left.state?.difference == right.state?.difference
            && left.fingerprint == right.fingerprint && left.lastTick == right.lastTick && left.rest == right.rest
    }

    private static func differences(_ first: RecordingHeader, _ second: RecordingHeader) -> [String] {
        var names: [String] = []
        if first.options != second.options { names.append("options") }
        if first.seed != second.seed { names.append("seed") }
        if first.rules != second.rules { names.append("rules") }
        return names
    }

    private static func rest(_ player: RecordingPlayer) throws -> Int {
        var count = 1
        while try player.playStep() { count += 1 }
        return count
    }

    private mutating func note(_ first: [RecordingEntry], _ second: [RecordingEntry], at tick: UInt32) {
        let count = max(first.count, second.count)
        for index in 0..<count where entered == nil || fingerprint == nil {
            let (left, right) = (Self.element(first, index), Self.element(second, index))
            if case .step(let inputs, let hash)? = left, case .step(let others, let other)? = right, inputs == others {
                if hash != other, fingerprint == nil { fingerprint = tick }
            } else if left != right, entered == nil {
                entered = (tick, Self.description(left), Self.description(right))
            }
        }
    }

    private static func element(_ entries: [RecordingEntry], _ index: Int) -> RecordingEntry? {
        index < entries.count ? entries[index] : nil
    }

    private static func description(_ entry: RecordingEntry?) -> String {
        func text(_ inputs: [SeatInput]) -> String {
            guard !inputs.isEmpty else { return "no input" }
            return inputs.map { "seat \($0.seat)'s \($0.input.values) for tick \($0.input.tick)" }.joined(
                separator: ", ")
        }
        return switch entry {
        case nil: "nothing more"
        case .step(let inputs, _): text(inputs)
        case .failedStep(let inputs): "a failure, after " + text(inputs)
        case .join(let seat):
            "\(seat.name) takes seat \(seat.number)" + (seat.team.map { " in team \($0)" } ?? "")
                + (seat.subject.map { " as \($0)" } ?? "") + (seat.role.map { " with the role \($0)" } ?? "")
        case .leave(let seat): "seat \(seat) is left"
        case .drop(let seat): "seat \(seat) is dropped"
        case .resume(let seat): "seat \(seat) is resumed"
        case .congested(let seat, let isCongested): "seat \(seat) \(isCongested ? "falls behind" : "has caught up")"
        case .latency(let seat, let latency):
            "seat \(seat) is \(latency.roundTrip) ms away, its clock \(latency.clockOffset) ms ahead"
        case .end(let reason): "the end: \(reason)"
        }
    }
}
