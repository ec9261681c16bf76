import CPrefetch
import Determinism
import SocketIOCore

/// One namespace: its sockets and their rooms.
///
/// All that reaches sockets by room goes through ``perform(_:on:)``.
package final class SocketNamespace {
    /// What it is part of.
    package unowned let hub: SocketHub
    /// Begins with a slash.
    package let name: String
    /// What packets name it by.
    let prefix: [UInt8]
    /// What the author said of it.
    package let behaviour: SocketBehaviour
    /// What it came from; nil for one that the author has made, which stays.
    let family: SocketFamily?

    /// Everyone in it, in an array without holes; each knows its place.
    private(set) var sockets: [NamespaceSocket] = []
    private var byID: [SocketID: NamespaceSocket] = [:]
    private var rooms: [String: SocketRoom] = [:]
    /// How many wait to be let in.
    private var joiningCount = 0
    /// By which sockets are marked that a target means, or does not.
    private var epoch: UInt32 = 0

    init(_ name: String, hub: SocketHub, behaviour: SocketBehaviour, family: SocketFamily?) {
        self.name = name
        self.hub = hub
        self.behaviour = behaviour
        self.family = family
        prefix = SocketPacketEncoder.prefix(ofNamespace: name)
    }

    /// How many sockets are in it.
    package var socketCount: Int { sockets.count }

    /// Everyone in it.
    package var allSockets: [NamespaceSocket] { sockets }

    /// The socket of that id, if it is in it on this server.
    package func socket(_ id: SocketID) -> NamespaceSocket? { byID[id] }

    /// The names of the rooms that somebody is in, but for those that are named like sockets; in the order of names.
    package var roomNames: [String] { rooms.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    // MARK: Coming and going

    /// A client has asked to be let in.
    func joining() { joiningCount += 1 }

    /// A client that waited has been refused, or has gone.
    func joiningEnded() {
        joiningCount -= 1
        freeIfEmpty()
    }

    /// A client that waited is in.
    func joined(_ socket: NamespaceSocket) {
        joiningCount -= 1
        socket.place = sockets.count
        sockets.append(socket)
        byID[socket.id] = socket
        noteRoom { id in
            [.created(id), .joined(id, socket.id)]
        } of: {
            socket.id.text
        }
    }

    func left(_ socket: NamespaceSocket) {
        let last = sockets.removeLast()
        if last !== socket {
            sockets[socket.place] = last
            last.place = socket.place
        }
        byID[socket.id] = nil
        if socket.isInOwnRoom { leftOwnRoom(socket) }
        freeIfEmpty()
    }

    func leftOwnRoom(_ socket: NamespaceSocket) {
        noteRoom { id in
            [.left(id, socket.id), .deleted(id)]
        } of: {
            socket.id.text
        }
    }

    private func freeIfEmpty() {
        if family != nil, sockets.isEmpty, joiningCount == 0 { hub.forget(self) }
    }

    // MARK: Rooms

    func join(_ name: String, _ socket: NamespaceSocket) {
        guard !socket.memberships.contains(where: { $0.room.name == name }) else { return }
        let room: SocketRoom
        if let existing = rooms[name] {
            room = existing
        } else {
            room = SocketRoom(name)
            rooms[name] = room
            if hub.settings.tellsRooms { hub.roomOpened(name, in: self.name) }
            noteRoom {
                [.created($0)]
            } of: {
                name
            }
        }
        room.add(socket)
        noteRoom {
            [.joined($0, socket.id)]
        } of: {
            name
        }
    }

    func leave(_ name: String, _ socket: NamespaceSocket) {
        guard let index = socket.memberships.firstIndex(where: { $0.room.name == name }) else { return }
        leave(membership: index, of: socket)
    }

    func leave(membership index: Int, of socket: NamespaceSocket) {
        let room = socket.memberships[index].room
        room.remove(socket, membership: index)
        noteRoom {
            [.left($0, socket.id)]
        } of: {
            room.name
        }
        guard room.members.isEmpty, rooms[room.name] === room else { return }
        rooms[room.name] = nil
        if hub.settings.tellsRooms { hub.roomClosed(room.name, in: self.name) }
        noteRoom {
            [.deleted($0)]
        } of: {
            room.name
        }
    }

    private func noteRoom(_ changes: (String) -> [SocketRoomChange], of name: () -> String) {
        guard !behaviour.roomChanged.isEmpty || behaviour.observer != nil else { return }
        for change in changes(name()) {
            behaviour.observer?.roomChanged(change, in: self)
            for handler in behaviour.roomChanged { handler(self, change) }
        }
    }

    /// Who is in the room of that name; a socket's own room is the socket.
    private func members(_ room: String) -> [NamespaceSocket] {
        let members = rooms[room]?.members ?? []
        guard let id = SocketID(room), let own = byID[id], own.isInOwnRoom else { return members }
        return members + [own]
    }

    /// Whether anybody here is in the room of that name.
    func hasRoom(_ room: String) -> Bool { !members(room).isEmpty }

    /// The sockets on this loop that a target means.
    package func sockets(_ target: SocketTarget) -> [NamespaceSocket] {
        if target.isWhole, target.exceptSocket == nil { return sockets }
        beginMarking()
        for room in target.exceptRooms { for socket in members(room) { socket.mark = epoch } }
        if let except = target.exceptSocket { byID[except]?.mark = epoch }
        if target.rooms.isEmpty { return sockets.filter { $0.mark != epoch } }
        var meant: [NamespaceSocket] = []
        for room in target.rooms {
            for socket in members(room) where socket.mark != epoch {
                socket.mark = epoch
                if socket.isConnected { meant.append(socket) }
            }
        }
        return meant
    }

    private func beginMarking() {
        epoch &+= 1
        guard epoch == 0 else { return }
        // Once in four thousand million times: marks of long ago must not count.
        for socket in sockets { socket.mark = 0 }
        for room in rooms.values { for socket in room.members { socket.mark = 0 } }
        epoch = 1
    }

    // MARK: Doing

    /// Does something to the sockets that a target means, here and wherever the hub reaches.
    package func perform(_ command: SocketCommand, on target: SocketTarget) {
        if let sequencer = hub.sequencer, case .emit(let emission) = command, sequencer.takes(emission, to: target) {
            return sequencer.post(emission, to: target, in: name)
        }
        let command = hub.traced(command)
        guard hub.isAlone else { return hub.perform(command, on: target, in: self) }
        apply(command, to: target)
    }

    /// Does something to the sockets of this loop alone.
    ///
    /// - Parameter frames: The event's frames, where they have been made already.
    package func apply(_ command: SocketCommand, to target: SocketTarget, frames: [UInt8]? = nil) {
        switch command {
        case .emit(let emission): emit(emission, to: target, frames)
        case .join(let rooms):
            for socket in sockets(target) { for room in rooms { socket.join(room) } }
        case .leave(let rooms):
            for socket in sockets(target) { for room in rooms { socket.leave(room) } }
        case .disconnect(let closes):
            for socket in sockets(target) { socket.disconnect(closes: closes) }
        }
    }

    private func emit(_ emission: SocketEmission, to target: SocketTarget, _ made: [UInt8]?) {
        behaviour.observer?.sent(emission, to: sockets(target))
        // Nearly always it is one room, or all, but perhaps for one socket; then there is no list to be made.
        let simple: [NamespaceSocket]? =
            target.exceptRooms.isEmpty && behaviour.outgoing.isEmpty
            ? target.rooms.isEmpty ? sockets : target.rooms.count == 1 ? members(target.rooms[0]) : nil : nil
        guard let simple else { return emitEach(emission, to: sockets(target), of: target, made) }
        guard let frames = frames(emission, for: target, isWanted: !simple.isEmpty, made) else { return }
        let except = target.exceptSocket.flatMap { byID[$0] }
        let key = emission.offset?.key ?? 0
        var plain: [UInt8]?
        for place in simple.indices {
            Self.lookAhead(in: simple, at: place)
            if simple[place] === except { continue }
            if simple[place].isPlain {
                deliverPlain(emission, &plain, to: simple[place])
            } else {
                simple[place].deliver(frames, emission, key)
            }
        }
    }

    /// Delivers an event to a client without Socket.IO; its frame is made for the first of them.
    @inline(never)
    private func deliverPlain(
        _ emission: SocketEmission, _ frames: inout [UInt8]?, ackID: Int? = nil, to socket: NamespaceSocket
    ) {
        let made = frames ?? hub.plainFrames(emission, ackID: ackID)
        frames = made
        socket.deliver(made, emission, 0)
    }

    /// An event as frames, which are kept for clients that were lost; nil where nobody wants it, or it cannot be sent.
    private func frames(
        _ emission: SocketEmission, for target: SocketTarget, isWanted: Bool, _ made: [UInt8]?
    ) -> [UInt8]? {
        guard isWanted || hub.recovery?.isAwaited == true, let frames = made ?? hub.frames(emission, in: self) else {
            return nil
        }
        if let offset = emission.offset { hub.recovery?.keep(offset, frames, in: self, for: .target(target)) }
        return frames
    }

    /// Has the processor fetch what the next deliveries will touch, each thing once what leads to it has come: see
    /// ``MessageSession/sendLatest(_:count:_:)``.
    @inline(__always)
    private static func lookAhead(in sockets: [NamespaceSocket], at place: Int) {
        guard place + 4 < sockets.count else { return }
        prefetch_object(UInt(bitPattern: ObjectIdentifier(sockets[place + 4])))
        prefetch_object(UInt(bitPattern: ObjectIdentifier(sockets[place + 3].connection)))
        prefetch_object(UInt(bitPattern: ObjectIdentifier(sockets[place + 2].connection.transport)))
        sockets[place + 1].connection.transport.prefetchConnection()
    }

    private func emitEach(
        _ emission: SocketEmission, to sockets: [NamespaceSocket], of target: SocketTarget, _ made: [UInt8]?
    ) {
        guard let frames = frames(emission, for: target, isWanted: !sockets.isEmpty, made) else { return }
        var plain: [UInt8]?
        for socket in sockets {
            for listener in behaviour.outgoing { listener(socket, emission.name, emission.arguments) }
            if socket.isPlain {
                deliverPlain(emission, &plain, to: socket)
            } else {
                socket.deliver(frames, emission, emission.offset?.key ?? 0)
            }
        }
    }

    /// Sends an event to the sockets that a target means, and collects their acks.
    ///
    /// - Parameters:
    ///   - timeout: nil for the hub's own.
    ///   - done: Called once.
    package func ask(
        _ emission: SocketEmission, of target: SocketTarget, timeout: Interval?,
        _ done: @escaping (SocketAnswers) -> Void
    ) {
        let sockets = sockets(target)
        guard !sockets.isEmpty || !hub.isAlone else { return done(SocketAnswers()) }
        let timeout = timeout ?? hub.settings.ackTimeout
        let id = hub.collectAcks(sockets, timeout: timeout, isHeld: true, done)
        hub.askOthers(id, emission, target, in: name, timeout: timeout)
        put(emission, id, to: sockets)
        hub.report(id, .complete)
    }

    /// Sends sockets an event of which they owe an ack.
    func put(_ emission: SocketEmission, _ id: Int, to sockets: [NamespaceSocket]) {
        guard !sockets.isEmpty else { return }
        behaviour.observer?.sent(emission, to: sockets)
        guard let frames = hub.frames(emission, in: self, ackID: id) else {
            for _ in sockets { hub.missed(id) }
            return
        }
        var plain: [UInt8]?
        for socket in sockets {
            for listener in behaviour.outgoing { listener(socket, emission.name, emission.arguments) }
            guard socket.owe(id) else {
                hub.missed(id)
                continue
            }
            if socket.isPlain {
                deliverPlain(emission, &plain, ackID: id, to: socket)
            } else {
                socket.deliver(frames, emission, 0)
            }
        }
    }

    /// Finds the sockets that a target means, on every server.
    package func fetch(_ target: SocketTarget, _ done: @escaping (SocketFinding) -> Void) {
        hub.fetch(target, in: name, done)
    }

    /// Tells the other servers something; with `answers`, asks for an answer of each. Alone there is nobody to tell.
    package func tell(_ event: String, _ arguments: SocketArguments, answers: ((SocketAnswers) -> Void)? = nil) {
        hub.tell(event, arguments, in: name, answers: answers)
    }

    /// Another server has told this one something.
    package func told(_ event: String, _ arguments: SocketArguments, answer: ((SocketArguments) -> Void)?) {
        behaviour.told[event]?(self, arguments, answer)
    }
}

/// A room: those who are in it, in an array without holes.
final class SocketRoom {
    let name: String
    private(set) var members: [NamespaceSocket] = []

    init(_ name: String) { self.name = name }

    func add(_ socket: NamespaceSocket) {
        socket.memberships.append(SocketMembership(room: self, place: members.count))
        members.append(socket)
    }

    func remove(_ socket: NamespaceSocket, membership index: Int) {
        let place = socket.memberships[index].place
        socket.memberships.remove(at: index)
        let last = members.removeLast()
        guard last !== socket else { return }
        members[place] = last
        last.moved(to: place, in: self)
    }
}

/// A socket's place in a room.
struct SocketMembership {
    let room: SocketRoom
    var place: Int
}
