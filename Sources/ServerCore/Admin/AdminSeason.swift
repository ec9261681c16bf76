import JSONCore

/// What an admin does about the season of the leaderboards (protocol/spec/admin.md §4).
extension AdminHub {
    /// Begins `{"season"}`, or without one says which it is.
    func season(_ call: AdminCall) -> AdminOutcome {
        guard let now = server.hooks.season, let begin = server.hooks.beginSeason else { return .failure(.noStorage) }
        guard let name = call.text("season") else { return .success(["season": .string(now())]) }
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return .failure(.malformed("\"season\" must be a string of at most 64 bytes without control characters"))
        }
        guard begin(name) else { return .failure(.conflict("the configuration names the season")) }
        return .success(AdminVerb.done)
    }
}
