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
    /// How far this loop has heard the events of each.
    private(set) var heard: SocketHeard
    /// What waits until this loop has heard what another has.
    private var waits: [HearingWait] = []
    /// How long it may take until the loss of a connection is noticed.
    var lossTime = Interval.zero
    private var isTimerArmed = false
    /// Whose it is.
    weak var hub: SocketHub?

    /// Something that waits until this loop has heard what another has; after a while it is too late.
    private struct HearingWait {
        let heard: SocketHeard
        let loop: Int
        let until: Instant
        let action: () -> Void
    }

    init(_ settings: SocketRecoverySettings, server: Server) {
        self.settings = settings
        self.server = server
        log = SocketPacketLog(countMax: settings.packetsMax, bytesMax: settings.packetBytesMax)
        nextNumber = UInt64(server.loops.own)
        heard = SocketHeard(loops: server.loopCount)
    }

    // MARK: Events

    /// The offset of one more event of this loop.
    ///
    /// - Parameter shared: That by which all servers know the event; nil where they do not.
    func makeOffset(_ shared: SocketOffset?) -> SocketOffset {
        defer { nextNumber += UInt64(server.loopCount) }
        heard.note(nextNumber)
        guard var offset = shared else { return SocketOffset(number: nextNumber, isLocal: hub?.sequencer != nil) }
        offset.number = nextNumber
        return offset
    }

    /// Another loop has told of an event, which is in the log now if anybody here may miss it.
    func noteHeard(_ command: SocketCommand) {
        guard case .emit(let emission) = command, let number = emission.offset?.number else { return }
        heard.note(number)
        guard !waits.isEmpty else { return }
        let now = server.clock()
        let ready = waits.filter { now < $0.until && heard.covers($0.heard, of: $0.loop) }
        waits.removeAll { now >= $0.until || heard.covers($0.heard, of: $0.loop) }
        for wait in ready { wait.action() }
    }

    /// Does something once this loop has heard what another has said to have heard: at once, mostly. What it waits for may have been
    /// dropped on its way; so it is never done after the time that whoever asks has for it.
    func whenHeard(_ other: SocketHeard, by loop: Int, _ action: @escaping () -> Void) {
        guard !heard.covers(other, of: loop) else { return action() }
        let now = server.clock()
        waits.removeAll { $0.until <= now }
        let until = now + (hub?.settings.requestTimeout ?? .zero)
        waits.append(HearingWait(heard: other, loop: loop, until: until, action: action))
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
        let packet = SocketPlace.Packet(key: offset.key, number: offset.number, frames: frames)
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
        place.heard = heard
        guard place.missed.reduce(0, { $0 + $1.frames.count }) <= bytesMax else { return nil }
        return place
    }

    /// From where on a client has missed what is in the log; nil where that can't be told.
    private func firstMissed(by place: SocketPlace, _ offset: SocketOffset?) -> Int? {
        let key = offset?.key ?? 0
        if key == place.lastSent { return place.lostAt }
        // A place that has been taken, and whose client was not let in, is good for what it was taken with alone.
        guard place.heard.isEmpty, let since = place.since else { return nil }
        let position = offset.flatMap { log.position($0, in: place.namespace) }
        if let position, position >= since { return position + 1 }
        // Of what it was sent before, it must have seen all. Clients go on showing what they have seen in a place that they have lost.
        return key == place.sinceKey || place.sinceKey == 0 && position != nil ? since : nil
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

    /// What came along with a place, and what the log has for it from there on: where the place came from another loop, some of that was
    /// heard there, too, and seen by the client or put to the rest; where it came from another server, some of it is the same.
    private func allMissed(by place: SocketPlace, from position: Int) -> [SocketPlace.Packet] {
        let known = Set(place.missed.map(\.key))
        return place.missed
            + log.packets(from: position, of: place).filter {
                !place.heard.contains($0.number) && !known.contains($0.key)
            }
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
