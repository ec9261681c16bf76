import Determinism
import GameKit
import LobbyCore
import SnapshotCore

/// Snapshots on their way to members: to each as a delta from what it was sent last, when it can take it.
extension HostedLobby {
    /// The game was made anew, and its ticks count from the beginning: nobody has a state to go on from.
    func gameBegunAnew() {
        for case let member? in members {
            member.basis.forget()
            member.flow = SnapshotFlow()
        }
        returning.removeAll()
        audience?.gameBegunAnew()
        if watchDelay == .zero { gallery?.gameBegunAnew() }
    }

    /// The number in the game of the snapshot that shows a tick, or of the last one before.
    func number(ofSnapshot tick: UInt32) -> UInt32 { UInt32(truncatingIfNeeded: lobby.pace.count(at: tick)) }

    /// The time between two snapshots.
    private var snapshotInterval: Interval {
        Interval(nanoseconds: 1_000_000_000 / Int64(lobby.rules.snapshotRate))
    }

    func broadcastSnapshot() {
        returning.forget { lobby.seats.rows[$0].state.phase != .dropped }
        lobby.captureSnapshot { isAwaited(number(ofSnapshot: $0)) }
        frames.removeAll()
        guard let newest = lobby.newestSnapshotTick else { return }
        let moment = SnapshotMoment(
            tick: newest, number: number(ofSnapshot: newest), now: server.clock(), interval: snapshotInterval)
        var sent = 0
        for case let member? in members where send(moment, to: member) { sent += 1 }
        server.counters[.snapshotsSent] += UInt64(sent)
        audience?.snapshotTaken()
        if watchDelay == .zero { gallery?.snapshotTaken() }
    }

    /// Whether a client may go on from the snapshot of that number: one whose connection is gone, or one that has not acknowledged
    /// a newer one for so long that it may be as good as gone.
    private func isAwaited(_ number: UInt32) -> Bool {
        if returning.mayHave(number) { return true }
        for case let member? in members where member.flow.mayHave(number, isLost: false) { return true }
        return false
    }

    /// Sends the newest snapshot to a member that can take it, as a delta from the last one it was sent.
    func sendSnapshot(to member: LocalMember) {
        guard let newest = lobby.newestSnapshotTick else { return }
        let moment = SnapshotMoment(
            tick: newest, number: number(ofSnapshot: newest), now: server.clock(), interval: snapshotInterval)
        if send(moment, to: member) { server.counters[.snapshotsSent] += 1 }
    }

    /// Whether the newest snapshot was sent.
    private func send(_ newest: SnapshotMoment, to member: LocalMember) -> Bool {
        guard member.basis.tick != newest.tick else { return false }
        let transport = member.transport
        guard transport.takesLatest else {
            server.counters[.snapshotsSkipped] += 1
            return false
        }
        guard member.flow.takesNext(at: newest.now, interval: newest.interval) else {
            server.counters[.snapshotsHeldBack] += 1
            return false
        }
        guard let place = place(for: member) else {
            server.counters[.snapshotsSkipped] += 1
            return false
        }
        let kind = frames.kind(at: place)
        switch kind {
        case .keyframe: server.counters[.keyframesSent] += 1
        case .catchUp: server.counters[.catchUpsSent] += 1
        case .delta: break
        }
        member.basis.sent(newest.tick, isKeyframe: kind == .keyframe)
        member.flow.note(sent: newest.number, at: newest.now)
        let bytes =
            member.dialect == .socketIO ? frames.socketIO(at: place, member.choice) : frames.plain(at: place)
        load.sent(bytes.count)
        if server.eventSample.isOpen {
            server.sample(.sent, "snapshot", of: member, isOfTick: true, .buffer(bytes.count))
        }
        transport.sendLatest(bytes)
        return true
    }

    /// Where the message for a member stands, made if it has not been; nil where its budget has no room for one.
    private func place(for member: LocalMember) -> Int? {
        if lobby.isGrouped, member.hasSeat {
            return frames.place(of: member.basis, for: member.seat, of: lobby, server)
        }
        return frames.place(of: member.basis) ?? frames.add(member.basis, of: lobby, server)
    }

    /// The newest snapshot as players on plain WebSockets are sent it in codec 0 who stand at `tick`, with the tick that it
    /// leads on from.
    func plainFrame(since tick: UInt32?) -> (baseline: UInt32?, bytes: [UInt8]) {
        let basis = SnapshotBasis(tick: tick ?? 0)
        let place = frames.place(of: basis) ?? frames.add(basis, of: lobby, server)
        return (frames.kind(at: place) == .keyframe ? nil : lobby.baseline(tick), frames.plain(at: place))
    }
}

/// The newest snapshot, while it is sent.
private struct SnapshotMoment {
    var tick: UInt32
    var number: UInt32
    var now: Instant
    var interval: Interval
}
