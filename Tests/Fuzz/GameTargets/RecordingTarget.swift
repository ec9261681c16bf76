internal import FuzzTargets
internal import GameKit
internal import Games
package import RecordingCore

/// One thing that a parser reports of a recording.
package enum RecordingItem: Equatable {
    case header(RecordingHeader)
    case entry(RecordingEntry)
    case failed(RecordingError)
    /// Where the bytes end in the middle of the header or an entry.
    case cut
}

/// All that a parser reports of `pieces`.
package func items(of pieces: [[UInt8]]) -> [RecordingItem] {
    var parser = RecordingParser()
    var items: [RecordingItem] = []
    for piece in pieces {
        parser.append(piece)
        do throws(RecordingError) {
            while let entry = try parser.next() {
                if items.isEmpty, let header = parser.header { items.append(.header(header)) }
                items.append(.entry(entry))
            }
        } catch {
            if items.isEmpty, let header = parser.header { items.append(.header(header)) }
            return items + [.failed(error)]
        }
        if items.isEmpty, let header = parser.header { items.append(.header(header)) }
    }
    return parser.isBetweenEntries ? items : items + [.cut]
}

/// The fuzz target `recording`: a whole recording, or entries behind the header of an arena. What is read is the same in
/// any pieces, gives the same again when it is written, and can be played.
package func fuzzRecording(_ input: [UInt8]) {
    var settings = Settings(input)
    let choice = settings.byte()
    let sizes = settings.sizes()
    let bytes = choice & 1 == 0 ? header.encoded + settings.rest : Array(settings.rest)
    let read = items(of: [bytes])
    precondition(items(of: pieces(of: bytes, sizes: sizes)) == read, "the pieces show")
    guard case .header(let header) = read.first else { return }
    var encoder = RecordingEncoder(header)
    for case .entry(let entry) in read { encoder.append(entry) }
    precondition(items(of: [encoder.bytes]) == read.filter(\.isWhole), "what was written reads otherwise")
    play(read, header)
}

/// What the entries of an input stand behind.
private let header: RecordingHeader = {
    let arena = BuiltInGames.all[0]
    return RecordingHeader(
        build: "fuzz", lobby: "fuzz", game: arena.name, options: .null, seed: 1, rules: arena.rules,
        schema: arena.schema)
}()

private func play(_ items: [RecordingItem], _ header: RecordingHeader) {
    do throws(ReplayError) {
        let replay = try Replay(header, games: BuiltInGames.all, isStrict: false)
        for case .entry(let entry) in items { _ = try replay.play(entry) }
        precondition(replay.state().tick == replay.tick, "a state of another tick")
    } catch {
        precondition(!error.description.isEmpty, "an error without words")
    }
}

extension RecordingItem {
    fileprivate var isWhole: Bool {
        switch self {
        case .header, .entry: true
        case .failed, .cut: false
        }
    }
}
