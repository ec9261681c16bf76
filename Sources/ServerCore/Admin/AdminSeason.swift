import JSONCore

/// What an admin does about the season of the leaderboards (protocol/spec/admin.md).
extension AdminHub {
    /// Says which it is, or begins `{"season"}`.
    func season(_ argument: JSONValue) -> JSONValue {
        guard let now = server.hooks.season, let begin = server.hooks.beginSeason else {
            return Self.error("this server keeps no results: it was started without a storage")
        }
        guard let wanted = argument["season"], wanted != .null else { return ["season": .string(now())] }
        guard let name = wanted.string, name.utf8.count <= 64, name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return Self.error("\"season\" must be a string of up to 64 bytes without control characters")
        }
        guard begin(name) else { return Self.error("the configuration names the season") }
        server.hooks.log(.info) { "admin began season \"\(name)\"" }
        return ["ok": true]
    }
}
