import Determinism
import JSONCore
import SocketIOCore

/// What the pages of one hub on one loop want to know of all loops.
struct SocketPagesQuestion: Sendable {
    /// The hub's number.
    let hub: Int
    /// The newest entry of each loop's ``SocketObserver`` that is known; nil in production mode, which shows no sockets.
    let known: [UInt64]?
    /// Whether all sockets are wanted.
    let wantsAll: Bool
}

/// One loop's answer.
struct SocketPagesAnswer: Sendable {
    var figures = AdminUIFigures()
    /// Each namespace with how many are in it.
    var namespaces: [(name: String, count: Int)] = []
    var sockets: [SocketSight] = []
    /// What has happened since; nil where some of it is gone.
    var entries: [SocketObserver.Entry]? = []
    var newest: UInt64 = 0
}

/// The official Socket.IO Admin UI of an author's own namespaces, served in one of them: the pages that are on one loop
/// (protocol/spec/admin.md §9.5).
///
/// Once a second all loops are asked one question, and what comes of it is written once for all pages of equal rights. While no
/// page is there nothing is asked, and nothing is noted where it happens.
final class SocketPages {
    /// The most sockets that a page is told of at first, of all loops.
    static let socketsMax = 1_024

    /// A page that has logged in; it is kept with its socket.
    private final class Page {
        let login: AdminLogin
        /// Whether it is to be told all from the beginning.
        var isNew = true

        init(_ login: AdminLogin) { self.login = login }
    }

    unowned let hub: SocketHub
    /// Where the pages are.
    let namespace: SocketNamespace
    /// What notes what happens on this loop, while a page on any loop looks in development mode.
    var observer: SocketObserver?
    private var isTicking = false
    private var isAsking = false
    /// What there was when all loops were asked last.
    private var last: AdminUIFigures?
    private var newest: [UInt64] = []
    /// The namespaces of all loops. Looked up only.
    private var known: Set<String> = []

    init(_ hub: SocketHub, in namespace: SocketNamespace) {
        self.hub = hub
        self.namespace = namespace
        let behaviour = namespace.behaviour
        behaviour.use { [unowned self] in login($0, $1) }
        behaviour.onConnect { [unowned self] in greet($0) }
        behaviour.onAny { [unowned self] in asked($0, $1) }
    }

    private var server: Server { hub.server }
    private var isDevelopment: Bool { server.settings.adminUIMode == .development }

    private func page(_ socket: NamespaceSocket) -> Page? { socket.state as? Page }

    /// Whether there is a namespace of that name, other than that of the pages.
    func knows(_ name: String) -> Bool {
        name != namespace.name && (hub.existingNamespace(name) != nil || known.contains(name))
    }

    // MARK: Who it is

    private func login(_ socket: NamespaceSocket, _ decided: @escaping (ConnectRefusal?) -> Void) {
        let connection = socket.connection
        guard !connection.handshake.isForeignToAdmins else {
            server.counters[.adminLoginsRefused] += 1
            return decided(ConnectRefusal("pages of this origin may not act as admin"))
        }
        let peer = connection.transport.remotePeer
        let address = peer?.adminText ?? connection.transport.peerAddress
        server.admin.login(socket.auth, from: peer, address: address) { login in
            guard let login else { return decided(ConnectRefusal("invalid credentials")) }
            socket.state = Page(login)
            decided(nil)
        }
    }

    private func greet(_ socket: NamespaceSocket) {
        guard let login = page(socket)?.login else { return socket.disconnect(closes: false) }
        var features: [JSONValue] = login.actor.user.role > .viewer ? SocketPageRequest.features : []
        features.append("AGGREGATED_EVENTS")
        if isDevelopment { features.append("ALL_EVENTS") }
        var frames: [UInt8] = []
        if let token = login.token { frames += packet("session", [.string(token)]) }
        frames += packet("config", [["supportedFeatures": .array(features)]])
        socket.connection.transport.send(frames)
        guard !isTicking else { return }
        last = nil
        tick()
    }

    /// An event as frames. It has no offset: a page that was lost is told all anew.
    private func packet(_ event: String, _ values: [JSONValue]) -> [UInt8] {
        hub.frames(SocketEmission(event, SocketArguments(values)), in: namespace) ?? []
    }

    /// Ends the pages of those who are logged in no more.
    func endPages() {
        let now = server.clock()
        for socket in namespace.allSockets {
            let isIn = page(socket).flatMap { page in
                server.loops.withDirectory { $0.admins.session(page.login.digest, at: now) != nil }
            }
            if isIn != true { socket.disconnect(closes: false) }
        }
    }

    // MARK: What it asks for

    /// What a page wants, by the session of now: it may have ended, or the user's role have changed.
    private func asked(_ socket: NamespaceSocket, _ event: ReceivedEvent) {
        guard let page = page(socket),
            let login = server.admin.login(by: page.login.digest, address: page.login.actor.address)
        else { return socket.disconnect(closes: false) }
        let answer = server.admin.perform(event, on: self, by: login.actor)
        if let id = event.ackID { socket.acknowledge(id, SocketArguments([answer])) }
    }

    // MARK: What it is told

    private func tick() {
        isTicking = true
        _ = hub.after(.seconds(1)) { [weak self] in self?.secondIsOver() }
    }

    private func secondIsOver() {
        isTicking = false
        endPages()
        guard namespace.socketCount > 0 else { return }
        tick()
        guard !isAsking else { return }
        let sockets = namespace.allSockets.filter { socket in
            // One that does not read is told nothing, and later all from the beginning.
            guard socket.connection.transport.isCongested(false) else { return true }
            page(socket)?.isNew = true
            return false
        }
        guard !sockets.isEmpty else { return }
        isAsking = true
        let wantsAll = isDevelopment && sockets.contains { page($0)?.isNew == true }
        let question = SocketPagesQuestion(hub: hub.number, known: isDevelopment ? newest : nil, wantsAll: wantsAll)
        server.loops.askAll(.socketPages(question)) { [weak self] answers in
            guard let self else { return }
            isAsking = false
            let answers = answers.compactMap { answer in
                if case .socketPages(let answer) = answer { answer } else { nil }
            }
            // With too much asked already only this loop has answered: the next second will tell.
            if answers.count == server.loops.count { show(answers, to: sockets) }
        }
    }

    /// This loop's answer.
    func answer(_ question: SocketPagesQuestion) -> SocketPagesAnswer {
        var answer = SocketPagesAnswer()
        answer.figures = server.adminUITotals
        answer.namespaces = hub.allNamespaces.map { ($0.name, $0.socketCount) }
        guard let known = question.known else { return answer }
        if observer == nil { hub.observe(SocketObserver(hub)) }
        let own = server.loops.own
        answer.entries = observer?.look(after: own < known.count ? known[own] : 0, at: server.clock())
        answer.newest = observer?.newest ?? 0
        guard question.wantsAll else { return answer }
        let sockets = hub.allNamespaces.filter { $0 !== namespace }.lazy.flatMap(\.allSockets)
        answer.sockets = sockets.prefix(max(1, Self.socketsMax / server.loopCount)).map(SocketSight.init)
        return answer
    }

    private func show(_ answers: [SocketPagesAnswer], to sockets: [NamespaceSocket]) {
        var sum = AdminUIFigures()
        var counts: [String: Int] = [:]
        for answer in answers {
            sum.add(answer.figures)
            for namespace in answer.namespaces { counts[namespace.name, default: 0] += namespace.count }
        }
        known = Set(counts.keys)
        newest = answers.map(\.newest)
        let words = AdminUIWords(server) { [unowned self] in packet($0, $1) }
        let names = known.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let stats = words.stats(sum, since: last, names.map { ($0, counts[$0] ?? 0) })
        last = sum
        let isWhole = answers.allSatisfy { $0.entries != nil }
        let all = answers.flatMap(\.sockets)
        for isForViewers in [false, true] {
            let pages = sockets.filter {
                $0.isConnected && (page($0)?.login.actor.user.role == .viewer) == isForViewers
            }
            guard !pages.isEmpty else { continue }
            let all = words.all(all, isForViewers)
            let news = isWhole ? words.news(answers.compactMap(\.entries).joined(), isForViewers) : []
            for socket in pages {
                let isNew = page(socket)?.isNew == true
                // With nobody to show it has chosen no namespace, and chooses one when it is told all of them.
                page(socket)?.isNew = isNew ? answers.allSatisfy(\.sockets.isEmpty) : !isWhole
                socket.connection.transport.send(isDevelopment ? (isNew ? all : news) + stats : stats)
            }
        }
    }
}

extension AdminUIWords {
    /// All sockets, in place of those that a page has.
    fileprivate func all(_ sights: [SocketSight], _ isForViewers: Bool) -> [UInt8] {
        packet("all_sockets", .array(sights.map { socket($0, isForViewers) }))
    }

    /// What has happened, in its order.
    fileprivate func news(_ entries: some Sequence<SocketObserver.Entry>, _ isForViewers: Bool) -> [UInt8] {
        entries.sorted { $0.at < $1.at }.reduce(into: []) { frames, entry in
            let (namespace, id, time) = (
                JSONValue.string(entry.namespace), JSONValue.string(entry.socket), time(entry.at)
            )
            func update(_ key: String, _ value: JSONValue) -> [UInt8] {
                packet("socket_updated", .object(["id": id, "nsp": namespace, key: value]))
            }
            let frame: [UInt8] =
                switch entry.change {
                case .came(let sight): packet("socket_connected", socket(sight, isForViewers), time)
                case .gone(let reason):
                    packet("socket_disconnected", namespace, id, .string(reason.rawValue), time)
                case .joined(let room): packet("room_joined", namespace, .string(room), id, time)
                case .left(let room): packet("room_left", namespace, .string(room), id, time)
                case .upgraded: update("transport", "websocket")
                case .data(let data): update("data", data)
                case .received(let content): packet("event_received", namespace, id, .array(content), time)
                case .sent(let content): packet("event_sent", namespace, id, .array(content), time)
                }
            frames += frame
        }
    }

    /// An author's socket. Its headers and its query are not shown: cookies and tokens would be among them.
    private func socket(_ sight: SocketSight, _ isForViewers: Bool) -> JSONValue {
        [
            "id": .string(sight.id), "clientId": .string(String(sight.client)),
            "transport": .string(sight.transport), "nsp": .string(sight.namespace), "data": sight.data,
            "handshake": [
                "address": .string(isForViewers ? "" : sight.address), "headers": [:], "query": [:],
                "issued": .integer(milliseconds(sight.since)), "secure": .bool(sight.isSecure),
                "time": time(sight.since), "xdomain": .bool(sight.isCrossOrigin),
            ],
            "rooms": .array(sight.rooms.map { .string($0) }),
        ]
    }
}

extension SocketHub {
    /// This loop's answer to what the pages of the hub's path want to know; the hubs of one path have the same settings on every loop.
    func pagesAnswer(_ question: SocketPagesQuestion) -> SocketPagesAnswer {
        pages?.answer(question) ?? SocketPagesAnswer()
    }
}
