import GameKit
import JSONCore
import LobbyCore

/// What a game says, on its way to those whom it is for.
extension HostedLobby {
    /// Sends what the game emitted, carries out its kicks, and closes the lobby when it has finished.
    func deliverOutput() {
        let output = lobby.takeOutput()
        if let fault = output.fault {
            fail(fault)
            return
        }
        for event in output.events {
            if let seat = event.seat {
                if members.indices.contains(seat) { members[seat].map { $0.emit(event.name, event.data) } }
            } else {
                emit(event.name, event.data)
            }
        }
        for kick in output.kicks { carryOut(kick) }
        if let result = output.result, !isClosed { gameFinished(result, scores: output.scores) }
    }

    /// Emits an event to every connected member, and to those who watch where it is for everybody: encoded once, framed once
    /// for each dialect.
    ///
    /// Sending may end a slow member, and with it others whom the game then kicks: they are sent no more.
    ///
    /// - Parameter isMeant: For whom it is; nil for everybody.
    package func emit(_ name: String, _ data: JSONValue, to isMeant: ((LocalMember) -> Bool)? = nil) {
        var event = EventFrames(name, data, on: server)
        for case let member? in members where members[member.seat] === member {
            if let isMeant, !isMeant(member) { continue }
            event.send(to: member)
        }
        if isMeant == nil { audience?.hear(&event) }
    }

    /// Ends this lobby alone: its game has failed.
    func fail(_ error: String) {
        server.counters[.lobbiesFailed] += 1
        server.hooks.log(.error) { "lobby \(self.id): the game failed at tick \(self.lobby.tick): \(error)" }
        close("the game failed: \(error)")
    }
}
