import ClientCore
import Determinism
import EventLoop
import Glibc
import JSONCore
import MusterClient
import TLS

/// What `muster monitor` is to do.
package struct MonitorOptions: Sendable {
    /// The server: `http://HOST:PORT`, `https://HOST:PORT`, the same with `ws` and `wss`, or `HOST:PORT`.
    package var server: String
    /// How a server with TLS has to prove who it is.
    package var trust = ServerTrust.system
    /// The admin's name.
    package var user: String
    /// The admin's password.
    package var password: String
    /// Whether to show one overview and end, instead of one each second.
    package var once = false
    /// Whether to print overviews as JSON objects, one to a line.
    package var json = false
    /// Shows this lobby with its seats instead of all lobbies.
    package var lobby: String?
    /// What the lobbies are in the order of.
    package var order = MonitorOrder.players
    /// Shows what happens to connections and seats, and goes on, instead of lobbies: only what is as this says.
    package var events: JSONObject?
    /// Does this and ends, instead of showing anything.
    package var action: MonitorAction?

    /// Options with the defaults above.
    package init(server: String, user: String, password: String) {
        self.server = server
        self.user = user
        self.password = password
    }
}

/// Shows what a server is doing, or does something to it, as an admin.
///
/// - Returns: The exit code: 0 when it was done or shown, 1 when the server could not be reached or refused, with one line
///   on standard error; 2 for an address that is none.
package func runMonitor(_ options: MonitorOptions) -> Int32 {
    guard let address = ServerAddress(options.server) else {
        Console.writeError("muster monitor: --server must be \(ServerAddress.forms), not \"\(options.server)\".\n")
        return 2
    }
    let secure: SecureDialing?
    do throws(TLSError) {
        secure = try SecureDialing(to: address, trust: options.trust)
    } catch {
        Console.writeError("muster monitor: --ca \(error)\n")
        return 2
    }
    do throws(UVError) {
        return try MonitorRun(options, address, secure).run()
    } catch {
        Console.writeError("muster monitor: no way to \(address.authority): \(error.message)\n")
        return 1
    }
}

/// One session of an admin.
private final class MonitorRun {
    /// How long connecting, logging in and the answer may take together.
    private static let patience = Interval.seconds(15)

    private let options: MonitorOptions
    private let address: ServerAddress
    private let loop: EventLoop
    private let client: AdminClient
    private let queue: FlushQueue
    private var answerDeadline: Instant?
    private var overviewCount = 0
    /// The terminal that is drawn over; nil where lines are printed one after the other.
    private var screen: Screen?
    /// What was shown last.
    private var shown: (overview: JSONValue, lobby: JSONValue?)?
    private var resizing: SignalWatcher?
    private var nextEvent: JSONValue?
    private var exitCode: Int32 = 0

    init(_ options: MonitorOptions, _ address: ServerAddress, _ secure: SecureDialing?) throws(UVError) {
        self.options = options
        self.address = address
        let socketAddress = try address.socketAddress.resolved()
        let loop = try EventLoop()
        self.loop = loop
        var system = SystemRandomNumberGenerator()
        let context = ClientContext(
            dialer: LoopDialer(loop: loop, address: socketAddress, secure: secure), clock: { loop.now })
        queue = context.queue
        client = AdminClient(
            host: address.authority, user: options.user, password: options.password, seed: system.next(), context)
        answerDeadline = loop.now + Self.patience
        guard !options.once, !options.json, options.events == nil, options.action == nil, Console.showsOutput else {
            return
        }
        screen = Screen(size: Self.size, hasColors: Console.takesColors)
        resizing = try loop.onSignal(SIGWINCH) { [unowned self] in resized() }
    }

    /// What a terminal that does not say how large it is has at least.
    private static var size: TerminalSize { TerminalSize.ofOutput ?? TerminalSize(columns: 80, rows: 24) }

    func run() -> Int32 {
        client.loggedIn = { [unowned self] in loggedIn() }
        client.overviewReceived = { [unowned self] in show($0) }
        client.ended = { [unowned self] in fail($0) }
        let timer = loop.makeTimer { [unowned self] in timeReached() }
        loop.beforeWaiting = { [unowned self] in
            queue.flush()
            if let wake = nextWake { timer.arm(at: wake) }
        }
        client.start()
        loop.run()
        return exitCode
    }

    private var nextWake: Instant? {
        guard let answerDeadline else { return client.deadline }
        return client.deadline.map { min($0, answerDeadline) } ?? answerDeadline
    }

    private func timeReached() {
        let now = loop.now
        client.timeReached(now)
        if let answerDeadline, now >= answerDeadline {
            fail("no answer within \(Self.patience.seconds) seconds")
        }
    }

    private func loggedIn() {
        guard let action = options.action else { return }
        let command = action.command
        client.command(command.name, command.data) { [unowned self] answer in
            answered(action, answer)
        }
    }

    private func answered(_ action: MonitorAction, _ answer: JSONValue) {
        guard let text = action.text(of: answer, asJSON: options.json) else {
            return fail(answer["error"]?.string ?? "the server's answer is malformed")
        }
        Console.write(text + "\n")
        finish(0)
    }

    private func show(_ overview: JSONValue) {
        guard options.action == nil else { return }
        overviewCount += 1
        // The first one comes with the login: its rates are those of an instant, not of a second.
        if options.once, overviewCount == 1 { return }
        if let filter = options.events { return askForEvents(filter) }
        guard let lobby = options.lobby else { return show(overview, lobby: nil) }
        client.command("lobby", ["lobby": .string(lobby)]) { [unowned self] in show(overview, lobby: $0) }
    }

    /// What has happened since it was asked last; asked with each overview, once a second.
    private func askForEvents(_ filter: JSONObject) {
        var data = filter
        data["after"] = nextEvent
        client.command("events", .object(data)) { [unowned self] answer in
            guard let entries = answer["entries"]?.array else {
                return fail(answer["error"]?.string ?? "the server's answer is malformed")
            }
            answerDeadline = nil
            nextEvent = answer["next"]
            for entry in entries { Console.write((options.json ? entry.text : JournalText.line(entry)) + "\n") }
            if options.once { finish(0) }
        }
    }

    private func show(_ overview: JSONValue, lobby: JSONValue?) {
        answerDeadline = nil
        if options.json {
            Console.write((lobby ?? overview).text + "\n")
        } else if screen != nil {
            if shown == nil { Console.write("\u{1B}[2J") }
            shown = (overview, lobby)
            draw()
        } else {
            let text = OverviewText(overview, server: address.authority, lobby: lobby, by: options.order)
            Console.write(text.lines.map { $0.text + "\n" }.joined())
        }
        if options.once { finish(0) }
    }

    private func draw() {
        guard let screen, let (overview, lobby) = shown else { return }
        let text = OverviewText(
            overview, server: address.authority, lobby: lobby, by: options.order, on: screen.size)
        Console.write(screen.drawing(text.lines))
    }

    /// What is there is shown anew as it fits: a terminal may have wrapped it.
    private func resized() {
        screen?.size = Self.size
        guard shown != nil else { return }
        Console.write("\u{1B}[2J")
        draw()
    }

    private func fail(_ reason: String) {
        Console.writeError("muster monitor: \(address.authority): \(reason)\n")
        finish(1)
    }

    private func finish(_ code: Int32) {
        exitCode = code
        resizing?.close()
        client.close()
        loop.stop()
    }
}
