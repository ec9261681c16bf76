import Determinism
import GameKit
import JSONCore
import LobbyCore

/// What admins are shown of a lobby (protocol/spec/admin.md §5).
extension HostedLobby {
    /// The lobby as a row of a list: nothing of who sits there.
    var adminRow: JSONValue { .object(adminMembers) }

    private var adminMembers: JSONObject {
        let now = server.clock()
        let figures = load.figures(at: now)
        var row = publicMembers
        row["listed"] = .bool(terms.isListed)
        row["loop"] = .integer(Int64(server.loops.own))
        row["phase"] = .string(lobby.match.phase.rawValue)
        row["connected"] = .integer(Int64(lobby.seats.connectedCount))
        row["watchers"] = .integer(Int64(watcherCount))
        row["tick"] = .integer(Int64(lobby.tick))
        row["tickRate"] = .integer(Int64(lobby.rules.tickRate))
        row["stepsDropped"] = .integer(Int64(clamping: lobby.clock.dropped))
        row["paused"] = .bool(adminPause != nil || lobby.isPaused)
        if let adminPause { row["pause"] = adminPause.shown(at: now) }
        row["latenessMilliseconds"] = [
            "mean": .number(figures.latenessMean.milliseconds), "max": .number(figures.latenessMax.milliseconds),
        ]
        row["snapshotBytesPerSecond"] = .integer(Int64(figures.bytesPerSecond))
        row["cpuPercent"] = .number((cpuShare * 1_000).rounded() / 10)
        return row
    }

    /// The lobby with all its seats that are not free.
    ///
    /// - Parameter role: Whoever only looks on is told no addresses and no subjects.
    func detail(for role: AdminRole) -> JSONValue {
        var detail = adminMembers
        detail["snapshotRate"] = .integer(Int64(lobby.rules.snapshotRate))
        detail["round"] = .integer(Int64(lobby.match.round))
        if let host = lobby.match.host { detail["host"] = .integer(Int64(host)) }
        let now = server.clock()
        detail["seatRows"] = .array(
            lobby.seats.rows.indices.filter { lobby.seats.rows[$0].state != .free }.map {
                seatRow($0, for: role, at: now)
            })
        return .object(detail)
    }

    private func seatRow(_ seat: Int, for role: AdminRole, at now: Instant) -> JSONValue {
        let holder = lobby.seats.rows[seat]
        var row: JSONObject = [
            "seat": .integer(Int64(seat)), "name": .string(holder.name), "state": .string("\(holder.state.phase)"),
            "resumes": .integer(Int64(holder.resumes)), "inputsWaiting": .integer(Int64(lobby.inputsWaiting(of: seat))),
        ]
        if let until = holder.state.until { row["secondsLeft"] = .number(max(0, (until - now).seconds)) }
        if let team = lobby.match.team(of: seat) { row["team"] = .integer(Int64(team)) }
        if let own = holder.role { row["role"] = .string(own) }
        if role > .viewer, let subject = holder.subject { row["subject"] = .string(subject) }
        if case .muted(_, let seconds)? = chat?.mute(of: seat, at: now) {
            row["mutedSeconds"] = .integer(Int64(seconds))
        }
        guard let member = members[seat] else { return .object(row) }
        row["transport"] = .string(member.transport.name)
        row["dialect"] = .string(member.dialect.rawValue)
        row["codec"] = .integer(Int64(member.basis.codec))
        row["queuedBytes"] = .integer(Int64(member.transport.queuedBytes))
        if role > .viewer { row["address"] = .string(member.transport.peerAddress) }
        let roundTrip = member.session.roundTripTime.map(\.milliseconds) ?? lobby.roundTripMilliseconds(of: seat)
        if let roundTrip { row["roundTripMilliseconds"] = .number(roundTrip) }
        if let early = lobby.earliness(of: seat) { row["inputEarlyTicks"] = .integer(Int64(early)) }
        if let age = snapshotAge(of: member, at: now) { row["snapshotAgeMilliseconds"] = .number(age.milliseconds) }
        return .object(row)
    }

    /// How long ago the step was due that the newest snapshot shows of which a client has said that it has it; nil where it has
    /// said nothing, or of none of the game that runs now.
    private func snapshotAge(of member: LocalMember, at now: Instant) -> Interval? {
        let tick = lobby.pace.tick(of: member.flow.acked)
        guard tick > 0, tick <= lobby.tick else { return nil }
        let sinceStep = max(.zero, now - (lobby.clock.nextDue - lobby.clock.step))
        return lobby.clock.step * Int(lobby.tick - tick) + sinceStep
    }
}

extension Interval {
    /// In milliseconds, to a thousandth.
    fileprivate var milliseconds: Double { Double(nanoseconds / 1_000) / 1_000 }
}
