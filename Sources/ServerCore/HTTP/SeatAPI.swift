import HTTPCore
import HTTPTypes
import JSONCore

/// Seats that are kept, over HTTP (protocol/spec/lobby.md §2.2).
extension Server {
    /// Keeps seats in a lobby, or in the one that a word in place of its id stands for, and answers with their tickets.
    func reserve(in id: String, _ exchange: HTTPExchange) {
        do throws(JoinRefusal) {
            reserve(in: id, try exchange.json(), from: exchange.peer, isMember: false) { outcome in
                switch outcome {
                case .failure(let refusal): exchange.refuse(refusal)
                case .success(let answer): exchange.respond(.created, json: answer, compresses: false)
                }
            }
        } catch {
            exchange.refuse(error)
        }
    }

    /// Gives up a seat that is kept, by its ticket.
    func giveUpSeat(in id: String, ticket: String, _ exchange: HTTPExchange) {
        do throws(JoinRefusal) {
            guard ticket.utf8.count <= SeatTicket.bytesMax else { throw .invalidToken }
            guard let lobby = lobby(id) else {
                guard loops.withDirectory({ $0.loop(of: id) }) ?? nil == nil else {
                    return exchange.respondElsewhere("the lobby cannot be reached just now")
                }
                throw .noSuchLobby
            }
            try lobby.giveUp(ticket)
            exchange.respond(.noContent, fields: [:], body: [])
        } catch {
            exchange.refuse(error)
        }
    }
}
