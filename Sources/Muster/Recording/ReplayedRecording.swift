import FoundationEssentials
import RecordingCore

/// A recording that was played again to its end, and was as recorded after every tick.
public struct ReplayedRecording: Sendable, Equatable {
    /// The game's name.
    public let game: String
    /// The id of the lobby that was recorded.
    public let lobby: String
    /// The build that recorded it.
    public let build: String
    /// How many ticks were played.
    public let ticks: UInt32
    /// How many inputs entered the game.
    public let inputs: Int
    /// Why the lobby ended; nil where the recording has no end, as its server was killed or the disk full.
    public let end: String?
}

/// Why a recording could not be played again, or what of it came out otherwise.
public struct ReplayFailure: Error, CustomStringConvertible {
    /// A sentence for people; it names the tick.
    public let description: String
}

extension MusterServer {
    /// Plays a recording of one of the games that this server serves again, and compares it with what was recorded after
    /// every tick. `muster replay` does so for the built-in games; this is for yours. Needs no running server.
    ///
    /// - Throws: ``ReplayFailure``.
    public func replay(_ path: String) throws -> ReplayedRecording {
        try play(path) { _ in }
    }

    /// Plays a recording to its end, and calls `stepped` after every tick.
    func play(_ path: String, _ stepped: (Replay) -> Void) throws -> ReplayedRecording {
        guard let contents = FileManager.default.contents(atPath: path) else {
            throw ReplayFailure(description: "\(path) cannot be read")
        }
        do {
            return try play(Array(contents), stepped)
        } catch let error as RecordingError {
            throw ReplayFailure(description: "\(path): \(error)")
        } catch let error as ReplayError {
            throw ReplayFailure(description: "\(path): \(error)")
        }
    }

    private func play(_ bytes: [UInt8], _ stepped: (Replay) -> Void) throws -> ReplayedRecording {
        var rest = bytes[...]
        let player = try RecordingPlayer(games: games) {
            let piece = Array(rest.prefix(65_536))
            rest = rest.dropFirst(65_536)
            return piece
        }
        while try player.playStep() { stepped(player.replay) }
        let header = player.replay.header
        return ReplayedRecording(
            game: header.game, lobby: header.lobby, build: header.build, ticks: player.replay.tick,
            inputs: player.inputCount, end: player.replay.endReason)
    }
}
