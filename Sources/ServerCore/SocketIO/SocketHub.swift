import Determinism
import HTTPCore
import HTTPTypes
import JSONCore
import SocketIOCore
import WebSocketCore

/// What the clients of a hub may use up, beside what ``SessionLimits`` says of each connection.
package struct SocketHubSettings: Sendable {
    /// How long a client may take to join its first namespace.
    package var connectTimeout = Interval.seconds(45)
    /// How long an ack is awaited that nobody set a time for.
    package var ackTimeout = Interval.seconds(10)
    /// How long other loops and servers may take to say which sockets they have, or to answer what they are told.
    package var requestTimeout = Interval.seconds(5)
    /// The most namespaces that one client may be in, or waits to be let into.
    package var namespacesMax = 64
    /// The most acks that one socket may owe.
    package var acksMax = 1_024
    /// The most events of one socket that wait for a handler which awaits something.
    package var heldEventsMax = 1_024
    /// The most volatile events, each the newest of its name, that wait for one connection.
    package var volatilesMax = 16
    /// The most attachments of a packet, either way.
    package var attachmentsMax = SocketPacket.attachmentsMax
    /// How packets travel.
    package var codec = SocketCodec.standard
    /// Whether the fields of a client's first request are kept for its handshake.
    package var keepsRequestFields = true
    /// Over how long clients are let go of when the server drains, one after the other; zero for all at once, in the end.
    package var drainSpread = Interval.zero
    /// How clients that were lost get their place back; nil where they do not.
    package var recovery: SocketRecoverySettings?
    /// Whether clients get their place back on any server of a cluster: then events take their order, and their offsets, from
    /// the relay. Without ``recovery`` it means nothing.
    package var isSequenced = false
    /// Whether the relay is told in which rooms somebody is.
    package var tellsRooms = false
    /// The namespace in which admins are served the official Socket.IO Admin UI; nil for none.
    package var adminNamespace: String?

    /// The defaults above.
    package init() {}
}

/// Socket.IO at one path on one loop: its namespaces, and what their sockets share.
package final class SocketHub {
    unowned let server: Server
    let settings: SocketHubSettings
    /// The hubs of the same path on the process's other loops; nil when there are none.
    private(set) var loops: SocketLoops?
    /// The way to other servers, on the first loop alone; nil when there are none.
    var relay: (any SocketRelay)?
    /// Searches for sockets that are under way.
    var surveys: [Int: SocketSurvey] = [:]
    /// What whoever made the hub keeps with it.
    package var context: AnyObject?
    /// Told of each namespace that comes to be, but for the main one.
    package var namespaceOpened: ((SocketNamespace) -> Void)?
    /// The hub's place in its server's list and in timer tokens. The hubs of one path have the same on every loop.
    let number: Int
    /// Whether packets travel in the reference's own way.
    let isStandard: Bool
    /// What a packet of a client may hold.
    let limits: SocketPacketDecoder.Limits
    private var namespaces: [String: SocketNamespace] = [:]
    private var families: [SocketFamily] = []

    // One packet at a time is looked at, so one of each serves all sessions.
    private var scan: SocketEventScan
    private var decoder: SocketPacketDecoder
    /// An array to write a packet into.
    private var spareText: [UInt8] = []

    /// The places of clients that were lost; nil where none are kept.
    let recovery: SocketRecovery?
    /// The events that wait for their place among those of all servers; nil where none wait.
    private(set) var sequencer: SocketSequencer?

    private var drain: SocketDrain?
    /// The official Admin UI of these namespaces; nil where it is not served.
    private(set) var pages: SocketPages?

    private var waits: [Int: SocketAckWait] = [:]
    private var nextAckID = 0
    private static let ackIDMax = 9_999_999_999
    /// What is to happen at a time, by numbers above those of acks.
    private var deadlines: [Int: (timer: TimerWheel.Key, action: () -> Void)] = [:]
    private var nextDeadline = ackIDMax + 1

    /// A hub of that server, with the main namespace.
    package init(server: Server, settings: SocketHubSettings, messageBytesMax: Int) {
        self.server = server
        self.settings = settings
        number = server.socketHubs.count
        isStandard = settings.codec.isStandard
        limits = SocketPacketDecoder.Limits(
            packetBytesMax: messageBytesMax, attachmentsMax: settings.attachmentsMax)
        scan = SocketEventScan(limits: limits)
        decoder = SocketPacketDecoder(limits: limits)
        recovery = settings.recovery.map { SocketRecovery($0, server: server) }
        recovery?.hub = self
        if recovery != nil, settings.isSequenced { sequencer = SocketSequencer(self) }
        server.add(self)
        if server.loopCount > 1 { loops = SocketLoops(self) }
        _ = namespace(SocketPacket.mainNamespace)
        if let name = settings.adminNamespace {
            let namespace = namespace(name)
            precondition(
                namespace.name != SocketPacket.mainNamespace, "everybody is in /: admins have a namespace of their own")
            pages = SocketPages(self, in: namespace)
        }
    }

    /// Where its clients come to.
    package func endpoint(
        limits: SessionLimits, policy: EnginePolicy, origins: HTTPOriginRule, cookie: EngineCookie?,
        hooks: EndpointHooks = EndpointHooks()
    ) -> EngineEndpoint {
        recovery?.lossTime = (limits.heartbeatInterval ?? .zero) + limits.heartbeatTimeout
        return EngineEndpoint(
            limits: limits, policy: policy, origins: origins, cookie: cookie, hooks: hooks,
            keepsRequest: settings.keepsRequestFields ? .whole : .target
        ) { [unowned self] transport, handshake in
            SocketConnection(transport, handshake, hub: self)
        }
    }

    // MARK: Namespaces

    /// The namespace of that name, made if there is none. A leading slash is added where it is missing.
    package func namespace(_ name: String) -> SocketNamespace {
        let name = name.hasPrefix("/") ? name : "/\(name)"
        precondition(SocketPacketEncoder.isLegal(namespace: name), "a namespace has no comma and 128 bytes at most")
        return namespaces[name] ?? open(name, SocketBehaviour(), family: nil)
    }

    /// Lets namespaces come to be that nobody has made, for as long as somebody is in them.
    package func add(_ family: SocketFamily) { families.append(family) }

    /// Every namespace there is, in the order of their names.
    package var allNamespaces: [SocketNamespace] {
        namespaces.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The namespace of that name, if there is one.
    package func existingNamespace(_ name: String) -> SocketNamespace? { namespaces[name] }

    private func open(_ name: String, _ behaviour: SocketBehaviour, family: SocketFamily?) -> SocketNamespace {
        let namespace = SocketNamespace(name, hub: self, behaviour: behaviour, family: family)
        namespaces[name] = namespace
        behaviour.observer = pages?.observer
        family?.children.append(namespace)
        if let loops { loops.opened(name) } else { relay?.opened(name) }
        if name != SocketPacket.mainNamespace { namespaceOpened?(namespace) }
        return namespace
    }

    /// Finds the namespace of that name, or asks the families in turn whether there shall be one.
    func resolve(_ name: String, auth: JSONValue, _ done: @escaping (SocketNamespace?) -> Void) {
        if let namespace = namespaces[name] { return done(namespace) }
        askFamily(0, about: name, auth, done)
    }

    private func askFamily(
        _ index: Int, about name: String, _ auth: JSONValue, _ done: @escaping (SocketNamespace?) -> Void
    ) {
        guard families.indices.contains(index) else { return done(nil) }
        let family = families[index]
        var isAnswered = false
        family.matches(name, auth) { [weak self] matches in
            guard let self, !isAnswered else { return }
            isAnswered = true
            guard matches else { return askFamily(index + 1, about: name, auth, done) }
            // Another client may have been faster.
            done(namespaces[name] ?? open(name, family.behaviour, family: family))
        }
    }

    /// Forgets a namespace that came from a family and that nobody is in any more.
    func forget(_ namespace: SocketNamespace) {
        guard let family = namespace.family, namespaces[namespace.name] === namespace else { return }
        namespaces[namespace.name] = nil
        family.children.removeAll { $0 === namespace }
        if let loops { loops.closed(namespace.name) } else { relay?.closed(namespace.name) }
    }

    /// A fresh id, or secret.
    func makeID() -> SocketID { SocketID(server.randomBytes(EngineID.randomByteCount)) }

    // MARK: Packets

    /// Where the parts of a text event or ack stand; nil for what ``decode(_:_:)`` has to look at.
    func scanned(_ text: Span<UInt8>) throws(SocketPacketError) -> ScannedEvent? { try scan.packet(text) }

    /// The packet of a text; or, where its attachments are still to come, what puts it together.
    func decode(
        _ text: Span<UInt8>
    ) throws(SocketPacketError) -> (packet: SocketPacket?, pending: SocketPacketDecoder?) {
        let packet = try decoder.text(text)
        guard decoder.isWaiting else { return (packet, nil) }
        let pending = decoder
        decoder.reset()
        return (packet, pending)
    }

    /// An empty array to write a packet into; ``giveBack(_:)`` it.
    func takeText() -> [UInt8] {
        var text: [UInt8] = []
        swap(&text, &spareText)
        return text
    }

    func giveBack(_ text: inout [UInt8]) {
        // One large packet shall not pin its room for good.
        guard text.capacity <= 65_536 else { return }
        text.removeAll(keepingCapacity: true)
        swap(&text, &spareText)
    }

    // MARK: Draining

    /// The server drains, in which clients have that time to go.
    func beginDrain(within time: Interval) {
        let spread = min(settings.drainSpread, time)
        guard spread > .zero else { return }
        let drain = SocketDrain(self, over: spread)
        self.drain = drain
        drain.begin()
    }

    /// Whether nobody here is yet to be let go of, in a drain.
    var isSettled: Bool { drain?.isOver ?? true }

    // MARK: Clients that were lost

    /// The event with an offset, where clients that were lost may get it later: all but volatile ones.
    func traced(_ emission: SocketEmission) -> SocketEmission {
        guard let recovery, !emission.options.isVolatile else { return emission }
        var emission = emission
        emission.offset = recovery.makeOffset(emission.offset)
        return emission
    }

    func traced(_ command: SocketCommand) -> SocketCommand {
        guard recovery != nil, case .emit(let emission) = command else { return command }
        return .emit(traced(emission))
    }

    /// What is written of an event. Clients take a text at the end of any event for an offset, if it asks for no ack, so one
    /// without one may not end in one.
    func arguments(of emission: SocketEmission) -> SocketArguments {
        if let offset = emission.offset { return emission.arguments.appending(.string(offset.text)) }
        guard recovery != nil, emission.options.isVolatile, emission.arguments.endsInText else {
            return emission.arguments
        }
        return emission.arguments.appending(.null)
    }

    // MARK: Acks

    /// Awaits acks of those sockets to an event of the returned id.
    ///
    /// - Parameters:
    ///   - timeout: nil for the hub's own.
    ///   - isHeld: Whether ``report(_:_:)`` will say that all have been asked; until then it stays open.
    ///   - forward: Told of everything as it comes; what it is told is not kept.
    ///   - done: Called once: when all have answered or gone, or at the timeout.
    func collectAcks(
        _ sockets: [NamespaceSocket], timeout: Interval?, isHeld: Bool = false,
        forward: ((SocketAskReport) -> Void)? = nil, _ done: @escaping (SocketAnswers) -> Void
    ) -> Int {
        let id = nextAckID
        // What follows ten digits is read by nobody.
        nextAckID = nextAckID == Self.ackIDMax ? 0 : nextAckID + 1
        let due = server.clock() + (timeout ?? settings.ackTimeout)
        let timer = server.wheel.arm(at: due, token: TimerToken.socketHub(number, id).encoded)
        let wait = SocketAckWait(sockets, timer: timer, forward: forward, done)
        if isHeld { wait.holds = 1 }
        waits[id] = wait
        return id
    }

    /// Somebody else is to be asked, too, and will say how many that are.
    func hold(_ id: Int) { waits[id]?.holds += 1 }

    /// A socket has answered.
    func answered(_ id: Int, by socket: NamespaceSocket, _ arguments: SocketArguments) {
        guard socket.forgetAck(id) else { return }
        report(id, .answered(arguments))
    }

    /// A socket will not answer: it has gone, or owes too many acks.
    func missed(_ id: Int) { report(id, .missed) }

    /// Takes what is heard of a question, here or elsewhere.
    func report(_ id: Int, _ report: SocketAskReport) {
        guard let wait = waits[id], wait.take(report) else { return }
        server.wheel.cancel(wait.timer)
        waits[id] = nil
        wait.done(wait.answers)
    }

    /// An ack was not given in time; or a deadline has come.
    func timeReached(_ id: Int) {
        if let deadline = deadlines.removeValue(forKey: id) { return deadline.action() }
        guard let wait = waits.removeValue(forKey: id) else { return }
        server.counters[.acksMissed] += 1
        for socket in wait.sockets { _ = socket.forgetAck(id) }
        wait.answers.missing = max(0, wait.open - wait.answeredCount)
        wait.answers.isTimedOut = true
        wait.done(wait.answers)
    }

    /// Does something once so much time has passed, unless it is called off by the returned number.
    package func after(_ interval: Interval, _ action: @escaping () -> Void) -> Int {
        let number = nextDeadline
        nextDeadline += 1
        let token = TimerToken.socketHub(self.number, number).encoded
        deadlines[number] = (server.wheel.arm(at: server.clock() + interval, token: token), action)
        return number
    }

    /// Calls off what was to happen after a time.
    package func callOff(_ number: Int) {
        guard let deadline = deadlines.removeValue(forKey: number) else { return }
        server.wheel.cancel(deadline.timer)
    }
}

/// Namespaces that come to be when a client asks for one: by a pattern, or as a function decides.
package final class SocketFamily {
    /// What all of them do.
    package let behaviour = SocketBehaviour()
    let matches: (String, JSONValue, @escaping (Bool) -> Void) -> Void
    /// Those that there are now.
    package internal(set) var children: [SocketNamespace] = []

    /// A family.
    ///
    /// - Parameter matches: Says, now or later, whether a client that shows that auth may have a namespace of that name.
    package init(matches: @escaping (String, JSONValue, @escaping (Bool) -> Void) -> Void) { self.matches = matches }
}

/// What became of a question to sockets.
package struct SocketAnswers: Sendable {
    /// In the order in which they came.
    package var answers: [SocketArguments] = []
    /// How many were asked and did not answer: sockets or, where servers were asked, servers.
    package var missing = 0
    /// Which servers they are, where servers were asked.
    package var missingServers: [String] = []
    /// Whether the time was over.
    package var isTimedOut = false

    /// No answers, of those servers.
    package init(missingServers: [String] = []) {
        missing = missingServers.count
        self.missingServers = missingServers
    }
}

/// Acks that are awaited to one event.
final class SocketAckWait {
    /// Who was asked here.
    let sockets: [NamespaceSocket]
    let timer: TimerWheel.Key
    let done: (SocketAnswers) -> Void
    private let forward: ((SocketAskReport) -> Void)?
    /// How many were asked anywhere, and how many of them have answered.
    private(set) var open: Int
    private(set) var answeredCount = 0
    /// How many have yet to say whom they asked.
    var holds = 0
    var answers = SocketAnswers()

    init(
        _ sockets: [NamespaceSocket], timer: TimerWheel.Key, forward: ((SocketAskReport) -> Void)?,
        _ done: @escaping (SocketAnswers) -> Void
    ) {
        self.sockets = sockets
        self.timer = timer
        self.forward = forward
        self.done = done
        open = sockets.count
    }

    /// Takes a report; whether nothing else is to come.
    func take(_ report: SocketAskReport) -> Bool {
        switch report {
        case .asked(let count): open += count
        case .answered(let arguments):
            answeredCount += 1
            if forward == nil { answers.answers.append(arguments) }
        case .missed: answers.missing += 1
        case .complete: holds -= 1
        }
        if case .complete = report, holds > 0 {} else { forward?(report) }
        return holds == 0 && answeredCount + answers.missing >= open
    }
}
