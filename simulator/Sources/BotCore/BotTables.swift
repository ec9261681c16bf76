import ByteKit
import SnapshotCore

/// The tables of codec 1 that bots of one loop were given: each set is read once, and all bots have it by its hash
/// (protocol/spec/snapshot.md §9.9).
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
    /// Tables that were neither given before nor now are the generic ones.
    ///
    /// - Throws: For tables that are none, or are not of this hash or schema.
    func codec(of welcome: LobbyWelcome, _ schema: Schema) throws -> Codec1? {
        guard welcome.codec > 0 else { return nil }
        if let set = known.first(where: { $0.hash == welcome.tablesHash }) { return set.codec }
        guard schema.hasCodingTables else { throw Unreadable(description: "codec 1 for a schema that has none") }
        let tables = try welcome.tables.map { try Self.tables($0, schema) } ?? TableTrainer(schema: schema).tables()
        guard tables.hashText == welcome.tablesHash else {
            throw Unreadable(description: "tables of another hash than their own")
        }
        let codec = Codec1(schema: schema, tables: tables)
        known.append((tables.hashText, codec))
        return codec
    }

    private static func tables(_ text: String, _ schema: Schema) throws -> CodingTables {
        guard let bytes = Base64.decodeURL(Array(text.utf8).span) else {
            throw Unreadable(description: "tables that are not base64url")
        }
        return try CodingTables(bytes, for: schema)
    }
}
