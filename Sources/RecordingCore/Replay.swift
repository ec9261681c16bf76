import GameKit

/// Why a recording cannot be played here, or is not what comes of playing it.
package enum ReplayError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No such game is at hand.
    case unknownGame(String)
    /// The game of that name replicates or accepts something else here; the first line of the schemas that differs.
    case otherSchema(recorded: String, here: String)
    /// The game refuses to begin with these options, and why.
    case refused(String)
    /// What entered the game before its next step cannot have, after this tick.
    case impossible(String, after: UInt32)
    /// After this tick the game is not as it was.
    case diverged(at: UInt32)
    /// The game failed at this tick and had not, or had failed and did not.
    case otherFailure(at: UInt32, String)

    /// A sentence for people.
    package var description: String {
        switch self {
        case .unknownGame(let name): "there is no game \"\(name)\" here"
        case .otherSchema(let recorded, let here):
            "the game is another one here: its schema has \"\(here)\" where the recording has \"\(recorded)\""
        case .refused(let why): "the game refuses the recorded options: \(why)"
        case .impossible(let what, let tick): "after tick \(tick) \(what), which cannot be"
        case .diverged(let tick): "tick \(tick) is the first after which the game is not as it was recorded"
        case .otherFailure(let tick, let what): "tick \(tick): \(what)"
        }
    }
}

/// Plays a recording: hands to a new game what entered the recorded one, and compares what becomes of it.
package final class Replay {
    /// What the recording says of the game.
    package let header: RecordingHeader
    /// Why the lobby ended, once that has been played.
    package private(set) var endReason: String?
    /// Whether a wrong fingerprint is an error; otherwise ``mismatches`` counts them.
    private let isStrict: Bool
    /// How many steps have led to another state than was recorded.
    package private(set) var mismatches = 0
    private let game: any GameInstance
    private var scratch: WorldState

    /// The game at tick 0.
    ///
    /// - Parameter games: What can be played here.
    package init(_ header: RecordingHeader, games: [GameType], isStrict: Bool = true) throws(ReplayError) {
        guard let type = games.first(where: { $0.name == header.game }) else { throw .unknownGame(header.game) }
        guard type.schema == header.schema else { throw Self.otherSchema(header.schema, type.schema) }
        do {
            game = try type.with(rules: header.rules).make(options: header.options, seed: header.seed)
        } catch {
            throw .refused("\(error)")
        }
        self.header = header
        self.isStrict = isStrict
        scratch = WorldState(schema: type.schema)
    }

    private static func otherSchema(_ recorded: Schema, _ here: Schema) -> ReplayError {
        let old = recorded.text.split(separator: "\n")
        let new = here.text.split(separator: "\n")
        let at = zip(old, new).prefix { $0 == $1 }.count
        return .otherSchema(
            recorded: at < old.count ? String(old[at]) : "", here: at < new.count ? String(new[at]) : "")
    }

    /// How many steps have been played.
    package var tick: UInt32 { game.tick }

    /// The taken seats, by number.
    package var seats: [Seat] { game.seats }

    /// What clients see of the game as it is now.
    package func state() -> WorldState {
        game.capture(into: &scratch)
        return scratch
    }

    /// Plays one entry.
    ///
    /// - Returns: Whether it was a step.
    package func play(_ entry: RecordingEntry) throws(ReplayError) -> Bool {
        switch entry {
        case .step(let inputs, let fingerprint):
            try step(inputs, fingerprint)
            return true
        case .failedStep(let inputs):
            try fail(inputs)
            return true
        case .join(let seat):
            guard !isTaken(seat.number) else {
                throw .impossible("seat \(seat.number), which is taken, is taken", after: tick)
            }
            game.join(seat)
        case .leave(let seat): game.leave(seat: try taken(seat, "left"))
        case .drop(let seat): game.drop(seat: try taken(seat, "dropped"))
        case .resume(let seat): game.resume(seat: try taken(seat, "resumed"))
        case .congested(let seat, let isCongested):
            game.setCongested(isCongested, seat: try taken(seat, "congested"))
        case .latency(let seat, let latency): game.setLatency(latency, seat: try taken(seat, "measured"))
        case .end(let reason): endReason = reason
        }
        // Whoever hosts a game collects what it says; here nobody wants it.
        _ = game.takeOutput()
        return false
    }

    private func isTaken(_ seat: Int) -> Bool { game.seats.contains { $0.number == seat } }

    private func taken(_ seat: Int, _ what: String) throws(ReplayError) -> Int {
        guard isTaken(seat) else { throw .impossible("seat \(seat), which is free, is \(what)", after: tick) }
        return seat
    }

    private func step(_ inputs: [SeatInput], _ fingerprint: UInt32) throws(ReplayError) {
        do {
            try game.step(inputs)
        } catch {
            throw .otherFailure(at: tick, "the game fails here, and did not: \(error)")
        }
        _ = game.takeOutput()
        guard game.fingerprint(&scratch) != fingerprint else { return }
        mismatches += 1
        if isStrict { throw .diverged(at: tick) }
    }

    private func fail(_ inputs: [SeatInput]) throws(ReplayError) {
        do {
            try game.step(inputs)
        } catch {
            return
        }
        throw .otherFailure(at: tick, "the game had failed here, and does not")
    }
}
