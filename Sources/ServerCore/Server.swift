import ByteKit
import Crypto
import Determinism
import GameKit
import HTTPCore
import HeapModule
import JSONCore
import LobbyCore
import SnapshotCore
import WebSocketCore

/// The whole server of one loop, without the loop: connections, lobbies, admins and their time.
///
/// Whoever drives it (the libuv shell, or a simulated world) hands it byte streams, calls ``advance()`` when
/// ``nextWake`` has come, and ``flush()`` once a turn after everything else. It never reads a clock, a
/// socket or the kernel's randomness itself: they are given to it. Not `Sendable`: one loop owns it.
package final class Server {
    /// What the server was told before it started.
    package let settings: ServerSettings
    /// The monotonic clock.
    let clock: () -> Instant
    /// Where ids, tokens and seeds come from: the kernel in production, a seed in a simulated world.
    var entropy: any RandomNumberGenerator
    let hooks: ServerHooks
    let games: [GameType]
    /// What the author has put at paths of its own; `*` stands for every other path. Set before the first connection.
    package var endpoints: [String: Endpoint] = [:]
    /// The limits of players' sessions.
    let playerLimits: SessionLimits
    /// The compression contexts of all connections.
    let deflatePool: DeflatePool

    /// What has happened so far.
    package var counted: Counters {
        turn.count(into: &counters)
        return counters
    }
    // Not to be seen by other modules: what they can reach is checked for exclusive access at each use.
    let turn = Turn()
    var counters = Counters()
    var wheel: TimerWheel
    /// Socket.IO for authors, by the number in timer tokens.
    private(set) var socketHubs: [SocketHub] = []
    /// How many questions to the storage wait for an answer.
    var storedQuestions = 0
    /// Whether a session on polling has an answer to give.
    private var hasDirtyPolls = false
    /// Connections with a request that belongs to another loop.
    private var leaving: [Connection] = []
    /// Connections of proxies that have not said for whom they speak.
    var arrivals = ArrivalTable()
    // Memory to be used again: for the inputs of a binary message, the timers that are due, and bytes to be framed.
    var inputs: [QuantisedInput] = []
    private var dueTimers: [UInt64] = []
    private var scratch: [UInt8] = []
    /// Holds back log lines about what peers do wrong.
    var peerLog = LogGate()
    private(set) var connections: [Connection?] = []
    private var freeSlots: [Int] = []
    /// Sessions of Engine.IO, of players and of authors.
    var engineSessions: EngineSessions
    /// Who may open lobbies by request.
    var lobbyOpenings: AddressAllowance
    /// Who may join, and who may see the list of lobbies.
    lazy var joinAllowance = AddressAllowance(
        settings.admission.joinRate, limits: settings.admission, seed: addressSeed &+ 1)
    lazy var listAllowance = AddressAllowance(
        settings.admission.listRate, limits: settings.admission, seed: addressSeed &+ 2)
    /// How often a known player may open a lobby, and sit down.
    lazy var identityOpenings = AddressAllowance(
        settings.admission.identityOpeningRate, limits: settings.admission, seed: addressSeed &+ 3)
    lazy var sittings = AddressAllowance(
        settings.admission.sittingRate, limits: settings.admission, seed: addressSeed &+ 4)
    /// A number that no peer can know.
    private let addressSeed: UInt64
    /// Socket.IO for players.
    private(set) lazy var playerEngine = EngineEndpoint(players: self)
    /// Which web pages players may come from, and which admins.
    let origins: HTTPOriginRule
    let adminOrigins: HTTPOriginRule

    /// Every lobby, by id, and in order of opening.
    private var lobbyIndex: [String: HostedLobby] = [:]
    package private(set) var lobbies: [HostedLobby] = []
    private var schedule = Heap<ScheduledLobby>()
    /// When the first of them is due, which is asked each turn.
    private var nextLobbyDue: Instant?
    /// Those whose steps are being run.
    private var turning: [ScheduledLobby] = []
    private var openedCount: UInt64 = 0

    private(set) lazy var admin = AdminHub(server: self)
    /// What has happened to sessions and seats of late.
    var journal: Journal
    /// What members say and are told, while a page of the official Admin UI shows it.
    var eventSample = EventSample()
    /// Who has connected and gone, for such pages; how many are in `/`; and the number of the member that came last.
    var clients = ClientTally()
    var rootSocketCount = 0
    var lastSocketNumber: UInt64 = 0
    /// Those who watch with a delay, by number in timer tokens. Looked up only: a dictionary has no order.
    var audiences: [Int: Audience] = [:]
    /// Those of this loop who wait for a match.
    private(set) lazy var matchmaker = Matchmaker(server: self)
    /// Those of this loop who are told of the list of lobbies.
    private(set) lazy var liveList = LiveList(server: self)
    private let links: any LoopLinks
    /// How many loops the process has.
    let loopCount: Int
    /// What the other loops of the process have to do with this one.
    private(set) lazy var loops = LoopHub(server: self, links: links)
    /// How late steps were, since the start.
    package var lateness: DurationRecord { durations.lateness }
    var durations = Durations()
    /// What went on in the last hour.
    var timeline: Timeline
    let startedAt: Instant
    private var drainEnd: Instant?
    /// Whether every connection has been told to go.
    private(set) var isClosing = false

    /// A server that hosts `games`.
    ///
    /// - Parameter links: How it reaches the servers of the process's other loops, which have the same settings and games;
    ///   nil when there are none.
    package init(
        settings: ServerSettings, games: [GameType], hooks: ServerHooks,
        entropy: any RandomNumberGenerator, links: (any LoopLinks)? = nil, clock: @escaping () -> Instant
    ) {
        self.settings = settings
        self.games = games
        playerLimits = SessionLimits(settings)
        self.hooks = hooks
        self.entropy = entropy
        self.clock = clock
        startedAt = clock()
        let seed = self.entropy.next()
        addressSeed = seed
        let links = links ?? LoneLoop(LoopDirectory(loops: 1, admission: settings.admission, seed: seed))
        self.links = links
        deflatePool = DeflatePool(bytesMax: settings.compressionBytesMax / links.count)
        engineSessions = EngineSessions(settings.admission, seed: self.entropy.next())
        lobbyOpenings = AddressAllowance(
            settings.admission.openingRate, limits: settings.admission, seed: self.entropy.next())
        loopCount = links.count
        journal = Journal(loop: links.own)
        let listed = settings.allowedOrigins.filter { $0 != "*" }
        // Official clients that are told to send cookies, as the Admin UI is, read no answer otherwise. We have none but a session's.
        origins = HTTPOriginRule(
            origins: settings.allowedOrigins, allowsCredentials: settings.setsSessionCookie || !listed.isEmpty)
        adminOrigins = HTTPOriginRule(origins: listed)
        wheel = TimerWheel(now: startedAt)
        timeline = Timeline(at: startedAt)
    }

    // MARK: Connections

    /// How many connections there are on this loop.
    package var connectionCount: Int { connections.count - freeSlots.count }

    /// How many Engine.IO sessions are on long polling, on all loops, with those that have ended and wait for a last poll.
    package var pollingCount: Int { loops.withDirectory(\.pollings.connectionCount) ?? 0 }

    /// How many watch lobbies, on all loops: spectators and event streams.
    package var watcherCount: Int { loops.withDirectory(\.watcherCount) ?? 0 }

    /// How many have subscribed to the list of lobbies, on all loops.
    package var subscriberCount: Int { loops.withDirectory(\.subscriberCount) ?? 0 }

    /// Takes over an accepted byte stream, which may then start reading; or refuses it with 503 and closes it.
    ///
    /// - Returns: Whether it was let in.
    @discardableResult
    package func accept(_ stream: any ByteStream, peer: PeerAddress, isSecure: Bool = false) -> Bool {
        var verdict = AdmissionVerdict.admitted
        // The clock is read under the lock, so that the directory's time does not go back.
        links.withDirectory { verdict = $0.admission.admit(peer, at: clock()) }
        if case .refused(let refusal) = verdict {
            refuse(stream, refusal, isSecure: isSecure)
            return false
        }
        counters[.connectionsAccepted] += 1
        keep(stream, peer: peer, isSecure: isSecure)
        return true
    }

    /// Makes a connection of a stream that was let in.
    @discardableResult
    func keep(_ stream: any ByteStream, peer: PeerAddress, isSecure: Bool) -> Connection {
        let slot = freeSlots.popLast() ?? connections.count
        if slot == connections.count { connections.append(nil) }
        let connection = Connection(server: self, stream: stream, peer: peer, isSecure: isSecure, slot: slot)
        connections[slot] = connection
        return connection
    }

    /// Counts an admitted connection as another address's from now on, if that may have one more.
    func readmit(from old: PeerAddress, to new: PeerAddress) -> Bool {
        let verdict = loops.withDirectory { $0.admission.reassign(from: old, to: new, at: clock()) }
        switch verdict ?? .refused(.processFull) {
        case .admitted: return true
        case .refused(let refusal):
            count(refusal)
            return false
        }
    }

    private func count(_ refusal: AdmissionRefusal) {
        switch refusal {
        case .processFull, .processRate: counters[.connectionsRefused] += 1
        case .addressFull, .addressRate: counters[.addressesRefused] += 1
        }
    }

    /// Turns a connection away as cheaply as can be: nothing is kept of it.
    private func refuse(_ stream: any ByteStream, _ refusal: AdmissionRefusal, isSecure: Bool) {
        count(refusal)
        // Without a handshake there is no way to say why.
        guard !isSecure else { return stream.close(.now) }
        var answer = HTTPAnswer.overloaded
        stream.send(&answer, then: [])
        stream.close(.afterSending)
    }

    /// A connection has closed.
    func forget(_ connection: Connection) {
        release(connection)
        release(connection.peer)
    }

    /// A connection is not this loop's any more.
    func release(_ connection: Connection) {
        connections[connection.slot] = nil
        freeSlots.append(connection.slot)
    }

    /// One connection less of that address.
    func release(_ peer: PeerAddress) {
        links.withDirectory { $0.admission.released(peer) }
    }

    // MARK: Time

    /// When ``advance()`` has something to do next, or nil when only a new event can bring work.
    package var nextWake: Instant? {
        guard let timerDue = wheel.nextWake else { return nextLobbyDue }
        return nextLobbyDue.map { min($0, timerDue) } ?? timerDue
    }

    /// Runs every timer and every lobby step that is due.
    package func advance() {
        runLobbies()
        let now = clock()
        if timeline.isOver(at: now) { closeTimeline(at: now) }
        var due: [UInt64] = []
        swap(&due, &dueTimers)
        wheel.advance(to: now) { _, token in due.append(token) }
        for token in due {
            switch TimerToken(encoded: token) {
            case .connection(let slot): connections[slot]?.timeReached(now)
            case .admin: admin.timeReached()
            case .adminReview: admin.reviewDue()
            case .arrival(let number): arrivals[number]?.timeReached()
            case .delayedAnswer(let id): admin.answerDue(id)
            case .queue: matchmaker.desk.timeReached()
            case .queuePlace(let number): matchmaker.places.timeReached(number, now)
            case .audience(let number): audiences[number]?.timeReached()
            case .list: liveList.timeReached()
            case .socketHub(let number, let id): socketHubs[number].timeReached(id)
            case .polling(let slot): engineSessions.polling(at: slot)?.timeReached(now)
            }
        }
        due.removeAll(keepingCapacity: true)
        swap(&due, &dueTimers)
    }

    /// Lends an empty array that has room, until ``giveBack(_:)``.
    func takeScratch() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &scratch)
        return taken
    }

    func giveBack(_ bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        swap(&bytes, &scratch)
    }

    private func runLobbies() {
        // Read once: on a machine too slow for its lobbies there would always be one more that is due.
        let now = clock()
        guard let nextLobbyDue, nextLobbyDue <= now else { return }
        // Taken out while lobbies run, who may open others: those are added in the end.
        var waiting = Heap<ScheduledLobby>()
        var turning: [ScheduledLobby] = []
        swap(&waiting, &schedule)
        swap(&turning, &self.turning)
        while let next = waiting.min, next.due <= now {
            waiting.removeMin()
            guard !next.lobby.isClosed else { continue }
            // With its first step at once: what a turn fetches of a lobby's players is still at hand then.
            if next.lobby.beginTurn(), next.lobby.continueTurn() {
                turning.append(next)
            } else {
                next.goesOn(in: &waiting)
            }
            // After a halt all lobbies are due at once: what the first has sent leaves before the last one's step.
            if turn.isCrowded { turn.flush() }
        }
        // A step of each that is due has been, and only now comes the second of one that is behind: it delays others by one step.
        while !turning.isEmpty {
            var stillTurning = 0
            for place in turning.indices {
                if turning[place].lobby.continueTurn() {
                    turning.swapAt(stillTurning, place)
                    stillTurning += 1
                } else {
                    turning[place].goesOn(in: &waiting)
                }
                if turn.isCrowded { turn.flush() }
            }
            turning.removeLast(turning.count - stillTurning)
        }
        swap(&waiting, &schedule)
        swap(&turning, &self.turning)
        while let opened = waiting.popMin() { schedule.insert(opened) }
        self.nextLobbyDue = schedule.min?.due
    }

    /// Answers the polls that something waits for, hands every dirty connection's outbox to its stream, and every other
    /// loop what it was told, with the connections that go there. Call once a turn, after all events of the turn.
    package func flush() {
        repeat {
            answerPolls()
            if turn.isDirty { turn.flush() }
            if !leaving.isEmpty { moveConnections(takeLeaving()) }
            // A stream that was closed may have taken a poll with it, which ends a session whose POST still waits; one that
            // cannot move is answered here.
        } while hasDirtyPolls || turn.isDirty
        deflatePool.forgetShared()
        for hub in socketHubs { hub.relay?.flush() }
        if loopCount > 1 { loops.flush() }
    }

    private func answerPolls() {
        while hasDirtyPolls {
            hasDirtyPolls = false
            for polling in engineSessions.takeDirty() { polling.flush() }
        }
    }

    /// Has a session on polling answered at the end of the turn.
    func markDirty(_ polling: PollingTransport) {
        engineSessions.markDirty(polling)
        hasDirtyPolls = true
    }

    /// Has a connection move to another loop at the end of the turn.
    func markLeaving(_ connection: Connection) {
        var taken = takeLeaving()
        taken.append(connection)
        swap(&taken, &leaving)
    }

    private func takeLeaving() -> [Connection] {
        var taken: [Connection] = []
        swap(&taken, &leaving)
        return taken
    }

    /// Adds Socket.IO for an author. A new array, as one that grows in place would have each turn's look at it checked.
    func add(_ hub: SocketHub) { socketHubs = socketHubs + [hub] }

    /// Takes what another loop has said.
    package func receive(_ batch: LoopBatch) {
        loops.receive(batch)
    }

    // MARK: Lobbies

    /// The lobby with that id, if it is open.
    package func lobby(_ id: String) -> HostedLobby? { lobbyIndex[id] }

    /// Opens a lobby that the directory has placed on this loop.
    func open(
        _ id: String, game: GameType, options: JSONValue, terms: LobbyTerms
    ) throws(JoinRefusal) -> HostedLobby {
        let lobby: HostedLobby
        do {
            lobby = try HostedLobby(
                server: self, id: id, game: game, options: options, terms: terms, seed: entropy.next())
        } catch {
            counters[.lobbiesFailed] += 1
            links.withDirectory { $0.release(id) }
            throw .gameFailed("\(error)")
        }
        lobbyIndex[id] = lobby
        lobbies.append(lobby)
        counters[.lobbiesOpened] += 1
        schedule.insert(ScheduledLobby(due: lobby.nextDue, order: openedCount, lobby: lobby))
        nextLobbyDue = schedule.min?.due
        openedCount += 1
        return lobby
    }

    /// Forgets a lobby that has closed.
    func forget(_ lobby: HostedLobby) {
        lobbyIndex[lobby.id] = nil
        lobbies.removeAll { $0 === lobby }
        links.withDirectory { $0.release(lobby.id) }
        counters[.lobbiesClosed] += 1
    }

    // MARK: Draining

    /// When those who still play are told to go; nil before a drain has begun.
    package var drainDeadline: Instant? { drainEnd }

    /// Takes no new players from now on, on any loop, tells those who play, and gives them the drain time to leave.
    ///
    /// Each loop's driver ends it once its server's ``isDrained`` is true.
    package func drain() {
        guard drainDeadline == nil else { return }
        loops.drainOthers()
        beginDrain()
    }

    /// Drains this loop alone.
    func beginDrain() {
        guard drainDeadline == nil else { return }
        let now = clock()
        drainEnd = now + settings.drainTime
        let notice: JSONValue = ["seconds": .number(settings.drainTime.seconds)]
        for lobby in lobbies {
            lobby.emit("draining", notice)
            lobby.endWatching("draining", notice)
        }
        matchmaker.places.drain()
        liveList.drain(notice)
        for hub in socketHubs { hub.beginDrain(within: settings.drainTime) }
    }

    /// Whether nobody plays any more, on any loop, or the drain time is over: then what is left is to be told to go.
    package var isDrained: Bool {
        guard let drainDeadline else { return false }
        return clock() >= drainDeadline || isSettled && loops.othersAreSettled
    }

    /// Whether nobody sits in a lobby of this loop, or is yet to be let go of by a hub.
    var isSettled: Bool {
        lobbies.allSatisfy { $0.lobby.seats.heldCount == 0 } && socketHubs.allSatisfy(\.isSettled)
    }

    /// Ends every connection with the draining code. Flush afterwards.
    package func closeAll() {
        isClosing = true
        endRecordings("the server has shut down")
        for polling in engineSessions.allPolling { polling.end(.draining) }
        for connection in connections { connection?.drain() }
    }

    // MARK: Randomness

    /// That many bytes from the entropy source.
    func randomBytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count { bytes.appendLittleEndian(entropy.next()) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// A fresh 256-bit token in text form, and the digest by which it is kept.
    func makeToken() -> (text: String, digest: [UInt8]) {
        let text = Base64.encodeURL(randomBytes(32))
        return (text, Self.digest(of: text))
    }

    static func digest(of token: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(token.utf8)))
    }
}
