import Determinism
import JSONCore
import SocketIOCore

/// What other servers have been asked, and have not all answered.
final class ClusterRequests {
    /// The most that are under way; what is more is answered with what is known here.
    static let openMax = 1_024

    /// One question.
    private final class Open {
        /// How many servers are to answer.
        let expected: Int
        var answered: [String] = []
        var answeredCount = 0
        let take: (ClusterAnswer) -> Void
        let done: (_ missing: [String]) -> Void
        let deadline: Int

        init(
            expected: Int, deadline: Int, take: @escaping (ClusterAnswer) -> Void,
            done: @escaping (_ missing: [String]) -> Void
        ) {
            self.expected = expected
            self.deadline = deadline
            self.take = take
            self.done = done
        }
    }

    /// A question to clients of other servers.
    private struct Ask {
        /// How many servers have not said how many clients they ask.
        var left: Int
        let report: (SocketAskReport) -> Void
    }

    private unowned let hub: SocketHub
    private var open: [String: Open] = [:]
    private var asks: [String: Ask] = [:]
    /// Servers that say who they are when they answer, in the order in which they first did.
    private var known: [String] = []
    private static let knownMax = 256

    /// Whether this server is one of those who listen.
    private let isCounted: Bool

    init(_ hub: SocketHub, isCounted: Bool) {
        self.hub = hub
        self.isCounted = isCounted
    }

    /// Counts the other servers on a channel that all of them hear: nil where nobody knows, or when there is no room for another
    /// request.
    func countOthers(on bus: any ClusterBus, _ channel: String, _ done: @escaping (Int?) -> Void) {
        guard open.count + asks.count < Self.openMax else { return done(nil) }
        var isDone = false
        let deadline = hub.after(hub.settings.requestTimeout) {
            isDone = true
            done(nil)
        }
        bus.countListeners(channel) { [weak hub, isCounted] count in
            guard !isDone else { return }
            isDone = true
            hub?.callOff(deadline)
            done(count.map { max(0, $0 - (isCounted ? 1 : 0)) })
        }
    }

    /// Awaits sockets of so many servers.
    func awaitSockets(
        _ id: String, servers: Int, _ identity: ClusterIdentity, _ done: @escaping (SocketFinding) -> Void
    ) {
        var found: [SocketDescription] = []
        expect(id, expected: servers) { [hub] answer in
            guard case .sockets(let values) = answer else { return }
            let forms = ClusterSockets(hub, identity)
            for value in values {
                hub.attempt { () throws(ClusterMessageError) in found.append(try forms.socket(value)) }
            }
        } done: { missing in
            done(SocketFinding(sockets: found, missing: missing))
        }
    }

    /// Awaits what so many servers answer.
    func awaitAnswers(_ id: String, servers: Int, _ done: @escaping (SocketAnswers) -> Void) {
        var answers = SocketAnswers()
        expect(id, expected: servers) { answer in
            if case .answer(let value) = answer { answers.answers.append(SocketArguments([value])) }
        } done: { missing in
            answers.missing = missing.count
            answers.missingServers = missing
            answers.isTimedOut = !missing.isEmpty
            done(answers)
        }
    }

    /// Awaits answers.
    ///
    /// - Parameters:
    ///   - expected: How many servers are to answer; more than none.
    ///   - take: Told of each answer.
    ///   - done: Called once: when all have answered, or at the timeout, with as many names as have not; `unknown` for one
    ///     that has never said its own.
    private func expect(
        _ id: String, expected: Int, take: @escaping (ClusterAnswer) -> Void,
        done: @escaping (_ missing: [String]) -> Void
    ) {
        let deadline = hub.after(hub.settings.requestTimeout) { [weak self] in self?.timeReached(id) }
        open[id] = Open(expected: expected, deadline: deadline, take: take, done: done)
    }

    /// Takes a server's answer.
    func answered(_ id: String, by sender: String?, _ answer: ClusterAnswer) {
        guard let request = open[id] else { return }
        if let sender {
            // A server that has come back to Redis twice over answers twice.
            guard !request.answered.contains(sender) else { return }
            request.answered.append(sender)
            if !known.contains(sender) {
                if known.count == Self.knownMax { known.removeFirst() }
                known.append(sender)
            }
        }
        request.take(answer)
        request.answeredCount += 1
        guard request.answeredCount >= request.expected else { return }
        // All have answered, so whoever was known and has not is no more.
        known.removeAll { !request.answered.contains($0) }
        finish(id, request, missing: [])
    }

    // MARK: Questions to clients

    /// Whether there are servers whose clients can be asked. Where nobody knows, one that does not answer stands for them.
    func canAsk(_ servers: Int?, _ report: (SocketAskReport) -> Void) -> Bool {
        if let servers, servers > 0 { return true }
        if servers == nil {
            report(.asked(1))
            report(.missed)
        }
        report(.complete)
        return false
    }

    /// Awaits acks of clients of so many other servers, more than none, until `timeout` has passed.
    func awaitAcks(
        _ id: String, servers: Int, timeout: Interval, report: @escaping (SocketAskReport) -> Void
    ) {
        asks[id] = Ask(left: servers, report: report)
        _ = hub.after(timeout) { [weak self] in self?.asks[id] = nil }
    }

    /// A server asks so many clients.
    func asked(_ id: String, clients: Int) {
        guard let ask = asks[id], ask.left > 0 else { return }
        asks[id]?.left -= 1
        ask.report(.asked(clients))
        if ask.left == 1 { ask.report(.complete) }
    }

    /// A client has answered.
    func acknowledged(_ id: String, _ value: JSONValue) {
        asks[id]?.report(.answered(SocketArguments([value])))
    }

    private func timeReached(_ id: String) {
        guard let request = open[id] else { return }
        let count = request.expected - request.answeredCount
        var missing = Array(known.filter { !request.answered.contains($0) }.prefix(count))
        missing += Array(repeating: "unknown", count: count - missing.count)
        finish(id, request, missing: missing)
    }

    private func finish(_ id: String, _ request: Open, missing: [String]) {
        hub.callOff(request.deadline)
        open[id] = nil
        request.done(missing)
    }
}

/// What another server has answered.
enum ClusterAnswer {
    case sockets([JSONValue])
    case answer(JSONValue)
}
