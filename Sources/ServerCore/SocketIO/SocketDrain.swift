import Determinism
import JSONCore
import SocketIOCore

/// Lets a hub's clients go one after the other while the server drains, so that they do not all come back to the next one at
/// once. Each is told how long it has.
final class SocketDrain {
    private unowned let hub: SocketHub
    private let clients: [SocketConnection]
    /// How many have been let go of.
    private var next = 0
    private let begunAt: Instant
    private let duration: Interval

    init(_ hub: SocketHub, over duration: Interval) {
        self.hub = hub
        self.duration = duration
        begunAt = hub.server.clock()
        var known: Set<ObjectIdentifier> = []
        clients = hub.allNamespaces.flatMap(\.allSockets).map(\.connection)
            .filter { known.insert(ObjectIdentifier($0)).inserted }
    }

    /// When a client is let go of.
    private func due(_ place: Int) -> Instant {
        begunAt + Interval(nanoseconds: duration.nanoseconds / Int64(clients.count) * Int64(place + 1))
    }

    func begin() {
        for (place, client) in clients.enumerated() {
            let notice: JSONValue = ["seconds": .number((due(place) - begunAt).seconds)]
            for socket in client.allSockets { socket.emit(SocketEmission(SocketDrain.event, [notice])) }
        }
        waitForNext()
    }

    /// What clients are told.
    static let event = "draining"

    /// Whether nobody is left.
    var isOver: Bool {
        while next < clients.count, !clients[next].isLive { next += 1 }
        return next == clients.count
    }

    private func waitForNext() {
        guard !isOver else { return }
        _ = hub.after(max(.zero, due(next) - hub.server.clock())) { [weak self] in self?.letGo() }
    }

    private func letGo() {
        let now = hub.server.clock()
        while !isOver, due(next) <= now {
            clients[next].transport.end(.draining)
            next += 1
        }
        waitForNext()
    }
}
