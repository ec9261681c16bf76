import Determinism
import JSONCore

/// What admins are to one loop: who watches, and what they are shown each second (protocol/spec/admin.md).
///
/// What they ask for is in `AdminHub+Calls`, and who they are in `AdminHub+Login`.
final class AdminHub {
    unowned let server: Server
    private(set) var watchers: [AdminWatcher] = []
    private var timer = TimerWheel.Key.none
    private var overview: Overview
    /// What pages of the official UI are told.
    private let ui: AdminUI
    /// Every loop's figures as they were last told, and whether all have been asked for newer ones.
    private var known: [LoopFigures] = []
    private var isAsking = false
    /// Who is being looked at, and who is held back.
    var logins = PendingLogins()

    init(server: Server) {
        self.server = server
        overview = Overview(server: server)
        ui = AdminUI(server: server)
    }

    // MARK: Watching

    func add(_ watcher: AdminWatcher) {
        let isFirstPage = !watchers.contains { $0.page != nil }
        watchers.append(watcher)
        if watchers.count == 1 { armTimer() }
        guard watcher.page == nil else { return ui.greet(watcher, isFirst: isFirstPage) }
        askForOverview { [weak self, weak watcher] overview in
            guard let self, let watcher, watchers.contains(where: { $0 === watcher }) else { return }
            watcher.emit("overview", overview)
        }
    }

    func remove(_ watcher: AdminWatcher) {
        watchers.removeAll { $0 === watcher }
        if watchers.isEmpty { server.wheel.cancel(timer) }
    }

    /// A second has passed: everyone watching gets the overview, encoded once, or what a page of the official UI wants to know. A
    /// loop that has not answered since the last one is shown as it was.
    func timeReached() {
        endWatchers()
        guard !watchers.isEmpty else { return }
        armTimer()
        ui.timeReached(watchers.filter { $0.page != nil })
        guard watchers.contains(where: { $0.page == nil }) else { return }
        if isAsking { return show(overview.merged(known.isEmpty ? [figures()] : known)) }
        isAsking = true
        askForOverview { [weak self] overview in
            self?.isAsking = false
            self?.show(overview)
        }
    }

    private func show(_ overview: JSONValue) {
        guard !watchers.isEmpty else { return }
        let frames = SocketIOFrames.event(namespace: "/admin", "overview", overview)
        for watcher in watchers where watcher.page == nil { watcher.session.transport.send(frames) }
    }

    /// The overview of all loops, with their lobbies one by one or without, at once or on a later turn.
    func askForOverview(withRows: Bool = true, _ answered: @escaping (JSONValue) -> Void) {
        server.loops.askAll(withRows ? .figures : .totals) { [weak self] answers in
            guard let self else { return }
            let loops = answers.compactMap { answer in
                if case .figures(let figures) = answer { figures } else { nil }
            }
            if withRows { known = loops }
            answered(overview.merged(loops))
        }
    }

    /// This loop's own figures, with its lobbies one by one or without.
    func figures(withRows: Bool = true) -> LoopFigures { overview.figures(withRows: withRows) }

    private func armTimer() {
        let due = server.clock() + server.settings.overviewInterval
        timer = server.wheel.arm(at: due, token: TimerToken.admin.encoded)
    }

    // MARK: The end of sessions

    /// Ends the sockets of those who are logged in no more.
    func endWatchers() {
        guard !watchers.isEmpty else { return }
        let now = server.clock()
        let gone = server.loops.withDirectory { [watchers] directory in
            watchers.filter { directory.admins.session($0.login.digest, at: now) == nil }
        }
        for watcher in gone ?? [] { watcher.session.adminEnded(watcher) }
    }
}

/// One logged-in admin's socket.
final class AdminWatcher {
    let session: Session
    /// Who it is, and by what it is known.
    let login: AdminLogin
    /// What a page of the official UI has been shown; nil for a client of ours.
    var page: AdminUIPage?

    init(session: Session, login: AdminLogin, isPage: Bool = false) {
        self.session = session
        self.login = login
        page = isPage ? AdminUIPage() : nil
    }

    /// Whether a CONNECT is one of the official UI's: it has `{"username", "password"}` or `{"sessionId"}`, and cannot be taught more.
    static func isPage(_ auth: JSONValue) -> Bool { auth["client"] == nil && auth["token"] == nil }

    func emit(_ name: String, _ data: JSONValue) {
        session.transport.send(SocketIOFrames.event(namespace: "/admin", name, data))
    }
}
