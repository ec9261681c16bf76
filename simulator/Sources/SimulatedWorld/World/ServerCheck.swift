internal import Determinism
import LobbyCore
internal import ServerCore
import SnapshotCore

/// Checks one loop of the server at the end of each of its turns: states, seats and steps of its lobbies; and, since that takes as long
/// as there are connections, its budgets and tables each 50 ms.
final class ServerCheck {
    private static let censusInterval = Interval.milliseconds(50)
    /// What an outbox may hold beyond its limit: a snapshot and a close frame.
    private static let latestBytesMax = 131_072

    /// What a lobby was like at the end of the last turn.
    private struct Row {
        let hosted: HostedLobby
        let log: LobbyLog
        var shown: UInt32?
        var revision: UInt64?
        /// From where its steps are counted; nil while nobody says when the next one is.
        var counted: Count?
    }

    private struct Count {
        var tick: UInt32
        var dropped: UInt64
        var due: Instant
        var step: Interval
    }

    private let server: Server
    private let clock: SimulatedClock
    private let time: SimulatedTime
    private let breaches: BreachList
    private let log: (String) -> LobbyLog
    private let queuedBytesMax: Int
    private let addressesMax: Int
    /// Whether hashes are taken down as they are not: a planted bug.
    var liesAboutHashes = false
    private var rows: [Row] = []
    private var nextCensus = Instant.zero

    init(
        _ server: Server, _ clock: SimulatedClock, _ plan: WorldPlan, _ breaches: BreachList, _ time: SimulatedTime,
        log: @escaping (String) -> LobbyLog
    ) {
        self.server = server
        self.clock = clock
        self.time = time
        self.breaches = breaches
        self.log = log
        // An author's clients are held back at the limit, and ended at twice that.
        queuedBytesMax = plan.outboxBytes * 2 + Self.latestBytesMax
        addressesMax = plan.planted == .fullTable ? 1 : 65_536
        clock.wentBack = { breaches.note(.timeForward, "the server's clock went back") }
    }

    /// The loop's turn has ended.
    func turnEnded() {
        gather()
        for index in rows.indices { check(&rows[index]) }
        if time.now >= nextCensus { takeCensus() }
    }

    /// Takes over the lobbies that there are now, which is rare to have changed.
    private func gather() {
        let lobbies = server.lobbies
        var isSame = lobbies.count == rows.count
        if isSame { for index in rows.indices where rows[index].hosted !== lobbies[index] { isSame = false } }
        guard !isSame else { return }
        rows = lobbies.map { hosted in
            if let known = rows.first(where: { $0.hosted === hosted }) { return known }
            let log = log(hosted.id)
            log.lives += 1
            log.isGrouped = hosted.lobby.isGrouped
            return Row(hosted: hosted, log: log)
        }
    }

    private func check(_ row: inout Row) {
        let lobby = row.hosted.lobby
        if let newest = lobby.newestSnapshotTick, newest != row.shown {
            row.shown = newest
            if !row.log.isGrouped, let state = lobby.newestSnapshot {
                row.log.add(newest, liesAboutHashes ? state.hash ^ 1 : state.hash)
            }
        }
        if lobby.seats.revision != row.revision {
            row.revision = lobby.seats.revision
            checkSeats(row.hosted)
        }
        checkSteps(&row)
    }

    private func checkSeats(_ hosted: HostedLobby) {
        if let finding = hosted.seatFinding { breaches.note(.seats, finding) }
        if let (one, other) = hosted.sharedSession {
            breaches.note(.oneOwner, "one connection has the seats \(one) and \(other) of \(hosted.id)")
        }
    }

    /// Steps that were run and steps that were dropped are as many as the lobby's clock has gone on by, and that is not behind.
    private func checkSteps(_ row: inout Row) {
        let lobby = row.hosted.lobby
        // Without players, and while the game waits, time passes without steps.
        guard lobby.seats.heldCount > 0, lobby.match.isGameOn, !lobby.isPaused, !row.hosted.isClosed else {
            row.counted = nil
            return
        }
        let now = Count(
            tick: lobby.tick, dropped: lobby.clock.dropped, due: lobby.clock.nextDue, step: lobby.clock.step)
        guard let before = row.counted, before.step == now.step, before.tick <= now.tick else {
            row.counted = now
            return
        }
        let passed = (now.due - before.due).nanoseconds / now.step.nanoseconds
        let accounted = Int64(now.tick - before.tick) + Int64(now.dropped - before.dropped)
        if passed != accounted {
            breaches.note(.ticks, "\(row.hosted.id) passed \(passed) steps and has run or dropped \(accounted)")
            row.counted = now
        } else if clock.debt == .zero, now.due + now.step < time.now {
            breaches.note(.ticks, "\(row.hosted.id) is behind: its step of \(now.due.nanoseconds) ns was not run")
        }
    }

    private func takeCensus() {
        nextCensus = time.now + Self.censusInterval
        for row in rows { checkSeats(row.hosted) }
        let census = server.census
        if census.queuedBytesMax > queuedBytesMax {
            breaches.note(.budgets, "\(census.queuedBytesMax) bytes wait for one client, over \(queuedBytesMax)")
        }
        if census.addresses > addressesMax {
            breaches.note(.boundedTables, "\(census.addresses) addresses are remembered, over \(addressesMax)")
        }
    }
}
