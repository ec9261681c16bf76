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
    /// Whether it is in the room of its own id; it is until it leaves that itself.
    private(set) var isInOwnRoom = true
    /// A handler of it awaits something: its events wait.
    private var isHeld = false
    var mark: UInt32 = 0
    /// The place in its namespace; -1 unless it is in.
    var place = -1
    package let namespace: SocketNamespace
    package let id: SocketID
    var memberships: [SocketMembership] = []
    /// What the author keeps with it, for everyone who finds it.
    package var data: JSONValue = [:]
    /// What the author keeps with it on this loop.
    package var state: AnyObject?
    /// What it sent with its CONNECT.
    package let auth: JSONValue
    private var extras: Extras?

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

    init(_ connection: SocketConnection, _ namespace: SocketNamespace, id: SocketID, auth: JSONValue) {
        self.connection = connection
        self.namespace = namespace
        self.id = id
        self.auth = auth
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

    /// How it came.
    package var handshake: SocketHandshake {
        var handshake = connection.handshakeOfClient
        handshake.auth = auth
        return handshake
    }

    /// What can be told of it.
    package var description: SocketDescription {
        SocketDescription(id: id.text, rooms: rooms, data: data, handshake: handshake)
    }

    // MARK: Coming and going

    /// It has been let in, and is told so.
    func connected(_ packet: SocketPacket) {
        phase = .connected
        namespace.joined(self)
        hub.send(packet, over: connection.transport)
        if let early = extras?.early, !early.isEmpty {
            extras?.early = []
            connection.transport.send(early)
        }
        for handler in namespace.behaviour.connected where isConnected { handler(self) }
    }

    /// It is not let in, or has gone before.
    func refused() {
        guard phase == .joining else { return }
        phase = .gone
        leaveRooms()
        namespace.joiningEnded()
    }

    /// Ends its place in the namespace, with the author's hooks; the connection has forgotten it.
    func left(_ reason: SocketDisconnectReason) {
        guard phase == .connected else { return refused() }
        for handler in namespace.behaviour.disconnecting { handler(self, reason) }
        guard phase == .connected else { return }
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
        for listener in namespace.behaviour.outgoing { listener(self, emission.name, emission.arguments) }
        var text = hub.takeText()
        defer { hub.giveBack(&text) }
        guard let written = hub.write(emission.name, emission.arguments, in: namespace, ackID: ackID, to: &text)
        else { return false }
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

    /// Sends it what was made for many.
    @inline(__always)
    func deliver(_ frames: [UInt8], _ emission: borrowing SocketEmission) {
        guard phase == .connected else { return }
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
        guard let written = hub.write(ack: id, arguments, in: namespace, to: &text) else { return }
        connection.transport.send(written.opcode, text.span)
        for attachment in written.attachments { connection.transport.send(.binary, attachment.span) }
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
