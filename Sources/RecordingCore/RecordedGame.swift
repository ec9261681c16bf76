import GameKit

/// Where a recording's bytes go. Belongs to the lobby's loop.
package protocol RecordingSink: AnyObject {
    /// Takes bytes, to be written elsewhere.
    ///
    /// - Returns: Whether more may follow; once this is false the recording is over, and nothing is called again.
    func write(_ bytes: [UInt8]) -> Bool
    /// Nothing follows.
    func end()
}

/// A game whose host does not know that all which enters it is written down on the way.
///
/// What can enter a game is what ``GameInstance`` says, so nothing can be forgotten: what is added there does not
/// compile before it is recorded here.
package final class RecordedGame: GameInstance {
    /// What is handed to the sink at once, in bytes, unless a second has passed.
    private static let bytesAtOnce = 32_768

    private let game: any GameInstance
    private var encoder: RecordingEncoder
    /// Nil once the recording is over.
    private var sink: (any RecordingSink)?
    private var scratch: WorldState
    private var handedAt: UInt32 = 0

    /// Records a game to which nothing has happened yet.
    package init(_ game: any GameInstance, _ header: RecordingHeader, to sink: any RecordingSink) {
        self.game = game
        self.sink = sink
        encoder = RecordingEncoder(header)
        scratch = WorldState(schema: game.type.schema)
        handOver()
    }

    /// Ends the recording, and says why; what happens to the game from now on is not recorded.
    package func endRecording(_ reason: String) {
        note(.end(reason: reason))
        handOver()
        sink?.end()
        sink = nil
    }

    private func note(_ entry: @autoclosure () -> RecordingEntry) {
        if sink != nil { encoder.append(entry()) }
    }

    private func handOver() {
        guard let sink else { return }
        handedAt = game.tick
        if !sink.write(encoder.take()) { self.sink = nil }
    }

    // MARK: GameInstance

    package var type: GameType { game.type }
    package var tick: UInt32 { game.tick }
    package var seats: [Seat] { game.seats }
    package var isLocked: Bool { game.isLocked }
    package var isPaused: Bool { game.isPaused }
    package var timeScale: TimeScale { game.timeScale }

    package func join(_ seat: Seat) {
        note(.join(seat))
        game.join(seat)
    }

    package func leave(seat number: Int) {
        note(.leave(seat: number))
        game.leave(seat: number)
    }

    package func drop(seat number: Int) {
        note(.drop(seat: number))
        game.drop(seat: number)
    }

    package func resume(seat number: Int) {
        note(.resume(seat: number))
        game.resume(seat: number)
    }

    package func setCongested(_ isCongested: Bool, seat number: Int) {
        note(.congested(seat: number, isCongested))
        game.setCongested(isCongested, seat: number)
    }

    package func setLatency(_ latency: Latency, seat number: Int) {
        note(.latency(seat: number, latency))
        game.setLatency(latency, seat: number)
    }

    package func step(_ inputs: [SeatInput]) throws {
        do {
            try game.step(inputs)
        } catch {
            note(.failedStep(inputs))
            throw error
        }
        guard sink != nil else { return }
        encoder.append(.step(inputs, fingerprint: game.fingerprint(&scratch)))
        let isSecondOver = game.tick - handedAt >= UInt32(game.type.rules.tickRate)
        if isSecondOver || encoder.bytes.count >= Self.bytesAtOnce { handOver() }
    }

    package func capture(into state: inout WorldState) { game.capture(into: &state) }
    package func capture(into state: inout WorldState, where isDue: (Int) -> Bool) {
        game.capture(into: &state, where: isDue)
    }
    package func groupEntities(ofType type: Int, into groups: inout [UInt16]) {
        game.groupEntities(ofType: type, into: &groups)
    }
    package func look(seat number: Int, into view: inout View) { game.look(seat: number, into: &view) }
    package func fingerprint(_ scratch: inout WorldState) -> UInt32 { game.fingerprint(&scratch) }
    package func takeOutput() -> GameOutput { game.takeOutput() }
}
