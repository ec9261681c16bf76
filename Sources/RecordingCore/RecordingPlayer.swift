import GameKit

/// What comes of reading a recording from wherever it is: the parser and the game that plays what it reads.
package final class RecordingPlayer {
    /// Hands out the next bytes; none at the end.
    package typealias Source = () throws -> [UInt8]

    private let source: Source
    private var parser = RecordingParser()
    private var isAtEnd = false
    /// The game.
    package let replay: Replay
    /// What was read since the step before, this step included.
    package private(set) var entries: [RecordingEntry] = []
    /// How many inputs have been played.
    package private(set) var inputCount = 0
    /// How many bytes have been read.
    package private(set) var byteCount = 0

    /// Reads the header, and begins its game.
    ///
    /// - Throws: What the source throws, ``RecordingError`` and ``ReplayError``.
    package init(games: [GameType], isStrict: Bool = true, _ source: @escaping Source) throws {
        self.source = source
        var first: RecordingEntry?
        while parser.header == nil {
            let bytes = try source()
            guard !bytes.isEmpty else { break }
            byteCount += bytes.count
            parser.append(bytes)
            first = try parser.next()
        }
        guard let header = parser.header else { throw RecordingError(fault: .truncated, offset: 0) }
        replay = try Replay(header, games: games, isStrict: isStrict)
        pending = first
    }

    /// What was read with the header.
    private var pending: RecordingEntry?

    /// Plays on until a step has been played.
    ///
    /// - Returns: Whether there was one.
    package func playStep() throws -> Bool {
        entries.removeAll(keepingCapacity: true)
        while let entry = try nextEntry() {
            entries.append(entry)
            switch entry {
            case .step(let inputs, _), .failedStep(let inputs): inputCount += inputs.count
            default: break
            }
            if try replay.play(entry) { return true }
        }
        return false
    }

    private func nextEntry() throws -> RecordingEntry? {
        if let first = pending {
            pending = nil
            return first
        }
        while true {
            if let entry = try parser.next() { return entry }
            guard !isAtEnd else { return nil }
            let bytes = try source()
            byteCount += bytes.count
            if bytes.isEmpty { isAtEnd = true } else { parser.append(bytes) }
        }
    }

    /// How the recording ended, once all of it has been played.
    package enum Ending: Sendable, Equatable {
        /// The lobby did.
        case ended(String)
        /// Nothing says why there is no more: the server was killed, or the disk full.
        case open
        /// In the middle of an entry, for the same reasons.
        case cut
    }

    /// How it ended.
    package var ending: Ending {
        if let reason = replay.endReason { return .ended(reason) }
        return parser.isBetweenEntries ? .open : .cut
    }
}
