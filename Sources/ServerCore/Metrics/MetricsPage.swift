import ByteKit
import Crypto
import Determinism
import HTTPCore
import HTTPTypes

/// `/metrics` and `/health`: what monitoring systems ask for (docs/operating.md).
///
/// There are totals only, of nobody in particular: no ids, names or addresses.
extension Server {
    /// Answers with all loops' figures, to who may see them.
    func answerMetrics(_ exchange: HTTPExchange) {
        guard maySeeMetrics(exchange) else {
            return exchange.respond(
                .unauthorized, text: "metrics are for this machine, and for who bears metrics.token",
                fields: [.wwwAuthenticate: "Bearer"])
        }
        askAllLoops(exchange, .totals) { [unowned self] answers in
            let loops = answers.compactMap { if case .figures(let figures) = $0 { figures } else { nil } }
            let body = Array((metrics(loops) + (hooks.metrics?() ?? "")).utf8)
            exchange.respond(
                .ok, fields: [.contentType: MetricsText.contentType, .cacheControl: "no-store"], body: body)
        }
    }

    /// Answers 200 once every loop of the process has said that it turns. Nobody is answered by a process that hangs.
    func answerLiveness(_ exchange: HTTPExchange) {
        askAllLoops(exchange, .alive) { _ in exchange.respond(.ok, text: "ok") }
    }

    /// Answers whether players may be sent here.
    func answerReadiness(_ exchange: HTTPExchange) {
        if drainDeadline == nil {
            exchange.respond(.ok, text: "ok")
        } else {
            exchange.respond(.serviceUnavailable, text: "draining")
        }
    }

    private func askAllLoops(
        _ exchange: HTTPExchange, _ question: LoopQuestion, _ answered: @escaping ([LoopAnswer]) -> Void
    ) {
        exchange.expectAnswer(within: settings.joinTimeout)
        loops.askAll(question, answered)
    }

    /// A proxy on this machine brings requests from elsewhere: it has to bear the token, whether or not it is listed.
    private func maySeeMetrics(_ exchange: HTTPExchange) -> Bool {
        let fields = exchange.head.fields
        if let token = settings.metricsToken, let shown = fields[.authorization], shown.hasPrefix("Bearer ") {
            // Digests compare in constant time.
            return SHA256.hash(data: Array(shown.dropFirst(7).utf8)) == SHA256.hash(data: Array(token.utf8))
        }
        return exchange.peer.isLoopback && !fields.contains { Self.proxyFields.contains($0.name.canonicalName) }
    }

    private static let proxyFields: Set = ["forwarded", "via", "x-forwarded-for"]

    private func metrics(_ loops: [LoopFigures]) -> String {
        var sum = loops[0]
        for figures in loops.dropFirst() { sum.add(figures) }
        var page = MetricsText()
        addGauges(loops, to: &page)
        for (name, help, record) in sum.durations.families {
            page.head(name, "histogram", help)
            page.histogram(
                name, counts: record.counts(upTo: MetricsText.secondsBounds), of: MetricsText.secondsBounds,
                count: record.count, sum: record.seconds)
        }
        for counter in Counter.allCases {
            page.counter(counter.metricName, "\(counter) in docs/limits.md.", sum.counters[counter])
        }
        return page.text
    }

    private func addGauges(_ loops: [LoopFigures], to page: inout MetricsText) {
        func each(_ name: String, _ help: String, _ value: (LoopFigures) -> Int) {
            page.gauge(
                name, help,
                loops.enumerated().map {
                    (labels: [(name: "loop", value: "\($0.offset)")], value: Double(value($0.element)))
                })
        }
        page.gauge(
            "build_info", "1; the label says which version runs.",
            [(labels: [(name: "version", value: hooks.build)], value: 1)])
        page.gauge("uptime_seconds", "How long the server has run.", (clock() - startedAt).seconds)
        page.gauge("draining", "1 while the server drains.", drainDeadline == nil ? 0 : 1)
        each("connections", "Open connections.") { $0.connections }
        each("lobbies", "Lobbies that are open.") { $0.lobbyCount }
        each("seats", "Seats of open lobbies.") { $0.seats.total }
        each("seats_taken", "Seats with a player, connected or not.") { $0.seats.taken }
        each("seats_connected", "Seats whose player is connected.") { $0.seats.connected }
        page.gauge("watchers", "Spectators and event streams.", Double(watcherCount))
        page.gauge("subscribers", "Who is told of the list of lobbies.", Double(subscriberCount))
        page.gauge("polling_sessions", "Engine.IO sessions on long polling.", Double(pollingCount))
    }
}

extension Durations {
    fileprivate var families: [(name: String, help: String, record: DurationRecord)] {
        [
            ("step_lateness_seconds", "How late lobbies' steps were.", lateness),
            ("step_duration_seconds", "How long steps took, without what was sent after them.", steps),
            (
                "snapshot_age_seconds",
                "From the step that a snapshot shows until an input of who had seen it came back.", snapshotAges
            ),
            ("round_trip_seconds", "From a heartbeat's ping to its pong.", roundTrips),
        ]
    }
}

extension Counter {
    /// `snapshotsSent` as `snapshots_sent`.
    var metricName: String {
        var name = ""
        for character in "\(self)" {
            if character.isUppercase { name += "_" }
            name += character.lowercased()
        }
        return name
    }
}
