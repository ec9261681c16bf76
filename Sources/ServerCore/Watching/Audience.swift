import Determinism
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore
import WebSocketCore

/// A lobby's spectators, and what they are shown: what the players get, at once and in the very same frames, or all of it
/// after a delay (protocol/spec/lobby.md §6).
///
/// With a delay it is there from the lobby's opening on, and is what event streams are shown from, too. When such a lobby
/// closes, it lives on until those who watch have seen the end.
final class Audience {
    private unowned let hosted: HostedLobby
    private unowned let server: Server
    /// What is held back from those who watch; nil where they see what players see.
    let line: DelayLine?
    private var spectators: [Spectator] = []
    /// The lobby that has closed, while the rest of it is still to be shown, and why it has.
    private var closed: (lobby: HostedLobby, reason: String)?
    /// What has been shown last of the match, for those who come later.
    private var shownPhase: JSONValue?
    private var shownPlayers: JSONValue?
    /// What has been made of the newest snapshot that was shown, by baseline.
    private var framed: [ShownSnapshot] = []
    private let snapshotHeader: [UInt8]
    private var isArmed = false

    /// One snapshot message, framed for each dialect.
    private struct ShownSnapshot {
        var baseline: UInt32?
        var plain: [UInt8]
        /// Empty until somebody needs it.
        var socketIO: [UInt8] = []
    }

    init(of hosted: HostedLobby, delay: Interval) {
        self.hosted = hosted
        server = hosted.server
        snapshotHeader = SocketIOFrames.snapshotHeader(namespace: "/lobby/\(hosted.id)")
        guard delay > .zero else {
            line = nil
            return
        }
        line = DelayLine(schema: hosted.lobby.game.schema, delay: delay, now: hosted.server.clock())
        if hosted.lobby.match.rules.isStaged { shownPhase = hosted.phaseData }
        server.audiences[number] = self
    }

    /// Its number in timer tokens.
    private var number: Int { Int(hosted.number) }

    /// How many spectators there are.
    var count: Int { spectators.count }

    // MARK: Coming and going

    func add(_ spectator: Spectator) {
        spectators.append(spectator)
        server.counters[.watchersOpened] += 1
    }

    func forEach(_ body: (Spectator) -> Void) { spectators.forEach(body) }

    /// A spectator watches no more.
    func remove(_ spectator: Spectator) {
        guard spectator.isHere, let place = spectators.firstIndex(where: { $0 === spectator }) else { return }
        spectator.gone()
        spectators.remove(at: place)
        server.releaseWatchers(1)
    }

    /// Ends the watching of those whom a ban is about.
    func evict(_ ban: Ban) {
        for spectator in spectators where spectator.isMeant(by: ban.target) { spectator.end(.banned(ban.reason)) }
    }

    /// The spectator knows that it watches: tells it where the match stands, and shows it the newest snapshot.
    func welcomed(_ spectator: Spectator) {
        if line != nil {
            shownPhase.map { spectator.emit("phase", $0) }
            shownPlayers.map { spectator.emit("players", $0) }
        } else if hosted.lobby.match.rules.isStaged {
            spectator.emit("phase", hosted.phaseData)
            spectator.emit("players", hosted.players)
        }
        sendSnapshot(to: spectator)
    }

    // MARK: What happens in the lobby

    /// The lobby has taken a snapshot.
    func snapshotTaken() {
        guard let line else {
            for spectator in spectators { hosted.sendSnapshot(to: spectator) }
            return
        }
        let now = server.clock()
        guard line.takesSnapshot(at: now), let tick = hosted.lobby.newestSnapshotTick else {
            server.counters[.delayedDropped] += 1
            return
        }
        let (baseline, frame) = hosted.plainFrame(since: line.baseline)
        let start = WebSocketFrame.payloadStart(ofUnmasked: frame.span)
        line.add(snapshot: frame, from: start, since: baseline, tick: tick, at: now)
        arm()
    }

    /// The lobby says something to everybody.
    func hear(_ event: inout EventFrames) {
        // A drain is not of the game, and does not wait.
        guard let line, event.name != "draining" else { return say(&event) }
        guard line.add(event: event.name, event.data, at: server.clock()) else {
            server.counters[.delayedDropped] += 1
            return
        }
        arm()
    }

    /// The game was made anew, and its ticks count from the beginning: nobody has a state to go on from.
    func gameBegunAnew() {
        if let line { line.gameBegunAnew() } else { forgetStates() }
    }

    /// The lobby has closed. With a delay the rest is shown first.
    func lobbyClosed(_ reason: String) {
        if let line, !line.isEmpty, hosted.watcherCount > 0 {
            closed = (hosted, reason)
        } else {
            end(reason)
        }
    }

    // MARK: What was held back

    private func arm() {
        guard !isArmed, let due = line?.nextDue else { return }
        isArmed = true
        _ = server.wheel.arm(at: due, token: TimerToken.audience(number).encoded)
    }

    /// The time of something that is held back has come.
    func timeReached() {
        isArmed = false
        let now = server.clock()
        while let entry = line?.next(at: now) { show(entry) }
        if let closed, line?.isEmpty ?? true || hosted.watcherCount == 0 { return end(closed.reason) }
        arm()
    }

    private func show(_ entry: DelayLine.Entry) {
        switch entry {
        case .event(let name, let data):
            if name == "phase" { shownPhase = data }
            if name == "players" { shownPlayers = data }
            var event = EventFrames(name, data, on: server)
            say(&event)
        case .snapshot(let frame, let baseline, _):
            framed = [ShownSnapshot(baseline: baseline, plain: frame)]
            if baseline == nil {
                forgetStates()
                hosted.gallery?.gameBegunAnew()
            }
            for spectator in spectators { sendSnapshot(to: spectator) }
            hosted.gallery?.snapshotTaken()
        }
    }

    private func end(_ reason: String) {
        let ended = spectators
        spectators = []
        server.releaseWatchers(ended.count)
        for spectator in ended {
            spectator.gone()
            spectator.session.ended(spectator, .lobbyClosed(reason))
        }
        hosted.gallery?.end("closed", ["reason": .string(reason)])
        server.audiences[number] = nil
        closed = nil
    }

    // MARK: To the spectators

    private func say(_ event: inout EventFrames) {
        // Sending may end a slow one, and with it others.
        for spectator in spectators where spectator.isHere { event.send(to: spectator) }
    }

    private func forgetStates() {
        for spectator in spectators {
            spectator.basis.forget()
            spectator.flow = SnapshotFlow()
        }
    }

    /// Sends the newest snapshot that may be shown to a spectator that can take it, as a delta from the last it was sent.
    func sendSnapshot(to spectator: Spectator) {
        guard let line else { return hosted.sendSnapshot(to: spectator) }
        guard spectator.isHere, let newest = line.newestTick, spectator.basis.tick != newest else { return }
        guard spectator.transport.takesLatest else {
            server.counters[.snapshotsSkipped] += 1
            return
        }
        let baseline = line.baseline(spectator.basis.tick)
        let place = framed.firstIndex { $0.baseline == baseline } ?? frame(baseline, line)
        spectator.basis.sent(newest, isKeyframe: baseline == nil)
        server.counters[.snapshotsSent] += 1
        guard spectator.dialect == .socketIO else { return spectator.transport.sendLatest(framed[place].plain) }
        if framed[place].socketIO.isEmpty { framed[place].socketIO = snapshotHeader + framed[place].plain }
        spectator.transport.sendLatest(framed[place].socketIO)
    }

    private func frame(_ baseline: UInt32?, _ line: DelayLine) -> Int {
        let frame = WebSocketFrame.framed(.binary, line.message(since: baseline).span)
        framed.append(ShownSnapshot(baseline: baseline, plain: frame))
        return framed.count - 1
    }
}

extension Spectator {
    /// Whether a ban is about it.
    fileprivate func isMeant(by target: BanTarget) -> Bool {
        switch target {
        case .subject(let banned): subject == banned
        case .guests(let address): subject == nil && guestAddress == address
        }
    }
}
