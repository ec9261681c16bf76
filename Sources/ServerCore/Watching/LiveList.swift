import Determinism
import HTTPCore
import JSONCore

/// What loops tell each other of their listed lobbies.
enum ListMessage: Sendable {
    /// Whether the loop that says it wants to be told: it has subscribers.
    case wanted(Bool)
    case changes(LobbyChanges)
}

/// The list of lobbies, pushed to those of this loop who have subscribed to it (protocol/spec/lobby.md §5.6).
///
/// While anybody has, on any loop, each loop looks twice a second at what has changed with its lobbies, and tells the loops that
/// have subscribers. What a subscriber has not read yet is never added to: it is told everything once it reads.
final class LiveList {
    /// How often what has changed is told.
    static let interval = Interval.milliseconds(500)
    /// How many lobbies are looked at for subscribers at a time; whose turn has not come is told the next time.
    static let looksMax = 5_000

    /// What is known of another loop.
    private struct Other {
        /// Whether it is told, and whether it has to be told all.
        var isTold = false
        var isBehind = false
        /// The batch with what it was told last.
        var batch: UInt64 = 0
        /// Whether it has yet to tell us all.
        var isAwaited = false
    }

    private unowned let server: Server
    private var census = LobbyCensus()
    private var book = LobbyBook()
    private var groups: [ListGroup] = []
    /// The group whose turn it is.
    private var turn = 0
    private var others: [Other]
    private var isArmed = false
    private var nextHeartbeat = Instant.distantFuture

    init(server: Server) {
        self.server = server
        others = Array(repeating: Other(), count: server.loopCount)
    }

    private var own: Int { server.loops.own }

    // MARK: Subscribing

    /// Tells somebody from now on, first when ``welcome(_:)`` is called.
    ///
    /// - Throws: An error that says why not.
    func subscribe(_ way: ListSubscriber.Way, _ query: LobbyQuery) throws(LobbyQueryError) -> ListSubscriber {
        guard server.drainDeadline == nil else { throw LobbyQueryError("the server is shutting down") }
        let isAdmitted = server.loops.withDirectory { [server] directory in
            guard directory.subscriberCount < server.settings.subscribersMax else { return false }
            directory.subscriberCount += 1
            return true
        }
        guard isAdmitted ?? false else {
            server.counters[.subscribersRefused] += 1
            throw LobbyQueryError("as many have subscribed as may")
        }
        if groups.isEmpty { open() }
        let subscriber = ListSubscriber(way, query)
        let group = groups.first { $0.query == query } ?? ListGroup(query)
        if group.subscribers.isEmpty { groups.append(group) }
        group.add(subscriber)
        return subscriber
    }

    /// Tells somebody new all there is; when this loop knows all, where it does not yet.
    func welcome(_ subscriber: ListSubscriber) {
        guard isComplete, let group = groups.first(where: { $0.query == subscriber.query }) else { return }
        group.welcome(subscriber, from: book, server)
    }

    /// Tells somebody no more.
    func unsubscribe(_ subscriber: ListSubscriber) {
        guard let group = groups.first(where: { $0.query == subscriber.query }), group.remove(subscriber) else {
            return
        }
        _ = server.loops.withDirectory { $0.subscriberCount -= 1 }
        guard group.subscribers.isEmpty else { return }
        groups.removeAll { $0 === group }
        if groups.isEmpty { close() }
    }

    /// Ends every event stream: the server shuts down.
    func drain(_ notice: JSONValue) {
        for subscriber in groups.flatMap(\.subscribers) where subscriber.end("draining", notice) {
            unsubscribe(subscriber)
        }
    }

    /// Begins to know what there is on all loops.
    private func open() {
        arm()
        book.apply(LobbyCensus.whole(server.lobbies), from: own)
        nextHeartbeat = server.clock() + server.settings.watcherHeartbeatInterval
        for loop in others.indices where loop != own {
            others[loop].isAwaited = true
            server.loops.link(to: loop).say(.list(.wanted(true)))
        }
    }

    private func close() {
        book = LobbyBook()
        for loop in others.indices where loop != own {
            others[loop].isAwaited = false
            server.loops.link(to: loop).say(.list(.wanted(false)))
        }
    }

    /// Whether every loop has told what it has.
    private var isComplete: Bool { !others.contains(where: \.isAwaited) }

    // MARK: Between loops

    /// Takes what another loop says.
    func receive(_ message: ListMessage, from loop: Int) {
        switch message {
        case .wanted(let isWanted):
            others[loop].isTold = isWanted
            others[loop].isBehind = isWanted
            guard isWanted else { return }
            arm()
            tell(loop, LobbyChanges())
        case .changes(let changes):
            guard !groups.isEmpty else { return }
            book.apply(changes, from: loop)
            guard changes.isWhole, others[loop].isAwaited else { return }
            others[loop].isAwaited = false
            if isComplete { showAll() }
        }
    }

    /// Tells another loop what has changed here; all there is, once it has handled what it was told before, where it could not
    /// be told.
    private func tell(_ loop: Int, _ changes: LobbyChanges) {
        let link = server.loops.link(to: loop)
        guard link.handled >= others[loop].batch else {
            others[loop].isBehind = others[loop].isBehind || !changes.isEmpty
            return
        }
        let news = others[loop].isBehind ? LobbyCensus.whole(server.lobbies) : changes
        guard !news.isEmpty else { return }
        others[loop].isBehind = false
        others[loop].batch = link.gathering
        link.say(.list(.changes(news)))
        link.askForReport()
    }

    // MARK: Twice a second

    private func arm() {
        guard !isArmed else { return }
        // What has been before is not to be told: whoever comes is told all there is.
        _ = census.changes(in: server.lobbies)
        armTimer()
    }

    private func armTimer() {
        isArmed = true
        _ = server.wheel.arm(at: server.clock() + Self.interval, token: TimerToken.list.encoded)
    }

    /// It is time to tell what has changed.
    func timeReached() {
        isArmed = false
        guard !groups.isEmpty || others.contains(where: \.isTold) else { return }
        let changes = census.changes(in: server.lobbies)
        for loop in others.indices where others[loop].isTold { tell(loop, changes) }
        if !groups.isEmpty {
            book.apply(changes, from: own)
            if isComplete { showChanges() }
            showLife()
        }
        armTimer()
    }

    private func showAll() {
        for group in groups {
            for subscriber in group.subscribers { group.welcome(subscriber, from: book, server) }
        }
    }

    /// One group after the other, until enough has been looked at.
    private func showChanges() {
        // Telling may end connections, and with them groups.
        let groups = groups
        var looks = Self.looksMax
        var shown = 0
        while shown < groups.count, looks > 0 {
            groups[(turn + shown) % groups.count].update(from: book, looks: &looks, server)
            shown += 1
        }
        turn = (turn + shown) % groups.count
    }

    private func showLife() {
        let now = server.clock()
        guard now >= nextHeartbeat else { return }
        nextHeartbeat = now + server.settings.watcherHeartbeatInterval
        for group in groups {
            for subscriber in group.subscribers { subscriber.showLife() }
        }
    }
}
