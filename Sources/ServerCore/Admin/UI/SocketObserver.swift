import Determinism
import HTTPTypes
import JSONCore
import SocketIOCore

/// A socket of an author's namespace as pages of the official Admin UI are shown it (protocol/spec/admin.md §9.5).
struct SocketSight: Sendable {
    let namespace: String
    let id: String
    /// The number of the client's session, by which the journal knows it.
    let client: UInt64
    let transport: String
    /// What the author keeps with it, fit to be shown.
    let data: JSONValue
    /// For moderators.
    let address: String
    let isSecure: Bool
    let isCrossOrigin: Bool
    let since: Instant
    let rooms: [String]

    init(_ socket: NamespaceSocket) {
        let handshake = socket.handshake
        namespace = socket.namespace.name
        id = socket.id.text
        client = socket.connection.journalNumber
        transport = socket.transportName
        data = socket.data.shown()
        address = handshake.address
        isSecure = handshake.isSecure
        isCrossOrigin = handshake.fields.contains(.origin)
        since = handshake.issuedAt
        rooms = socket.rooms
    }
}

/// What happens to the sockets of one hub, for as long as pages of the official Admin UI look in development mode
/// (protocol/spec/admin.md §9.5). While none does it is not there.
final class SocketObserver {
    /// The most events of a second.
    static let eventsPerSecond = 64
    /// The most entries kept for who asks; the oldest go.
    static let entriesMax = 4_096
    /// How long it goes on after the last question.
    private static let patience = Interval.seconds(3)

    /// What has happened to a socket.
    enum Change: Sendable {
        case came(SocketSight)
        case gone(SocketDisconnectReason)
        case joined(String)
        case left(String)
        /// Its client has moved to a WebSocket.
        case upgraded
        /// The author keeps something else with it.
        case data(JSONValue)
        /// An event of its client's, or one that its client was sent: the name, then what it says.
        case received([JSONValue])
        case sent([JSONValue])
    }

    struct Entry: Sendable {
        let at: Instant
        let namespace: String
        let socket: String
        let change: Change
    }

    private unowned let hub: SocketHub
    private var closes = Instant.zero
    private var entries: [Entry] = []
    /// The number of the entry before the first that is kept.
    private var droppedCount: UInt64 = 0
    private var second = (began: Instant.zero, events: 0)
    /// Those whose data has changed since somebody asked.
    private var changed: [NamespaceSocket] = []
    private var isChanged: Set<SocketID> = []

    init(_ hub: SocketHub) { self.hub = hub }

    /// The number of the newest entry.
    var newest: UInt64 { droppedCount + UInt64(entries.count) }

    /// Somebody looks, and will again: the entries behind that number, the oldest first; nil where some of them are gone.
    func look(after number: UInt64, at now: Instant) -> [Entry]? {
        closes = now + Self.patience
        for socket in changed where socket.isConnected { add(.data(socket.data.shown()), socket) }
        changed = []
        isChanged = []
        guard number >= droppedCount, number <= newest else { return nil }
        return Array(entries[Int(number - droppedCount)...])
    }

    // MARK: What happens

    func came(_ socket: NamespaceSocket) { add(.came(SocketSight(socket)), socket) }

    func gone(_ socket: NamespaceSocket, _ reason: SocketDisconnectReason) { add(.gone(reason), socket) }

    func upgraded(_ socket: NamespaceSocket) { add(.upgraded, socket) }

    func dataChanged(_ socket: NamespaceSocket) {
        guard socket.isConnected, isChanged.insert(socket.id).inserted else { return }
        changed.append(socket)
    }

    func roomChanged(_ change: SocketRoomChange, in namespace: SocketNamespace) {
        switch change {
        case .created, .deleted: break
        case .joined(let room, let id): add(.joined(room), namespace.name, id.text)
        case .left(let room, let id): add(.left(room), namespace.name, id.text)
        }
    }

    func received(_ event: ReceivedEvent, by socket: NamespaceSocket) {
        guard admits() else { return skip(1) }
        add(.received(Self.content(event.name, event.arguments)), socket)
    }

    /// An event is sent to these.
    func sent(_ emission: SocketEmission, to sockets: [NamespaceSocket]) {
        var content: [JSONValue]?
        for (place, socket) in sockets.enumerated() {
            guard admits() else { return skip(sockets.count - place) }
            let shown = content ?? Self.content(emission.name, emission.arguments)
            content = shown
            add(.sent(shown), socket)
        }
    }

    private static func content(_ name: String, _ arguments: SocketArguments) -> [JSONValue] {
        let values = JSONValue.array(arguments.values).shown().array ?? []
        return [.string(DisplayText.cleaned(name, charactersMax: 64))] + values
    }

    // MARK: Bounds

    private func admits() -> Bool {
        let now = hub.server.clock()
        if now - second.began >= .seconds(1) { second = (now, 0) }
        guard second.events < Self.eventsPerSecond else { return false }
        second.events += 1
        return true
    }

    private func skip(_ count: Int) { hub.server.counters[.adminEventsSkipped] += UInt64(count) }

    private func add(_ change: Change, _ socket: NamespaceSocket) {
        add(change, socket.namespace.name, socket.id.text)
    }

    private func add(_ change: Change, _ namespace: String, _ socket: String) {
        let now = hub.server.clock()
        guard now < closes else { return hub.observe(nil) }
        if entries.count == Self.entriesMax {
            entries.removeFirst(Self.entriesMax / 4)
            droppedCount += UInt64(Self.entriesMax / 4)
        }
        entries.append(Entry(at: now, namespace: namespace, socket: socket, change: change))
    }
}

extension SocketHub {
    /// Has all that happens in its namespaces observed, but for that of the pages themselves; nil to end that.
    func observe(_ observer: SocketObserver?) {
        pages?.observer = observer
        for namespace in allNamespaces where namespace !== pages?.namespace {
            namespace.behaviour.observer = observer
        }
    }
}
