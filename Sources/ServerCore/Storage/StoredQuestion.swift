import HTTPCore

/// Something that may be asked about what is stored (protocol/spec/lobby.md §5.4), the audit log by admins alone.
package enum StoredQuestion: Sendable, Equatable {
    /// A page of a leaderboard.
    case leaderboard(game: String, season: String, order: String, place: BoardPlace, limit: Int)
    /// Matches that have ended, the newest first.
    case results(game: String?, before: Int64?, limit: Int)
    /// What admins did, the newest first.
    case audit(AuditFilter, before: Int64?, limit: Int)
}

/// Where a page of a leaderboard begins.
package enum BoardPlace: Sendable, Equatable {
    /// At a rank, from 1.
    case rank(Int)
    /// Around the player of that name.
    case around(String)
}

/// A question that cannot be asked; the text says why.
struct StoredQuestionError: Error {
    let message: String
}

extension StoredQuestion {
    /// The most rows of a page.
    static let limitMax = 100
    /// The last rank at which a page may begin: to skip to it costs the storage a look at each before it.
    static let rankMax = 1_000_000
    /// What a leaderboard may be ordered by.
    static let orders = ["best", "sum", "least"]

    /// Reads the query of a request for a leaderboard.
    static func leaderboard(of game: String, _ query: HTTPQuery) throws(StoredQuestionError) -> StoredQuestion {
        var (season, order, place, limit) = ("", "best", BoardPlace.rank(1), 10)
        for pair in query.pairs {
            switch pair.name {
            case "season": season = pair.value
            case "order":
                guard orders.contains(pair.value) else {
                    throw StoredQuestionError(message: "order is best, sum or least")
                }
                order = pair.value
            case "from": place = .rank(try number(pair, in: 1...rankMax))
            case "around": place = .around(pair.value)
            case "limit": limit = try number(pair, in: 1...limitMax)
            default:
                throw StoredQuestionError(message: "there is no \"\(pair.name)\": season, order, from, around, limit")
            }
        }
        return .leaderboard(game: game, season: season, order: order, place: place, limit: limit)
    }

    /// Reads the query of a request for results.
    static func results(_ query: HTTPQuery) throws(StoredQuestionError) -> StoredQuestion {
        var (game, before, limit): (String?, Int64?, Int) = (nil, nil, 20)
        for pair in query.pairs {
            switch pair.name {
            case "game": game = pair.value
            case "before": before = Int64(try number(pair, in: 1...Int.max))
            case "limit": limit = try number(pair, in: 1...limitMax)
            default: throw StoredQuestionError(message: "there is no \"\(pair.name)\": game, before, limit")
            }
        }
        return .results(game: game, before: before, limit: limit)
    }

    private static func number(
        _ pair: HTTPQuery.Pair, in range: ClosedRange<Int>
    ) throws(StoredQuestionError) -> Int {
        guard let number = Int(pair.value), range.contains(number) else {
            throw StoredQuestionError(message: "\(pair.name) is \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
