import GameKit
import RecordingCore

extension MusterServer {
    /// Plays recordings of one of the games that this server serves, and makes of what happens in them tables by which its snapshots
    /// become smaller: the bytes for ``Game/snapshotTables``. `muster tables train` does so for the built-in games; this is for
    /// yours. Needs no running server.
    ///
    /// Some minutes of ordinary play with several players are enough: what comes up in none of them costs some bits more, and
    /// nothing else.
    ///
    /// - Throws: ``ReplayFailure``: for recordings that cannot be played or are of several games, and for a game whose schema is
    ///   too large for tables.
    public func trainTables(on paths: [String]) throws -> [UInt8] {
        try train(on: paths).bytes
    }

    /// The same, with the tables' hash.
    package func train(on paths: [String]) throws -> CodingTables {
        var lesson: Lesson?
        for path in paths {
            lesson?.training.beginGame()
            let played = try play(path) { replay in
                if lesson == nil { lesson = games.first { $0.name == replay.header.game }.flatMap(Lesson.init) }
                lesson?.take(replay)
            }
            guard lesson == nil || played.game == lesson?.game else {
                throw ReplayFailure(description: "\(path): it is a recording of another game, \(played.game)")
            }
        }
        guard let lesson else { throw ReplayFailure(description: "there is nothing to train on, or no codec 1") }
        return lesson.training.tables()
    }
}

/// What is being learnt of a game.
private struct Lesson {
    let game: String
    private let pace: SnapshotPace
    var training: SnapshotTraining

    /// Nil for a game whose schema is too large for codec 1.
    init?(_ game: GameType) {
        guard game.schema.hasCodingTables else { return nil }
        self.game = game.name
        pace = game.rules.snapshotPace
        training = SnapshotTraining(schema: game.schema)
    }

    /// Learns from the tick that was played last.
    mutating func take(_ replay: Replay) {
        guard replay.header.game == game, pace.isDue(at: replay.tick) else { return }
        training.take(replay.state())
    }
}
