import ByteKit
import HTTPCore
import HTTPTypes
import JSONCore

/// Waiting for a match over HTTP (protocol/spec/lobby.md §5.5). Connections that ask for this come to the queue's loop.
extension Server {
    /// Puts somebody into the queue who then asks what has become of it.
    func enterQueue(_ exchange: HTTPExchange) {
        do throws(JoinRefusal) {
            guard let word = LobbyChoice.match.alias, let places = queuePlaces(for: exchange) else { return }
            let peer = exchange.peer
            let request = try JoinRequest(lobbyID: word, auth: try exchange.json(), peerAddress: peer.description)
            guard mayJoin(request, from: peer) else { throw .tooManyJoins }
            identify(request, from: peer) { outcome in
                // Whoever has gone meanwhile does not wait.
                guard exchange.isOpen else { return }
                do throws(JoinRefusal) {
                    let place = try places.open(try outcome.get())
                    let fields: HTTPFields = [.location: "/api/queue/\(place.id)"]
                    exchange.respond(.created, json: .object(place.shown), fields: fields, compresses: false)
                } catch {
                    exchange.refuse(error)
                }
            }
        } catch {
            exchange.refuse(error)
        }
    }

    /// What has become of a place.
    func answerPlace(_ id: String, _ exchange: HTTPExchange) {
        withPlace(id, exchange) { place, places in
            do throws(JoinRefusal) {
                exchange.respond(json: try places.asked(about: place), compresses: false)
            } catch {
                exchange.refuse(error)
            }
        }
    }

    /// The same, as an event stream, which keeps the place.
    func watchPlace(_ id: String, _ exchange: HTTPExchange) {
        withPlace(id, exchange) { place, places in
            guard admitWatcher() else { return refuseWatcher(exchange, "too many watch already") }
            places.watch(place, exchange)
        }
    }

    /// Gives a place up.
    func leaveQueue(_ id: String, _ exchange: HTTPExchange) {
        withPlace(id, exchange) { place, places in
            places.leave(place)
            exchange.respond(.noContent, fields: [:], body: [])
        }
    }

    private func withPlace(_ id: String, _ exchange: HTTPExchange, _ answer: (QueuePlace, QueuePlaces) -> Void) {
        guard let places = queuePlaces(for: exchange) else { return }
        guard let place = places[id] else { return exchange.respond(.notFound, error: "nobody waits there") }
        answer(place, places)
    }

    private func queuePlaces(for exchange: HTTPExchange) -> QueuePlaces? {
        if loops.own == Matchmaker.loop { return matchmaker.places }
        exchange.respondElsewhere("the queue cannot be reached just now")
        return nil
    }
}
