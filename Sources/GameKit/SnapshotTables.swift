import ByteKit
import SnapshotCore

/// What a game's snapshots are coded with in codec 1, and what its clients are told of that (protocol/spec/snapshot.md §9.9).
///
/// Made once for each game of a server: all its lobbies share it.
package struct SnapshotTables: Sendable {
    /// Codes with the tables; a copy shares them, and has memory of its own for its work.
    package let codec: Codec1
    /// The tables' hash.
    package let hash: String
    /// The tables as base64url without padding; nil for the generic ones, which clients make themselves.
    package let text: String?
    /// Why those that the game gives are not used, in words.
    package let problem: String?

    fileprivate init(_ given: CodingTables?, of schema: Schema, problem: String?) {
        let tables = given ?? TableTrainer(schema: schema).tables()
        codec = Codec1(schema: schema, tables: tables)
        hash = tables.hashText
        text = given.map { Base64.encodeURL($0.bytes) }
        self.problem = problem
    }
}

extension GameType {
    /// The same game with its tables for codec 1: those that it gives, or else, and where these are of no use, ones that serve any
    /// game. A schema that is too large for codec 1 has none.
    ///
    /// It takes some milliseconds, and is to be done once.
    package func withSnapshotTables() -> GameType {
        guard schema.hasCodingTables else { return self }
        var type = self
        do throws(CodingTablesError) {
            let tables = try givenTables.map { bytes throws(CodingTablesError) in
                try CodingTables(bytes, for: schema)
            }
            type.snapshotTables = SnapshotTables(tables, of: schema, problem: nil)
        } catch {
            type.snapshotTables = SnapshotTables(nil, of: schema, problem: Self.words(error))
        }
        return type
    }

    private static func words(_ error: CodingTablesError) -> String {
        switch error {
        case .wrongSchema: "were trained for another schema than the game has now; train them anew"
        case .unknownVersion: "are of another version of Muster, or are no tables; train them anew"
        case .truncated, .badFrequencies, .trailingBytes, .tooLarge: "are damaged (\(error)); train them anew"
        }
    }
}
