import ByteKit
import Determinism
import GameKit
import HTTPCore
import HTTPTypes
import JSONCore
import LobbyCore
import SnapshotCore

/// Those who watch a lobby without a seat in it, and what they are shown: its state as JSON, and event streams
/// (protocol/spec/lobby.md §5).
///
/// Everything is made once for all who ask for it. A watcher that does not read is passed over, never queued for: when it
/// reads again it is sent the newest. Made when the first asks.
final class Gallery {
    private unowned let hosted: HostedLobby
    private var server: Server { hosted.server }
    private var lobby: Lobby { hosted.lobby }
    private let writer: StateJSON
    /// Tells this lobby from earlier ones of the same id, also of an earlier process.
    private let epoch: UInt64
    private var watchers: [EventStreamWatcher] = []
    private var nextHeartbeat = Instant.distantFuture
    /// The seats that every watcher has been shown, or is to be shown once it reads.
    private var shownSeats: UInt64 = 0

    // What has been made of the newest snapshot and the seats, until they change.
    private var overview: (revision: UInt64, object: [UInt8], event: [UInt8])?
    /// `"tick":7,"state":{…}`
    private var state: [UInt8]?
    private var stateEvent: [UInt8]?
    private var document: (tag: HTTPEntityTag, body: [UInt8])?
    private var snapshots: [SnapshotEvent] = []

    /// One snapshot message as an event.
    private struct SnapshotEvent {
        var baseline: UInt32?
        var isChecked: Bool
        var bytes: [UInt8]
    }

    init(of hosted: HostedLobby) {
        self.hosted = hosted
        writer = StateJSON(schema: hosted.lobby.game.schema)
        epoch = hosted.server.entropy.next()
    }

    /// How many watch.
    var count: Int { watchers.count }

    // MARK: The state as one document

    /// Answers with the lobby's state, or 304 if the client has it.
    func answerState(_ exchange: HTTPExchange) {
        // Weak: the same state may be sent compressed or not.
        let tick = hosted.shownTick ?? 0
        let tag = HTTPEntityTag(
            "\(String(epoch, radix: 16))-\(lobby.match.round)-\(tick)-\(lobby.seats.revision)", isWeak: true)
        let fields: HTTPFields = [
            .eTag: tag.text, .cacheControl: "no-cache", .contentType: "application/json", .vary: "Accept-Encoding",
        ]
        guard !tag.isNamed(in: exchange.head.fields) else {
            return exchange.respondNotModified(tag, fields: fields)
        }
        if document?.tag != tag {
            var body = currentOverview().object
            body.removeLast()
            body.append(UInt8(ascii: ","))
            body += currentState()
            body.append(contentsOf: "}\n".utf8)
            document = (tag, body)
        }
        exchange.respond(.ok, fields: fields, body: document?.body ?? [])
    }

    // MARK: Watching

    /// Makes `exchange` an event stream, which was counted.
    func open(_ exchange: HTTPExchange, _ request: WatchRequest) {
        exchange.beginStream(fields: EventStreamForm.fields)
        // A HEAD has its whole answer.
        guard exchange.isOpen else { return server.releaseWatchers(1) }
        let watcher = EventStreamWatcher(exchange, request, lobby.rules)
        // A tick that has not been is one of another lobby, which had this id before.
        if let last = watcher.lastTick, last > hosted.shownTick ?? 0 { watcher.lastTick = nil }
        exchange.onAbandoned = { [weak self, unowned watcher] in self?.remove(watcher) }
        exchange.onDrained = { [weak self, unowned watcher] in self?.show(watcher) }
        if watchers.isEmpty { nextHeartbeat = server.clock() + server.settings.watcherHeartbeatInterval }
        watchers.append(watcher)
        server.counters[.watchersOpened] += 1
        exchange.stream(EventStreamForm.opening)
        if watcher.format == .snapshot { exchange.stream(schemaEvent()) }
        show(watcher, isOpening: true)
    }

    private func remove(_ watcher: EventStreamWatcher) {
        guard let index = watchers.firstIndex(where: { $0 === watcher }) else { return }
        watchers.remove(at: index)
        server.releaseWatchers(1)
    }

    /// Ends every stream, with an event that says why.
    func end(_ name: String, _ data: JSONValue) {
        let event = EventStreamForm.event(name, data: data)
        let ended = watchers
        watchers = []
        server.releaseWatchers(ended.count)
        for watcher in ended {
            watcher.exchange.stream(event)
            watcher.exchange.endStream()
        }
    }

    /// A new snapshot has been taken: what was made of the old one is stale.
    func snapshotTaken() {
        (state, stateEvent, document) = (nil, nil, nil)
        snapshots.removeAll(keepingCapacity: true)
        for watcher in watchers { show(watcher) }
    }

    /// The game was made anew, and its ticks count from the beginning: nobody has a state to go on from.
    func gameBegunAnew() {
        (state, stateEvent, document) = (nil, nil, nil)
        snapshots.removeAll(keepingCapacity: true)
        for watcher in watchers {
            watcher.lastTick = nil
            watcher.hasLastState = false
        }
    }

    /// The lobby runs: shows changed seats, and sends heartbeats that are due.
    func lobbyRuns(_ now: Instant) {
        guard !watchers.isEmpty else { return }
        if shownSeats != lobby.seats.revision {
            shownSeats = lobby.seats.revision
            for watcher in watchers { show(watcher) }
        }
        guard now >= nextHeartbeat else { return }
        nextHeartbeat = now + server.settings.watcherHeartbeatInterval
        for watcher in watchers where !watcher.isBlocked { watcher.exchange.stream(EventStreamForm.heartbeat) }
    }

    /// Sends what is new for a watcher: the seats, if they have changed, and the newest state, if it is due.
    private func show(_ watcher: EventStreamWatcher, isOpening: Bool = false) {
        let revision = lobby.seats.revision
        let newest = hosted.shownTick.flatMap { tick in
            (isOpening ? watcher.lastTick != tick : watcher.isDue(tick)) ? tick : nil
        }
        // Those of a lobby that has closed are empty, and its end is still to be shown.
        let hasNewSeats = watcher.seatRevision != revision && !hosted.isClosed
        guard newest != nil || hasNewSeats else { return }
        guard !watcher.isBlocked else {
            server.counters[.watcherEventsSkipped] += 1
            return
        }
        if hasNewSeats {
            watcher.seatRevision = revision
            send(currentOverview().event, to: watcher)
        }
        guard let newest else { return }
        switch watcher.format {
        case .state: send(currentStateEvent(), to: watcher)
        case .snapshot:
            send(snapshotEvent(since: watcher.lastTick, isChecked: !watcher.hasLastState), to: watcher)
        }
        watcher.lastTick = newest
        watcher.hasLastState = true
    }

    private func send(_ event: [UInt8], to watcher: EventStreamWatcher) {
        server.counters[.watcherEventsSent] += 1
        watcher.exchange.stream(event)
    }

    // MARK: What is shown

    private func currentOverview() -> (object: [UInt8], event: [UInt8]) {
        let revision = lobby.seats.revision
        if let overview, overview.revision == revision { return (overview.object, overview.event) }
        var object: [UInt8] = []
        hosted.publicOverview().write(to: &object)
        let event = EventStreamForm.event("lobby", data: object)
        overview = (revision, object, event)
        return (object, event)
    }

    private func currentState() -> [UInt8] {
        if let state { return state }
        var text = Array("\"tick\":\(hosted.shownTick ?? 0),\"state\":".utf8)
        if let newest = hosted.shownState {
            writer.write(newest, to: &text)
        } else {
            text.append(contentsOf: "null".utf8)
        }
        state = text
        return text
    }

    private func currentStateEvent() -> [UInt8] {
        if let stateEvent { return stateEvent }
        let data = [UInt8(ascii: "{")] + currentState() + [UInt8(ascii: "}")]
        let event = EventStreamForm.event("state", id: hosted.shownTick, data: data)
        stateEvent = event
        return event
    }

    /// - Parameter isChecked: Whether the client's word is all that says which state it has: the message then carries the
    ///   hash of the state it leads to.
    private func snapshotEvent(since tick: UInt32?, isChecked: Bool) -> [UInt8] {
        let baseline = hosted.shownBaseline(tick)
        let needsCheck = isChecked && baseline != nil
        if let known = snapshots.first(where: { $0.baseline == baseline && $0.isChecked == needsCheck }) {
            return known.bytes
        }
        let message = hosted.shownMessage(since: baseline, isChecked: needsCheck)
        let event = EventStreamForm.event("snapshot", id: hosted.shownTick, data: Base64.encode(message))
        snapshots.append(SnapshotEvent(baseline: baseline, isChecked: needsCheck, bytes: event))
        return event
    }

    private func schemaEvent() -> [UInt8] {
        let schema = lobby.game.schema
        return EventStreamForm.event(
            "schema", data: ["schemaHash": .string(schema.hashText), "schema": .string(schema.text)])
    }
}

extension HostedLobby {
    /// What anyone may know of a lobby beside its state: no tokens, no addresses.
    func publicOverview() -> JSONValue {
        let (seats, rules) = (lobby.seats, lobby.rules)
        return [
            "id": .string(id), "game": .string(lobby.game.name), "tickRate": .integer(Int64(rules.tickRate)),
            "players": .integer(Int64(seats.takenCount)),
            "seats": .array(
                seats.rows.enumerated().compactMap { number, seat in
                    guard seat.isHeld else { return nil }
                    return [
                        "seat": .integer(Int64(number)), "name": .string(seat.name),
                        "connected": .bool(seat.state == .connected),
                    ]
                }),
            "rules": [
                "tickRate": .integer(Int64(rules.tickRate)), "snapshotRate": .integer(Int64(rules.snapshotRate)),
                "seats": .integer(Int64(rules.seats)), "graceSeconds": .number(rules.grace.seconds),
                "maxTicksAhead": .integer(Int64(rules.maxTicksAhead)),
            ],
        ]
    }
}
