import Determinism
import LobbyCore

/// What the server of one loop holds just now: for whoever checks that no bound is broken and that nothing is left behind.
package struct ServerCensus: Sendable, Equatable {
    /// Connections, whatever they speak.
    package var connections = 0
    /// Sessions of Engine.IO, on either transport.
    package var engineSessions = 0
    /// Lobbies, and seats in them that are not free.
    package var lobbies = 0
    package var seats = 0
    /// Timers that are armed.
    package var timers = 0
    /// Places that are kept for clients of authors' hubs.
    package var places = 0
    /// Bytes that wait for the one connection, or session on polling, for which most wait: above the stream, which has one call's
    /// bytes more.
    package var queuedBytesMax = 0
    /// Addresses that are remembered by whom lets connections in.
    package var addresses = 0

    /// Whether nothing is left: addresses are remembered until others need their room.
    package var isEmpty: Bool {
        var others = self
        others.addresses = 0
        return others == ServerCensus()
    }
}

extension Server {
    /// Looks at everything once: it takes as long as there are connections.
    package var census: ServerCensus {
        var census = ServerCensus()
        census.connections = connectionCount
        census.engineSessions = engineSessions.count
        census.lobbies = lobbies.count
        census.seats = lobbies.reduce(0) { $0 + $1.lobby.seats.takenCount }
        census.timers = wheel.count
        census.places = socketHubs.reduce(0) { $0 + ($1.recovery?.placeCount ?? 0) }
        for case let connection? in connections {
            census.queuedBytesMax = max(census.queuedBytesMax, connection.queuedBytes)
        }
        for polling in engineSessions.allPolling {
            census.queuedBytesMax = max(census.queuedBytesMax, polling.queuedBytes)
        }
        census.addresses = loops.withDirectory(\.admission.addressCount) ?? 0
        return census
    }
}

extension HostedLobby {
    /// What is wrong between seats and members; nil when each connected seat has its one member, whose session has no other seat here.
    package var seatFinding: String? {
        var connected = 0
        for (seat, row) in lobby.seats.rows.enumerated() {
            let isConnected = row.state.phase == .connected
            if isConnected { connected += 1 }
            guard isConnected != (members[seat] != nil) else { continue }
            return "seat \(seat) of \(id) is \(row.state.phase), with \(isConnected ? "no" : "a") member"
        }
        if connected != lobby.seats.connectedCount {
            return "\(id) counts \(lobby.seats.connectedCount) connected seats and has \(connected)"
        }
        if lobby.seats.takenCount > lobby.seats.rows.count { return "\(id) has more players than seats" }
        return nil
    }

    /// Two seats of one session; nil where there are none.
    package var sharedSession: (Int, Int)? {
        for case let member? in members {
            for case let other? in members[(member.seat + 1)...] where other.session === member.session {
                return (member.seat, other.seat)
            }
        }
        return nil
    }
}
