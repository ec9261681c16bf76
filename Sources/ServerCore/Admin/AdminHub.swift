import Determinism
import JSONCore
import LobbyCore

/// The `/admin` namespace: who watches, what they are shown each second, and what they may do
/// (protocol/spec/admin.md).
final class AdminHub {
    /// The most password checks at a time: each costs a slow hash.
    private static let checksMax = 4

    unowned let server: Server
    private var watchers: [AdminWatcher] = []
    private var checksRunning = 0
    private var timer = TimerWheel.Key.none
    private var overview: Overview
    /// Every loop's figures as they were last told, and whether all have been asked for newer ones.
    private var known: [LoopFigures] = []
    private var isAsking = false
    /// Refusals held back, by the id in their timer token.
    private var heldBack: [Int: (Bool) -> Void] = [:]
    private var nextHeldBack = 0

    init(server: Server) {
        self.server = server
        overview = Overview(server: server)
    }

    // MARK: Login

    /// Checks `{"username","password"}`. A refusal is answered after a delay, so that guessing is slow, and counted.
    func login(_ auth: JSONValue, peerAddress: String, _ decided: @escaping (Bool) -> Void) {
        guard let verify = server.hooks.verifyAdmin, checksRunning < Self.checksMax,
            let user = auth["username"]?.string, let password = auth["password"]?.string,
            user.utf8.count <= 128, password.utf8.count <= 256
        else {
            refuse(decided)
            return
        }
        checksRunning += 1
        verify(user, password) { [weak self] isRight in
            guard let self else { return }
            checksRunning -= 1
            guard isRight else {
                server.hooks.log(.warning) { "admin login refused from \(peerAddress)" }
                refuse(decided)
                return
            }
            server.counters[.adminLogins] += 1
            decided(true)
        }
    }

    private func refuse(_ decided: @escaping (Bool) -> Void) {
        server.counters[.adminLoginsRefused] += 1
        let id = nextHeldBack
        nextHeldBack += 1
        heldBack[id] = decided
        let due = server.clock() + server.settings.adminRefusalDelay
        _ = server.wheel.arm(at: due, token: TimerToken.delayedAnswer(id).encoded)
    }

    /// The delay of a held-back refusal is over.
    func answerDue(_ id: Int) {
        heldBack.removeValue(forKey: id)?(false)
    }

    // MARK: Watching

    func add(_ watcher: AdminWatcher) {
        watchers.append(watcher)
        if watchers.count == 1 { armTimer() }
        askForOverview { [weak self, weak watcher] overview in
            guard let self, let watcher, watchers.contains(where: { $0 === watcher }) else { return }
            watcher.emit("overview", overview)
        }
    }

    func remove(_ watcher: AdminWatcher) {
        watchers.removeAll { $0 === watcher }
        if watchers.isEmpty { server.wheel.cancel(timer) }
    }

    /// A second has passed: everyone watching gets the overview, encoded once. A loop that has not answered since the last
    /// one is shown as it was.
    func timeReached(_ now: Instant) {
        guard !watchers.isEmpty else { return }
        armTimer()
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
        for watcher in watchers { watcher.session.transport.send(frames) }
    }

    private func askForOverview(_ answered: @escaping (JSONValue) -> Void) {
        server.loops.askAll(.figures) { [weak self] answers in
            guard let self else { return }
            known = answers.compactMap { answer in
                if case .figures(let figures) = answer { figures } else { nil }
            }
            answered(overview.merged(known))
        }
    }

    /// This loop's own figures, with its lobbies one by one or without.
    func figures(withRows: Bool = true) -> LoopFigures { overview.figures(withRows: withRows) }

    private func armTimer() {
        let due = server.clock() + server.settings.overviewInterval
        timer = server.wheel.arm(at: due, token: TimerToken.admin.encoded)
    }

    // MARK: Commands

    /// Carries out a command and says what came of it, at once or on a later turn: `{"ok": true}` or `{"error": why}`.
    ///
    /// - Parameter actor: The user name of the admin who wants it.
    func command(_ name: String, _ argument: JSONValue, by actor: String, _ answered: @escaping (JSONValue) -> Void) {
        switch name {
        case "overview": askForOverview(answered)
        case "bans": answered(listBans())
        case "unban": answered(unban(argument))
        case "season": answered(season(argument))
        case "ban" where argument["lobby"] == nil: answered(ban(argument, in: nil, by: actor))
        case "kick", "ban", "mute", "close-lobby":
            let id = argument["lobby"]?.string ?? ""
            let loop = server.loops.withDirectory { $0.loop(of: id) } ?? nil
            server.loops.ask(loop ?? server.loops.own, .command(name, argument, by: actor)) { answer in
                if case .outcome(let outcome) = answer { answered(outcome) }
            }
        default: answered(Self.error("no such command: kick, mute, ban, bans, unban, close-lobby, season, overview"))
        }
    }

    /// Carries out a command about a lobby of this loop.
    func lobbyCommand(_ name: String, _ argument: JSONValue, by actor: String) -> JSONValue {
        guard let lobby = lobby(argument) else { return Self.error("no such lobby") }
        if name == "mute" { return mute(argument, in: lobby) }
        guard name != "close-lobby" else {
            lobby.close(reason(argument))
            server.hooks.log(.info) { "admin closed lobby \(lobby.id)" }
            return ["ok": true]
        }
        if name == "ban" { return ban(argument, in: lobby, by: actor) }
        guard let seat = argument["seat"]?.integer.flatMap(Int.init(exactly:)) else {
            return Self.error("\"seat\" must be a seat number")
        }
        guard lobby.kick(seat: seat, reason: reason(argument)) else { return Self.error("the seat is free") }
        server.hooks.log(.info) { "admin kicked seat \(seat) of lobby \(lobby.id)" }
        return ["ok": true]
    }

    private func mute(_ argument: JSONValue, in lobby: HostedLobby) -> JSONValue {
        do throws(MatchRefusal) {
            guard let command = try LobbyCommand(event: "mute", argument) else { return Self.error("no such command") }
            if case .failure(let refusal) = lobby.carryOut(command, by: nil) { throw refusal }
            server.hooks.log(.info) { "admin muted \(argument["seat"]?.text ?? "") of lobby \(lobby.id)" }
            return ["ok": true]
        } catch {
            return .object(error.data)
        }
    }

    private func lobby(_ argument: JSONValue) -> HostedLobby? {
        argument["lobby"]?.string.flatMap { server.lobby($0) }
    }

    /// What the player is told.
    func reason(_ argument: JSONValue) -> String {
        String((argument["reason"]?.string ?? "").prefix(100))
    }

    /// An answer that says why not.
    static func error(_ message: String) -> JSONValue {
        ["error": .string(message)]
    }
}

/// One logged-in admin's socket.
final class AdminWatcher {
    let session: Session
    /// Who it is.
    let user: String

    init(session: Session, user: String) {
        self.session = session
        self.user = user
    }

    func emit(_ name: String, _ data: JSONValue) {
        session.transport.send(SocketIOFrames.event(namespace: "/admin", name, data))
    }
}
