import Determinism
import LobbyCore

/// What players send while playing, on its way to the game.
extension HostedLobby {
    /// Takes an input of a member: ranges are checked already.
    func receive(
        tick: UInt32?, sequence: UInt32?, values: [UInt32], seen: UInt32, from member: LocalMember
    ) -> InputVerdict {
        let verdict = lobby.offer(seat: member.seat, tick: tick, sequence: sequence, values: values, seen: seen)
        switch verdict {
        case .accepted:
            server.counters[.inputsAccepted] += 1
            if let tick, lobby.isLatencyDue(member.seat, seen: seen) {
                let age = lobby.measureLatency(member.seat, seen: seen, meant: tick, at: server.clock())
                server.durations.snapshotAges.record(age)
            }
        case .repeated: server.counters[.inputsRepeated] += 1
        case .tooEarly: server.counters[.inputsTooEarly] += 1
        case .tooLate: server.counters[.inputsTooLate] += 1
        case .full: server.counters[.inputsOverflowed] += 1
        case .flood: endFlood(of: member.seat)
        }
        return verdict
    }

    /// Where the lobby stands, for the holder of a seat.
    func moment(for seat: Int) -> LobbyMoment {
        let sinceDue = server.clock() - (lobby.clock.nextDue - lobby.clock.step)
        return LobbyMoment(
            tick: lobby.tick, age: max(.zero, sinceDue), early: lobby.takeEarliness(of: seat))
    }
}
