import ByteKit
import Determinism
import HTTPCore
import JSONCore
import LobbyCore

/// Those who wait for a match without a connection of their own, and ask over HTTP what has become of it
/// (protocol/spec/lobby.md §5.5). All are on the queue's loop.
///
/// Whoever is not asked for is soon forgotten, so that nobody is matched with somebody who has gone: a place waits as long
/// as an event stream shows it, or a request asks about it now and then.
final class QueuePlaces {
    /// How long a place stays that nobody asks about.
    static let lease = Interval.seconds(10)

    private unowned let matchmaker: Matchmaker
    private var server: Server { matchmaker.server }
    /// By number.
    private var places: [Int: QueuePlace] = [:]

    init(matchmaker: Matchmaker) {
        self.matchmaker = matchmaker
    }

    /// The place of that id.
    subscript(id: String) -> QueuePlace? {
        guard let number = id.split(separator: "-", maxSplits: 1).first.flatMap({ Int($0) }),
            let place = places[number], place.id == id
        else { return nil }
        return place
    }

    /// A place for whoever has made a request.
    ///
    /// - Throws: What would refuse it on the game socket.
    func open(_ request: JoinRequest) throws(JoinRefusal) -> QueuePlace {
        let wish = try matchmaker.wish(of: request).1
        guard places.count < server.settings.queue.ticketsMax else { throw .queueFull }
        let number = matchmaker.makeNumber()
        let secret = Base64.encodeURL(server.randomBytes(18))
        let now = server.clock()
        let place = QueuePlace(
            number: number, id: "\(number)-\(secret)", queued: wish.queued(server.settings.queue),
            until: now + Self.lease)
        places[number] = place
        place.changed = { [unowned self] in changed($0) }
        matchmaker.admit(place, number: number, wish)
        if case .refused(let refusal) = place.stage {
            places[number] = nil
            throw refusal
        }
        arm(place, at: place.until)
        return place
    }

    /// Somebody asks: what the place shows, which then stays.
    ///
    /// - Throws: Why no match was found. The place is then gone.
    func asked(about place: QueuePlace) throws(JoinRefusal) -> JSONValue {
        if case .refused(let refusal) = place.stage {
            places[place.number] = nil
            throw refusal
        }
        place.until = max(place.until, server.clock() + Self.lease)
        return .object(place.shown)
    }

    /// Gives a place up. A seat that was found is free once its time is over, or its ticket is given up.
    func leave(_ place: QueuePlace) {
        places[place.number] = nil
        matchmaker.cancel(place.number)
        endStream(of: place)
    }

    /// The server takes no new players: nobody will be found a match.
    func drain() {
        for place in places.values.sorted(by: { $0.number < $1.number }) where place.isWaiting {
            matchmaker.cancel(place.number)
            place.failed(.draining)
        }
    }

    // MARK: Event streams

    /// Shows a place as it changes, in place of an earlier stream; it is given up when the stream is lost.
    func watch(_ place: QueuePlace, _ exchange: HTTPExchange) {
        exchange.beginStream(fields: EventStreamForm.fields)
        // A HEAD has its whole answer.
        guard exchange.isOpen else { return server.releaseWatchers(1) }
        endStream(of: place)
        place.stream = exchange
        server.counters[.watchersOpened] += 1
        exchange.onAbandoned = { [weak self, weak place] in
            guard let self, let place else { return }
            place.stream = nil
            server.releaseWatchers(1)
            if place.isWaiting { leave(place) }
        }
        exchange.stream(EventStreamForm.opening)
        changed(place)
    }

    private func endStream(of place: QueuePlace) {
        guard let stream = place.stream else { return }
        place.stream = nil
        server.releaseWatchers(1)
        stream.endStream()
    }

    private func changed(_ place: QueuePlace) {
        if case .found = place.stage { place.until = server.clock() + server.settings.reservationTime }
        guard let stream = place.stream else { return }
        switch place.stage {
        case .waiting: stream.stream(EventStreamForm.event("queued", data: .object(place.shown)))
        case .found:
            stream.stream(EventStreamForm.event("found", data: .object(place.shown)))
            endStream(of: place)
        case .refused(let refusal):
            stream.stream(EventStreamForm.event("exception", data: refusal.data))
            places[place.number] = nil
            endStream(of: place)
        }
    }

    // MARK: Time

    private func arm(_ place: QueuePlace, at due: Instant) {
        _ = server.wheel.arm(at: due, token: TimerToken.queuePlace(place.number).encoded)
    }

    /// The time of a place may be over.
    func timeReached(_ number: Int, _ now: Instant) {
        guard let place = places[number] else { return }
        if let stream = place.stream {
            // So that nobody on the way takes the stream for dead.
            if !stream.streamBacklog.isBlocked { stream.stream(EventStreamForm.heartbeat) }
            return arm(place, at: now + Self.lease)
        }
        if now < place.until { arm(place, at: place.until) } else { leave(place) }
    }
}

/// Somebody's place in the queue.
final class QueuePlace: MatchWaiter {
    /// How far it has come.
    enum Stage {
        case waiting
        case found(KeptPlace)
        case refused(JoinRefusal)
    }

    let number: Int
    /// Names the place, and proves that it is one's own.
    let id: String
    private(set) var stage = Stage.waiting
    /// The first instant at which it is forgotten, unless somebody asks or watches.
    var until: Instant
    /// The event stream that shows it.
    var stream: HTTPExchange?
    /// Called whenever what it shows has changed.
    var changed: (QueuePlace) -> Void = { _ in }
    private var queued: JSONObject

    init(number: Int, id: String, queued: JSONObject, until: Instant) {
        self.number = number
        self.id = id
        self.queued = queued
        self.until = until
    }

    var isWaiting: Bool { if case .waiting = stage { true } else { false } }

    /// What is told of it.
    var shown: JSONObject {
        guard case .found(let place) = stage else {
            var shown = queued
            shown["id"] = .string(id)
            shown["state"] = "queued"
            return shown
        }
        var shown: JSONObject = [
            "id": .string(id), "state": "found", "lobby": .string(place.lobby), "seat": .integer(Int64(place.seat)),
            "ticket": .string(place.ticket),
        ]
        if let team = place.team { shown["team"] = .integer(Int64(team)) }
        return shown
    }

    func gathered(_ party: JSONValue) {
        queued["party"] = party
        changed(self)
    }

    func found(_ place: KeptPlace) {
        stage = .found(place)
        changed(self)
    }

    func failed(_ refusal: JoinRefusal) {
        stage = .refused(refusal)
        changed(self)
    }
}
