import Determinism
import JSONCore

/// Connection state recovery of one hub: the places of clients that were lost, and the events that they may have missed.
///
/// A place is taken once. Whoever comes back with its private id gets it, though the old connection may still count as
/// alive, and gets all that it has missed; or is new, where that is not there any more (docs/decisions/0012-socketio.md).
final class SocketRecovery {
    let settings: SocketRecoverySettings
    private unowned let server: Server
    private var log: SocketPacketLog
    private var places: [SocketID: SocketPlace] = [:]
    /// Those of `places` in the order in which they were lost, and some that have been taken.
    private var order: [(id: SocketID, expiresAt: Instant)] = []
    /// How many clients come back at present, and have not been let in.
    private var returningCount = 0
    private var nextNumber: UInt64
    /// How long it may take until the loss of a connection is noticed.
    var lossTime = Interval.zero
    private var isTimerArmed = false
    /// Whose it is.
    weak var hub: SocketHub?

    init(_ settings: SocketRecoverySettings, server: Server) {
        self.settings = settings
        self.server = server
        log = SocketPacketLog(countMax: settings.packetsMax, bytesMax: settings.packetBytesMax)
        nextNumber = UInt64(server.loops.own)
    }

    // MARK: Events

    /// The offset of one more event.
    func makeOffset() -> SocketOffset {
        defer { nextNumber += UInt64(server.loopCount) }
        return SocketOffset(number: nextNumber, isLocal: hub?.sequencer != nil)
    }

    /// Whether anybody might miss an event that nobody here is sent.
    var isAwaited: Bool { !places.isEmpty || returningCount > 0 }

    /// How many clients' places are kept.
    var placeCount: Int { places.count }

    /// The position of the next event.
    var position: Int { log.end }

    /// Keeps an event for those who may have missed it.
    func keep(
        _ offset: SocketOffset, _ frames: [UInt8], in namespace: SocketNamespace, for recipients: SocketRecipients
    ) {
        let packet = SocketPlace.Packet(key: offset.key, frames: frames)
        let gone = log.add(packet, in: namespace.name, for: recipients, at: server.clock())
        server.counters[.eventsForgotten] += UInt64(gone)
        armTimer()
    }

    // MARK: Places

    /// Keeps the place of a client that was lost.
    func keep(_ place: SocketPlace) {
        var place = place
        place.expiresAt = server.clock() + settings.duration
        hub?.keep(place)
    }

    /// Keeps a place here.
    func put(_ place: SocketPlace) {
        places[place.id] = place
        order.append((place.id, place.expiresAt))
        if places.count > settings.placesMax, let first = order.first(where: isKept) {
            places[first.id] = nil
            server.counters[.placesForgotten] += 1
        }
        if order.count > 2 * places.count + 64 { order.removeAll { !isKept($0) } }
        armTimer()
    }

    private func isKept(_ entry: (id: SocketID, expiresAt: Instant)) -> Bool {
        places[entry.id]?.expiresAt == entry.expiresAt
    }

    /// Takes a place for good.
    ///
    /// - Parameter bytesMax: The most that the client may have missed.
    /// - Returns: the place, with all that the client has missed; nil where there is none, or something has gone.
    func take(_ claim: SocketClaim, in namespace: String, bytesMax: Int) -> SocketPlace? {
        guard let id = claim.id, let secret = claim.secret, var place = places[id], place.namespace == namespace,
            place.secret.isSame(as: secret), place.expiresAt > server.clock()
        else { return nil }
        places[id] = nil
        guard let position = firstMissed(by: place, claim.offset), position >= log.start else { return nil }
        place.missed = allMissed(by: place, from: position)
        place.lostAt = log.end
        place.lastSent = claim.offset?.key ?? 0
        guard place.missed.reduce(0, { $0 + $1.frames.count }) <= bytesMax else { return nil }
        return place
    }

    /// From where on a client has missed what is in the log; nil where that can't be told.
    private func firstMissed(by place: SocketPlace, _ offset: SocketOffset?) -> Int? {
        if place.lastSent == offset?.key ?? 0 { return place.lostAt }
        // It has been told more of since its place was first taken than it knows.
        guard place.missed.isEmpty else { return nil }
        // Before it came here nobody kept for it what others were sent: of that it must have heard all.
        let position = offset.flatMap { log.position($0, in: place.namespace) }
        if let position, position >= place.arrivedAt { return position + 1 }
        if place.arrivedAt > 0 { return offset?.key ?? 0 == place.arrivedWith ? place.arrivedAt : nil }
        return offset == nil ? place.joinedAt : nil
    }

    /// A client asks for its place.
    func beginReturn() { returningCount += 1 }

    /// The client has its place, or none.
    func endReturn() { returningCount -= 1 }

    /// Puts the place of a client back that was not let in, or went before.
    func giveBack(_ place: SocketPlace) { hub?.keep(place) }

    /// All that a client has missed that is let in now; nil where some of it has gone while the client waited.
    func missed(by place: SocketPlace) -> [SocketPlace.Packet]? {
        place.lostAt >= log.start ? allMissed(by: place, from: place.lostAt) : nil
    }

    /// What came along with a place, and what the log has for it from there on: where the place came from another loop or server, some of
    /// that is the same.
    private func allMissed(by place: SocketPlace, from position: Int) -> [SocketPlace.Packet] {
        let packets = log.packets(from: position, of: place)
        guard !place.missed.isEmpty else { return packets }
        let known = Set(place.missed.map(\.key))
        return place.missed + packets.filter { !known.contains($0.key) }
    }

    // MARK: Time

    private func armTimer() {
        guard !isTimerArmed else { return }
        isTimerArmed = true
        _ = hub?.after(settings.duration) { [weak self] in self?.timeReached() }
    }

    /// Forgets what is too old.
    private func timeReached() {
        let now = server.clock()
        isTimerArmed = false
        order.removeAll { entry in
            guard isKept(entry) else { return true }
            guard entry.expiresAt <= now else { return false }
            places[entry.id] = nil
            return true
        }
        log.removeAll(before: now - (settings.duration + lossTime))
        if !order.isEmpty || log.oldest != nil { armTimer() }
    }
}
