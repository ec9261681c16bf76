internal import Determinism

/// Checks what goes over the wire: requests and their answers, tokens, and what a refusal costs.
final class WireCheck: WireWitness {
    /// The most that a refused connection may be sent.
    private static let refusalBytesMax = 512

    private struct Request {
        var at: Instant
        var line: String
        /// The session whose GET it is.
        var polls: Substring?
    }

    /// One connection, as the server sees it.
    private final class Line {
        let client: String
        /// Whether its client speaks HTTP as it should: of others' bytes nobody can say what is a request.
        let isCounted: Bool
        var requests = HTTPTally()
        var answers = HTTPTally()
        var waiting: [Request] = []
        var isRefused = false
        var sentCount = 0

        init(_ client: String) {
            self.client = client
            isCounted = !client.hasPrefix(Attacker.nodeName)
        }
    }

    private let breaches: BreachList
    private let time: SimulatedTime
    private let tokens: TokenCheck
    /// By the connection's number.
    private var lines: [Line?] = [nil]
    /// GETs under way, by session; and the sessions that have come to more than one in this turn.
    private var polls: [Substring: Int] = [:]
    private var overlaps: [(sid: Substring, since: Instant)] = []
    /// How long a GET may be under way beside another: where the connection has to move to the session's loop first, as long as that
    /// may stand still.
    private let overlapMax: Interval

    init(_ tokens: TokenCheck, _ breaches: BreachList, _ time: SimulatedTime, loops: Int) {
        overlapMax = loops > 1 ? .seconds(15) : .zero
        self.tokens = tokens
        self.breaches = breaches
        self.time = time
    }

    func opened(_ pipe: SimulatedPipe) {
        while lines.count <= pipe.connection { lines.append(nil) }
        lines[pipe.connection] = Line(pipe.client.node.name)
    }

    /// The server has turned a connection away.
    func refused(_ connection: Int) {
        guard let line = lines[connection] else { return }
        line.isRefused = true
        judgeRefusal(line)
    }

    func sent(_ first: [UInt8], _ second: [UInt8], by side: PipeSide, on connection: Int) {
        guard side == .server, let line = lines[connection] else { return }
        if !first.isEmpty { tokens.sent(first, on: connection) }
        if !second.isEmpty { tokens.sent(second, on: connection) }
        line.sentCount += first.count + second.count
        if line.isRefused { judgeRefusal(line) }
        guard line.isCounted, !line.answers.isTunnel else { return }
        line.answers.take(first.span) { answered($0, line) }
        line.answers.take(second.span) { answered($0, line) }
    }

    private func judgeRefusal(_ line: Line) {
        guard line.sentCount > Self.refusalBytesMax else { return }
        breaches.note(.cheapRefusal, "\(line.client) was refused with \(line.sentCount) bytes")
    }

    private func answered(_ status: String, _ line: Line) {
        guard !line.waiting.isEmpty else {
            // Who is turned away before a request is told so.
            let isUnasked = ["HTTP/1.1 503", "HTTP/1.1 408"].contains { status.hasPrefix($0) }
            if !isUnasked {
                breaches.note(.oneAnswer, "\(line.client) was sent \(status) and had asked for nothing more")
            }
            return
        }
        forget(line.waiting.removeFirst())
    }

    func received(_ bytes: Span<UInt8>, at side: PipeSide, on connection: Int) {
        guard side == .server, let line = lines[connection], line.isCounted, !line.answers.isTunnel else { return }
        line.requests.take(bytes) { asked($0, line) }
    }

    private func asked(_ line: String, _ connection: Line) {
        var request = Request(at: time.now, line: line, polls: nil)
        if line.hasPrefix("GET "), let sid = sid(of: line) {
            request.polls = sid
            let count = polls[sid, default: 0] + 1
            polls[sid] = count
            if count > 1 { overlaps.append((sid, time.now)) }
        }
        connection.waiting.append(request)
    }

    private func sid(of line: String) -> Substring? {
        guard line.contains("transport=polling") else { return nil }
        return line.split(separator: " ")[1].split(separator: "&").first { $0.hasPrefix("sid=") }?.dropFirst(4)
    }

    private func forget(_ request: Request) {
        guard let sid = request.polls, let count = polls[sid] else { return }
        polls[sid] = count > 1 ? count - 1 : nil
    }

    func closed(_ side: PipeSide, on connection: Int) {
        guard side == .server, let line = lines[connection] else { return }
        for request in line.waiting { forget(request) }
        lines[connection] = nil
    }

    /// The server's turn has ended: now no session has two GETs that wait.
    func turnEnded() {
        guard !overlaps.isEmpty else { return }
        overlaps.removeAll { polls[$0.sid, default: 0] < 2 }
        for overlap in overlaps where time.now >= overlap.since + overlapMax {
            breaches.note(
                .oneRequest, "the session \(overlap.sid) has \(polls[overlap.sid, default: 0]) GETs under way")
        }
    }

    /// Checks that no request has waited longer than that.
    func checkWaiting(_ longest: Interval) {
        for line in lines {
            guard let line, let request = line.waiting.first, time.now > request.at + longest else { continue }
            breaches.note(
                .oneAnswer, "\(line.client) has waited \((time.now - request.at).seconds) s for \(request.line)")
        }
    }
}
