import GameKit

/// Decides which lobbies are recorded, and where to.
package struct Recorder {
    /// The build that recordings are said to be of.
    private let build: String
    private let makeSink: (RecordingHeader) -> (any RecordingSink)?

    /// A recorder.
    ///
    /// - Parameter makeSink: Opens the place for a recording with that header; nil where it is not to be recorded. It is
    ///   called on the loop of the lobby, and must not wait.
    package init(build: String, _ makeSink: @escaping (RecordingHeader) -> (any RecordingSink)?) {
        self.build = build
        self.makeSink = makeSink
    }

    /// Records a game to which nothing has happened yet; nil where it is not to be recorded.
    package func open(_ game: any GameInstance, lobby: String, options: JSONValue, seed: UInt64) -> RecordedGame? {
        let header = RecordingHeader(
            build: build, lobby: lobby, game: game.type.name, options: options, seed: seed, rules: game.type.rules,
            schema: game.type.schema)
        // What is longer could not be read again.
        guard header.encoded.count <= RecordingHeader.bytesMax, let sink = makeSink(header) else { return nil }
        return RecordedGame(game, header, to: sink)
    }
}
