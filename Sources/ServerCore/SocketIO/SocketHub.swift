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
    /// Whether the fields of a client's first request are kept for its handshake.
    package var keepsRequestFields = true

    /// The defaults above.
    package init() {}
}

/// Socket.IO at one path on one loop: its namespaces, and what their sockets share.
package final class SocketHub {
    unowned let server: Server
    let settings: SocketHubSettings
    /// The way to other loops and servers; nil when there are none.
    package var relay: (any SocketRelay)?
    /// What whoever made the hub keeps with it.
    package var context: AnyObject?
    /// Told of each namespace that comes to be, but for the main one.
    package var namespaceOpened: ((SocketNamespace) -> Void)?
    /// The hub's place in its server's list and in timer tokens.
    private let number: Int
    private var namespaces: [String: SocketNamespace] = [:]
    private var families: [SocketFamily] = []

    // One packet at a time is looked at, so one of each serves all sessions.
    private var scan: SocketEventScan
    private var decoder: SocketPacketDecoder
    /// An array to write a packet into.
    private var spareText: [UInt8] = []

    private var waits: [Int: SocketAckWait] = [:]
    private var nextAckID = 0

    /// A hub of that server, with the main namespace.
    package init(server: Server, settings: SocketHubSettings, messageBytesMax: Int) {
        self.server = server
        self.settings = settings
        number = server.socketHubs.count
        let limits = SocketPacketDecoder.Limits(
            packetBytesMax: messageBytesMax, attachmentsMax: settings.attachmentsMax)
        scan = SocketEventScan(limits: limits)
        decoder = SocketPacketDecoder(limits: limits)
        server.socketHubs.append(self)
        _ = namespace(SocketPacket.mainNamespace)
    }

    /// Where its clients come to.
    package func endpoint(
        limits: SessionLimits, policy: EnginePolicy, origins: HTTPOriginRule, cookie: EngineCookie?,
        allows: @escaping (HTTPExchange) -> Bool, handshakeFields: @escaping (HTTPExchange) -> HTTPFields
    ) -> EngineEndpoint {
        EngineEndpoint(
            limits: limits, policy: policy, origins: origins, cookie: cookie, allows: allows,
            handshakeFields: handshakeFields, keepsRequest: settings.keepsRequestFields ? .whole : .target
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
        family?.children.append(namespace)
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
    }

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

    /// Writes an event behind what `text` holds. One that cannot be sent is logged, and left out.
    ///
    /// - Returns: its attachments; nil when it was left out.
    func write(
        _ name: String, _ arguments: SocketArguments, in namespace: SocketNamespace, ackID: Int?,
        to text: inout [UInt8]
    ) -> [[UInt8]]? {
        do throws(SocketPacketError) {
            return try SocketPacketEncoder.append(
                event: name, namespace: namespace.prefix, ackID: ackID, arguments,
                attachmentsMax: settings.attachmentsMax, to: &text)
        } catch {
            server.hooks.log(.error) { "the event \"\(name)\" was not sent: \(error) Put them into one." }
            return nil
        }
    }

    /// An event as frames, for many; nil where it cannot be sent.
    func frames(_ emission: SocketEmission, in namespace: SocketNamespace, ackID: Int? = nil) -> [UInt8]? {
        var text = takeText()
        let attachments = write(emission.name, emission.arguments, in: namespace, ackID: ackID, to: &text)
        let frames = attachments.map { SocketIOFrames.framed(text.span, $0) }
        giveBack(&text)
        return frames
    }

    // MARK: Acks

    /// Awaits acks of those sockets to an event of the returned id.
    ///
    /// - Parameters:
    ///   - timeout: nil for the hub's own.
    ///   - done: Called once: when all have answered or gone, or at the timeout.
    func collectAcks(
        _ sockets: [NamespaceSocket], timeout: Interval?, _ done: @escaping (SocketAnswers) -> Void
    ) -> Int {
        let id = nextAckID
        // What follows ten digits is read by nobody.
        nextAckID = nextAckID == 9_999_999_999 ? 0 : nextAckID + 1
        let due = server.clock() + (timeout ?? settings.ackTimeout)
        let timer = server.wheel.arm(at: due, token: TimerToken.socketHub(number, id).encoded)
        waits[id] = SocketAckWait(sockets, timer: timer, done)
        return id
    }

    /// A socket has answered.
    func answered(_ id: Int, by socket: NamespaceSocket, _ arguments: SocketArguments) {
        guard socket.forgetAck(id), let wait = waits[id] else { return }
        wait.answers.answers.append(arguments)
        settle(wait, id)
    }

    /// A socket will not answer: it has gone, or owes too many acks.
    func missed(_ id: Int) {
        guard let wait = waits[id] else { return }
        wait.answers.missing += 1
        settle(wait, id)
    }

    /// Other servers have been asked, too; ``answeredElsewhere(_:_:)`` and ``expecting(_:more:)`` tell of them.
    func expecting(_ id: Int, more count: Int) {
        guard let wait = waits[id] else { return }
        wait.open += count
        settle(wait, id)
    }

    /// A socket of another server has answered.
    func answeredElsewhere(_ id: Int, _ arguments: SocketArguments) {
        guard let wait = waits[id] else { return }
        wait.answers.answers.append(arguments)
        settle(wait, id)
    }

    private func settle(_ wait: SocketAckWait, _ id: Int) {
        guard wait.answers.answers.count + wait.answers.missing >= wait.open else { return }
        server.wheel.cancel(wait.timer)
        waits[id] = nil
        wait.done(wait.answers)
    }

    /// An ack was not given in time.
    func timeReached(_ id: Int) {
        guard let wait = waits.removeValue(forKey: id) else { return }
        server.counters[.acksMissed] += 1
        for socket in wait.sockets { _ = socket.forgetAck(id) }
        wait.answers.missing = max(0, wait.open - wait.answers.answers.count)
        wait.answers.isTimedOut = true
        wait.done(wait.answers)
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
    /// How many were asked and did not answer.
    package var missing = 0
    /// Whether the time was over.
    package var isTimedOut = false

    package init() {}
}

/// Acks that are awaited to one event.
final class SocketAckWait {
    /// Who was asked here.
    let sockets: [NamespaceSocket]
    let timer: TimerWheel.Key
    let done: (SocketAnswers) -> Void
    /// How many were asked anywhere.
    var open: Int
    var answers = SocketAnswers()

    init(_ sockets: [NamespaceSocket], timer: TimerWheel.Key, _ done: @escaping (SocketAnswers) -> Void) {
        self.sockets = sockets
        self.timer = timer
        self.done = done
        open = sockets.count
    }
}
