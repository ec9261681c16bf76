import ByteKit
import Determinism
import GameKit
import JSONCore
import SnapshotCore

/// What a bot has of its game: the brain, the newest state, and what it has told the server.
final class BotPlay {
    // In the order in which a snapshot takes them: thousands of these share a cache.

    let brain: BotBrain
    /// The last input's number. It goes on when the seat is taken up again.
    var sequence: UInt32 = 0
    /// Whether a keyframe has been asked for; deltas that were under way are of no use.
    var awaitsKeyframe = false
    /// The last snapshot of this connection; nil before its first.
    var last: (tick: UInt32, at: Instant)?
    /// When something must be sent again, if only an ack.
    var ackDue: Instant
    /// When the brain decides next; nil for one that does at each snapshot.
    var decisionDue: Instant?
    var pace: SnapshotPace
    /// The lobby's clock, as far as it is known.
    var clock: BotClock
    var receiver: SnapshotReceiver
    /// For which ticks inputs are meant.
    var inputPace: BotPace

    /// A game that has just been joined.
    ///
    /// - Throws: For a schema that is none, or that is not the brain's, and for options that the game refuses.
    init(_ welcome: LobbyWelcome, _ settings: BotSettings, brainSeed: UInt64, ackDue: Instant) throws {
        // A lobby of that name may have been opened for another game, whose states the brain cannot read.
        guard welcome.schema == settings.brain.schema.text else {
            throw OtherGame(difference: try Schema.parse(welcome.schema).difference(from: settings.brain.schema))
        }
        // The brain's, and not one read from the text: all bots share it.
        receiver = SnapshotReceiver(schema: settings.brain.schema)
        brain = try settings.brain.make(options: settings.options, seed: brainSeed)
        pace = SnapshotPace(tickRate: welcome.tickRate, rate: welcome.snapshotRate)
        inputPace = BotPace(tickRate: welcome.tickRate)
        clock = BotClock(tickRate: welcome.tickRate)
        self.ackDue = ackDue
    }

    /// The lobby plays another game than the brain, or another version of it.
    private struct OtherGame: Error, CustomStringConvertible {
        /// Which field differs first.
        let difference: String

        var description: String { "the lobby plays another game than the bot: \(difference)" }
    }

    /// The same game over a new connection.
    func restart(_ welcome: LobbyWelcome) {
        pace = SnapshotPace(tickRate: welcome.tickRate, rate: welcome.snapshotRate)
        awaitsKeyframe = false
        last = nil
        clock.restart()
    }
}

// MARK: - Playing

extension Bot {
    /// Applies a snapshot and counts what it was. False when it left the bot without a newer state.
    func receive(_ message: Span<UInt8>, _ play: BotPlay, _ now: Instant) -> Bool {
        report[.snapshots] += 1
        do throws(SnapshotError) {
            let heading = try SnapshotReceiver.heading(of: message)
            note(heading.tick, since: heading.baselineTick, play, now)
            if play.awaitsKeyframe, heading.baselineTick != nil { return false }
            try play.receiver.receive(message)
            play.awaitsKeyframe = false
            if heading.isChecked { report[.hashChecks] += 1 }
            if !wasServed { report[.botsServed] += 1 }
            wasServed = true
            context.witness?.applied(self)
            return true
        } catch {
            let isMismatch = error == .stateHashMismatch
            if isMismatch { report[.hashChecks] += 1 }
            report[isMismatch ? .hashMismatches : .wrongSnapshots] += 1
            if !isMismatch, report.firstWrong == nil { report.firstWrong = "\(error), in \(settings.lobby)" }
            askForKeyframe(isMismatch ? .hashMismatch : .cannotApply, now)
            return false
        }
    }

    /// Counts what kind a snapshot is and how many of the series are missing before it.
    private func note(_ tick: UInt32, since baseline: UInt32?, _ play: BotPlay, _ now: Instant) {
        if let baseline {
            report[play.pace.count(at: tick) - play.pace.count(at: baseline) > 1 ? .catchUps : .deltas] += 1
        } else {
            report[.keyframes] += 1
        }
        if let last = play.last, tick > last.tick {
            let count = play.pace.count(at: tick) - play.pace.count(at: last.tick)
            if count > 1 { report[.snapshotsSkipped] += count - 1 }
        }
        play.clock.received(tick, since: play.last, at: now, report)
        play.last = (tick, now)
    }

    /// Lets a brain that decides at times of its own do so, and sets the next one.
    func decideOnTime(_ play: BotPlay, _ now: Instant) {
        guard let interval = play.brain.interval, let due = play.decisionDue else { return }
        play.decisionDue = max(due + interval, now)
        decide(play, now)
    }

    /// Lets the brain decide at the newest state, and sends what it wants.
    func decide(_ play: BotPlay, _ now: Instant) {
        guard let state = play.receiver.state, let number = seat?.number else { return }
        guard let values = wish(play, state, seat: number, now) else { return }
        play.sequence &+= 1
        report[.inputsSent] += 1
        // At a snapshot none has passed since.
        let passed = play.last.map { play.clock.steps(since: $0.at, at: now) } ?? 0
        let tick = state.tick &+ passed &+ play.inputPace.lead
        let input = QuantisedInput(tick: tick, sequence: play.sequence, values: values)
        send(.inputs(ack: state.tick, [input]), now)
        askTime(now, behindInputFor: input.tick)
    }

    /// Tells the server the newest tick, or asks again for the keyframe that has not come.
    func sendAck(_ now: Instant) {
        guard let play else { return }
        if play.awaitsKeyframe { return askForKeyframe(.cannotApply, now) }
        report[.acksSent] += 1
        send(.ack(play.receiver.state?.tick ?? 0), now)
        if settings.asksTime { askTime(now, behindInputFor: nil) }
    }

    private func askForKeyframe(_ reason: KeyframeReason, _ now: Instant) {
        play?.awaitsKeyframe = true
        send(.keyframeRequest(reason), now)
    }

    func send(_ message: ClientMessage, _ now: Instant) {
        guard let play, let client else { return }
        client.send(message.encode(schema: play.receiver.schema))
        play.ackDue = now + settings.ackInterval
        if seat?.spokenAt == nil { seat?.spokenAt = now }
    }
}
