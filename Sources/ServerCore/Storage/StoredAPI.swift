import GameKit
import HTTPCore
import HTTPTypes
import JSONCore

/// What is stored, over HTTP: asked off the loop, answered on it.
extension Server {
    /// The most questions to the storage that wait on one loop; more are answered with 503.
    static let storedQuestionsMax = 64

    /// `GET /api/leaderboards/GAME`.
    func answerLeaderboard(of game: String, _ exchange: HTTPExchange) {
        guard games.contains(where: { $0.name == game }) else {
            return exchange.respond(.notFound, error: "no such game")
        }
        ask(exchange) { query throws(StoredQuestionError) in try .leaderboard(of: game, query) }
    }

    /// `GET /api/results`.
    func answerResults(_ exchange: HTTPExchange) {
        ask(exchange) { query throws(StoredQuestionError) in try .results(query) }
    }

    private func ask(
        _ exchange: HTTPExchange, _ read: (HTTPQuery) throws(StoredQuestionError) -> StoredQuestion
    ) {
        guard let ask = hooks.askStorage else {
            return exchange.respond(.notFound, error: "this server stores nothing")
        }
        let question: StoredQuestion
        do {
            question = try read(try HTTPQuery(exchange.head.query))
        } catch let error as StoredQuestionError {
            return exchange.respond(.badRequest, error: error.message)
        } catch {
            return exchange.respond(.badRequest, error: "\(error)")
        }
        let busy: HTTPFields = [.retryAfter: "1"]
        guard storedQuestions < Self.storedQuestionsMax else {
            counters[.storageQuestionsRefused] += 1
            return exchange.respond(.serviceUnavailable, error: "too many ask already", fields: busy)
        }
        storedQuestions += 1
        exchange.expectAnswer(within: settings.joinTimeout)
        ask(question) { [weak self] answer in
            self?.storedQuestions -= 1
            guard let answer else {
                return exchange.respond(.serviceUnavailable, error: "the storage does not answer", fields: busy)
            }
            exchange.respond(json: answer)
        }
    }

    /// Counts what happened off the loop.
    package func count(_ counter: Counter, _ amount: Int) {
        counters[counter] += UInt64(amount)
    }
}
