import ByteKit
import SnapshotCore

/// The tables of codec 1 that bots of one loop were given: each set is read once, and all bots have it by its hash
/// (protocol/spec/snapshot.md §9.8).
final class BotTables {
    private var known: [(hash: String, codec: Codec1)] = []

    /// Why a bot cannot read what it was told to.
    private struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    /// The hash of the newest tables for a schema, which a join names; nil without any.
    func hash(for schema: Schema) -> String? { known.last { $0.codec.schema.hash == schema.hash }?.hash }

    /// What snapshots are read with in codec 1; nil where the server sends codec 0.
    ///
    /// - Throws: For tables that are none, are not of this hash or schema, or were neither given before nor now.
    func codec(of welcome: LobbyWelcome, _ schema: Schema) throws -> Codec1? {
        guard welcome.codec > 0 else { return nil }
        if let set = known.first(where: { $0.hash == welcome.tablesHash }) { return set.codec }
        guard let text = welcome.tables.map({ Array($0.utf8) }), let bytes = Base64.decodeURL(text.span) else {
            throw Unreadable(description: "codec 1 without its tables")
        }
        let tables = try CodingTables(bytes, for: schema)
        guard tables.hashText == welcome.tablesHash else {
            throw Unreadable(description: "tables of another hash than their own")
        }
        let codec = Codec1(schema: schema, tables: tables)
        known.append((tables.hashText, codec))
        return codec
    }
}
