import Determinism
import JSONCore
import SocketIOCore
import WebSocketCore

/// One client in one namespace.
package final class NamespaceSocket {
    /// Where a socket is in its life.
    package enum Phase: UInt8, Sendable {
        /// The middlewares have not all agreed. What is sent to it waits for its CONNECT.
        case joining
        /// It is in.
        case connected
        /// It has left, or was never let in. Nothing reaches it any more.
        case gone
    }

    // What each delivery of a broadcast touches stands first.
    let connection: SocketConnection
    package private(set) var phase = Phase.joining
    /// Whether its client speaks no Socket.IO.
    package let isPlain: Bool
    /// Whether it is in the room of its own id; it is until it leaves that itself.
    private(set) var isInOwnRoom = true
    /// A handler of it awaits something: its events wait.
    private var isHeld = false
    var mark: UInt32 = 0
    /// The key of the offset of the last event that it was sent; 0 for none.
    private var lastSent: UInt64 = 0
    /// The place in its namespace; -1 unless it is in.
    var place = -1
    package let namespace: SocketNamespace
    package let id: SocketID
    var memberships: [SocketMembership] = []
    /// What the author keeps with it, for everyone who finds it.
    package var data: JSONValue = [:] {
        didSet { namespace.behaviour.observer?.dataChanged(self) }
    }
    /// What the author keeps with it on this loop.
    package var state: AnyObject?
    /// What it sent with its CONNECT.
    package let auth: JSONValue
    private var extras: Extras?
    private var keepsake: Keepsake?

    /// What it gets its place back with, once it is lost; where places are kept.
    private final class Keepsake {
        let secret: SocketID
        /// From where on the log of events has all that it was sent, and the key of the last event of before; 0 for none.
        var since: Int
        var sinceKey: UInt64
        /// Where the stream of all servers stood then.
        let joinedMark: StreamID?
        /// The private id, where another implementation made it.
        let foreignID: String?
        /// Whether it has come back.
        let isRecovered: Bool
        /// The place that it comes back to, until it is let in.
        var place: SocketPlace?

        init(secret: SocketID, position: Int, joinedMark: StreamID?, place: SocketPlace?) {
            self.secret = secret
            since = place?.since ?? position
            sinceKey = place?.sinceKey ?? 0
            self.joinedMark = joinedMark
            foreignID = place?.foreignID
            self.place = place
            isRecovered = place != nil
        }
    }

    /// What few sockets need.
    private final class Extras {
        /// Frames that follow the CONNECT.
        var early: [UInt8] = []
        /// The acks that it owes.
        var owed: [Int] = []
        /// Events that wait for a handler; those before `next` have been handled.
        var held: [ReceivedEvent] = []
        var next = 0
    }

    /// A socket of a client that asks for its place.
    ///
    /// - Parameter place: The place that it had before.
    init(
        _ connection: SocketConnection, _ namespace: SocketNamespace, auth: JSONValue, place: SocketPlace? = nil
    ) {
        self.connection = connection
        self.namespace = namespace
        id = place?.id ?? connection.hub.makeID()
        self.auth = auth
        isPlain = connection.isPlain
        // An admin's page comes back with its session alone.
        guard let recovery = hub.recovery, !isPlain, namespace !== hub.pages?.namespace else { return }
        keepsake = Keepsake(
            secret: place?.secret ?? hub.makeID(), position: recovery.position,
            joinedMark: place == nil ? hub.sequencer?.mark : place?.marks.joined, place: place)
        guard let place else { return }
        data = place.data
        lastSent = place.lastSent
        isInOwnRoom = place.rooms.contains(id.text)
        for room in place.rooms { join(room) }
    }

    private var hub: SocketHub { connection.hub }

    private var ownExtras: Extras {
        if let extras { return extras }
        let made = Extras()
        extras = made
        return made
    }

    /// Whether it is in.
    package var isConnected: Bool { phase == .connected }

    /// How its messages travel at present.
    package var transportName: String { connection.transport.name }

    /// How many bytes wait to be sent to its client, in all its namespaces.
    package var queuedBytes: Int { connection.transport.queuedBytes }

    /// How long its client's last ping and pong took together; nil before the first, and where the client pings.
    package var roundTripTime: Interval? { connection.roundTripTime }

    /// How it came.
    package var handshake: SocketHandshake {
        var handshake = connection.handshakeOfClient
        handshake.auth = auth
        return handshake
    }

    /// Whether the client has lost its connection before, and has got its place back with all that it has missed.
    package var isRecovered: Bool { keepsake?.isRecovered ?? false }

    /// The private id by which the client gets its place back; nil where it does not.
    var privateID: String? { keepsake.map { $0.foreignID ?? SocketClaim.text(id, $0.secret) } }

    /// Whether the client is the one that claims its place.
    func isOwned(by claim: SocketClaim) -> Bool {
        guard let keepsake, let secret = claim.secret else { return false }
        return keepsake.secret.isSame(as: secret)
    }

    /// Its place, for when it comes back.
    private var keptPlace: SocketPlace? {
        guard let keepsake, let recovery = hub.recovery else { return nil }
        var place = SocketPlace(
            namespace: namespace.name, id: id, secret: keepsake.secret, rooms: rooms, data: data, lastSent: lastSent,
            since: keepsake.since, sinceKey: keepsake.sinceKey, lostAt: recovery.position)
        place.marks = SocketMarks(joined: keepsake.joinedMark, lost: hub.sequencer?.mark)
        place.foreignID = keepsake.foreignID
        return place
    }

    /// What can be told of it.
    package var description: SocketDescription {
        SocketDescription(id: id.text, rooms: rooms, data: data, handshake: handshake)
    }

    // MARK: Coming and going

    /// It has been let in, and is told so.
    func connected(_ packet: SocketPacket) {
        guard let missed = takeMissed() else { return connection.fail(.transportError, "too much was missed") }
        phase = .connected
        namespace.joined(self)
        namespace.behaviour.observer?.came(self)
        for event in missed {
            connection.transport.send(event.frames)
            lastSent = event.key
        }
        connection.send(packet)
        if let early = extras?.early, !early.isEmpty {
            extras?.early = []
            connection.transport.send(early)
        }
        for handler in namespace.behaviour.connected where isConnected { handler(self) }
    }

    /// What a client has missed that comes back; nil where some of it has gone meanwhile.
    private func takeMissed() -> [SocketPlace.Packet]? {
        guard let recovery = hub.recovery, let keepsake, let place = keepsake.place else { return [] }
        guard let missed = recovery.missed(by: place) else { return nil }
        keepsake.place = nil
        if place.since == nil {
            keepsake.since = recovery.position
            keepsake.sinceKey = missed.last?.key ?? place.lastSent
        }
        recovery.endReturn()
        hub.server.counters[.socketsRecovered] += 1
        return missed
    }

    /// It is not let in, or has gone before.
    func refused() {
        guard phase == .joining else { return }
        phase = .gone
        if let place = keepsake?.place {
            keepsake?.place = nil
            hub.recovery?.endReturn()
            hub.recovery?.giveBack(place)
        }
        leaveRooms()
        namespace.joiningEnded()
    }

    /// Ends its place in the namespace, with the author's hooks; the connection has forgotten it.
    func left(_ reason: SocketDisconnectReason) {
        guard phase == .connected else { return refused() }
        for handler in namespace.behaviour.disconnecting { handler(self, reason) }
        guard phase == .connected else { return }
        namespace.behaviour.observer?.gone(self, reason)
        if reason.isRecoverable, let keptPlace { hub.recovery?.keep(keptPlace) }
        phase = .gone
        leaveRooms()
        namespace.left(self)
        let owed = extras?.owed ?? []
        extras = nil
        for id in owed { hub.missed(id) }
        for handler in namespace.behaviour.disconnected { handler(self, reason) }
    }

    private func leaveRooms() {
        while !memberships.isEmpty { namespace.leave(membership: memberships.count - 1, of: self) }
    }

    /// Ends its place in the namespace, or its whole connection, and tells the client.
    package func disconnect(closes: Bool) {
        guard phase != .gone else { return }
        connection.disconnect(self, closes: closes)
    }

    // MARK: Rooms

    /// The names of its rooms, its own id first.
    package var rooms: [String] {
        (isInOwnRoom && phase != .gone ? [id.text] : []) + memberships.map(\.room.name)
    }

    /// Puts it into a room; one that has gone stays out.
    package func join(_ room: String) {
        guard phase != .gone else { return }
        if isInOwnRoom, SocketID(room) == id { return }
        namespace.join(room, self)
    }

    /// Takes it out of a room.
    package func leave(_ room: String) {
        guard isInOwnRoom, SocketID(room) == id else { return namespace.leave(room, self) }
        isInOwnRoom = false
        if isConnected { namespace.leftOwnRoom(self) }
    }

    func moved(to place: Int, in room: SocketRoom) {
        for index in memberships.indices where memberships[index].room === room {
            memberships[index].place = place
            return
        }
    }

    // MARK: Out

    /// Sends it an event.
    package func emit(_ emission: SocketEmission) {
        send(emission, ackID: nil)
    }

    /// Sends it an event and awaits its ack.
    ///
    /// - Parameters:
    ///   - timeout: nil for the hub's own.
    ///   - done: Called once.
    package func ask(_ emission: SocketEmission, timeout: Interval?, _ done: @escaping (SocketAnswers) -> Void) {
        guard phase != .gone else {
            var answers = SocketAnswers()
            answers.missing = 1
            return done(answers)
        }
        let id = hub.collectAcks([self], timeout: timeout, done)
        guard owe(id), send(emission, ackID: id) else { return hub.missed(id) }
    }

    @discardableResult
    private func send(_ emission: SocketEmission, ackID: Int?) -> Bool {
        guard phase != .gone else { return false }
        if ackID == nil, phase == .connected, isInOwnRoom, let sequencer = hub.sequencer {
            var target = SocketTarget()
            target.rooms = [id.text]
            if sequencer.takes(emission, to: target) {
                sequencer.post(emission, to: target, in: namespace.name)
                return true
            }
        }
        namespace.behaviour.observer?.sent(emission, to: [self])
        for listener in namespace.behaviour.outgoing { listener(self, emission.name, emission.arguments) }
        guard ackID == nil, hub.recovery != nil, !isPlain else {
            return write(emission, emission.arguments, ackID: ackID)
        }
        let traced = hub.traced(emission)
        return write(traced, hub.arguments(of: traced), ackID: nil)
    }

    private func write(_ emission: SocketEmission, _ arguments: SocketArguments, ackID: Int?) -> Bool {
        var text = hub.takeText()
        defer { hub.giveBack(&text) }
        let written: WrittenPacket?
        if isPlain {
            hub.writePlain(emission.name, arguments, id: ackID, to: &text)
            written = WrittenPacket()
        } else {
            written = hub.write(emission.name, arguments, in: namespace, ackID: ackID, to: &text)
        }
        guard let written else { return false }
        if let offset = emission.offset {
            lastSent = offset.key
            let frames = SocketIOFrames.framed(written.opcode, text.span, written.attachments)
            hub.recovery?.keep(offset, frames, in: namespace, for: .socket(id))
            // To one that comes back it is sent with the rest.
            if keepsake?.place != nil { return true }
        }
        let transport = connection.transport
        if phase == .joining {
            ownExtras.early += SocketIOFrames.framed(written.opcode, text.span, written.attachments)
        } else if emission.options.isVolatile, !transport.takesLatest {
            let frames = SocketIOFrames.framed(written.opcode, text.span, written.attachments)
            connection.keepNewest(
                frames, emission.name, compresses: emission.options.compresses, of: self)
        } else {
            transport.send(written.opcode, text.span, compresses: emission.options.compresses)
            for attachment in written.attachments {
                transport.send(.binary, attachment.span, compresses: emission.options.compresses)
            }
        }
        return true
    }

    /// Sends it what was made for many, with the key of its offset; 0 for none.
    @inline(__always)
    func deliver(_ frames: [UInt8], _ emission: borrowing SocketEmission, _ key: UInt64) {
        guard phase == .connected else { return }
        if key != 0 { lastSent = key }
        let transport = connection.transport
        if emission.options.isVolatile, !transport.takesLatest {
            connection.keepNewest(
                frames, emission.name, compresses: emission.options.compresses, of: self)
        } else {
            transport.sendShared(frames, compresses: emission.options.compresses)
        }
    }

    /// Answers an event that wanted an answer; a socket that has gone gets none.
    package func acknowledge(_ id: Int, _ arguments: SocketArguments) {
        guard isConnected else { return }
        var text = hub.takeText()
        defer { hub.giveBack(&text) }
        guard !isPlain else {
            hub.writePlain(PlainEvent.ack, arguments, id: id, to: &text)
            return connection.transport.send(.text, text.span)
        }
        guard let written = hub.write(ack: id, arguments, in: namespace, to: &text) else { return }
        connection.transport.send(written.opcode, text.span)
        for attachment in written.attachments { connection.transport.send(.binary, attachment.span) }
    }

    /// Tells a client without Socket.IO that its event was not handled, and why; others hear nothing.
    package func refuse(_ event: ReceivedEvent, _ message: String, data: JSONValue? = nil) {
        guard isConnected, let connection = connection as? PlainSocketConnection else { return }
        connection.refuse(event.name, message, data: data, id: event.ackID.map { .integer(Int64($0)) } ?? .null)
    }

    // MARK: Acks that it owes

    /// Notes that it owes an ack; false when it owes too many.
    func owe(_ id: Int) -> Bool {
        guard ownExtras.owed.count < hub.settings.acksMax else { return false }
        ownExtras.owed.append(id)
        return true
    }

    /// Whether it owed that ack; it does no more.
    func forgetAck(_ id: Int) -> Bool {
        guard let index = extras?.owed.firstIndex(of: id) else { return false }
        extras?.owed.remove(at: index)
        return true
    }

    func ackReceived(_ id: Int, _ arguments: SocketArguments) {
        hub.answered(id, by: self, arguments)
    }

    // MARK: In

    /// Handles an event, or lets it wait for those before it.
    func received(_ message: ReceivedEvent) {
        guard !isHeld else { return keep(message) }
        handle(message)
    }

    /// Whether an event goes to its handler at once, with nothing before.
    var takesEventsAtOnce: Bool { !isHeld && namespace.behaviour.isPlain }

    private func handle(_ message: ReceivedEvent) {
        let behaviour = namespace.behaviour
        behaviour.observer?.received(message, by: self)
        for listener in behaviour.incoming {
            listener(self, message)
            guard isConnected else { return }
        }
        for filter in behaviour.filters {
            guard filter(self, message), isConnected else { return }
        }
        behaviour.handlers[message.name]?(self, message)
    }

    private func keep(_ message: ReceivedEvent) {
        let extras = ownExtras
        guard extras.held.count - extras.next < hub.settings.heldEventsMax else {
            hub.server.counters[.eventsOverflowed] += 1
            return connection.fail(.transportError, "too many events wait for a handler")
        }
        extras.held.append(message)
    }

    /// Lets the socket's events wait from now on, as a handler awaits something; ``release()`` follows.
    package func hold() { isHeld = true }

    /// Handles the events that have come meanwhile, up to the next ``hold()``.
    package func release() {
        isHeld = false
        guard let extras else { return }
        while !isHeld, isConnected, extras.next < extras.held.count {
            let message = extras.held[extras.next]
            extras.next += 1
            if extras.next == extras.held.count {
                extras.held.removeAll()
                extras.next = 0
            }
            handle(message)
        }
    }
}
