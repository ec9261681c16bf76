import ByteKit
import Determinism
import HTTPCore
import HTTPTypes

/// Sends requests over one connection that is kept, one at a time; connects anew where the server has closed it.
///
/// A request that may have reached the server is never sent twice.
final class HTTPRequester: ByteStreamHandler, Flushed {
    /// How long a connection may rest and still be used: less than servers keep one, so that they do not close it under a
    /// request.
    private static let restMax = Interval.seconds(3)

    /// What became of a request.
    enum Outcome {
        /// The server's answer.
        case answer(HTTPWholeResponse)
        /// There is none, and why.
        case failure(String)
    }

    private enum Phase {
        /// There is no connection.
        case none
        /// A stream has been asked for.
        case dialing
        /// The connection waits for a request.
        case resting(since: Instant)
        /// A request is under way.
        case busy
        /// No request comes any more.
        case ended
    }

    private let context: ClientContext
    private let bodyBytesMax: Int
    private var phase = Phase.none
    private var stream: (any ByteStream)?
    private var collector: HTTPResponseCollector
    private var out: [UInt8] = []
    private var completion: ((Outcome) -> Void)?

    init(_ context: ClientContext, bodyBytesMax: Int) {
        self.context = context
        self.bodyBytesMax = bodyBytesMax
        collector = HTTPResponseCollector(bodyBytesMax: bodyBytesMax)
    }

    /// Whether a request is under way.
    var isBusy: Bool { completion != nil }

    /// Sends a request; `completion` is called once with what becomes of it, unless ``abort()`` comes first.
    func send(_ request: [UInt8], _ completion: @escaping (Outcome) -> Void) {
        precondition(self.completion == nil, "one request at a time")
        self.completion = completion
        out = request
        switch phase {
        case .resting(let since) where context.clock() - since <= Self.restMax:
            phase = .busy
            context.queue.append(self)
        case .resting, .none:
            drop()
            dial()
        case .ended: fail("the client has ended")
        case .dialing, .busy: preconditionFailure("a request is under way that nobody waits for")
        }
    }

    private func dial() {
        phase = .dialing
        collector = HTTPResponseCollector(bodyBytesMax: bodyBytesMax)
        context.dialer.dial(self) { [weak self] result in
            switch result {
            case .success(let stream):
                guard let self, case .dialing = phase else { return stream.close(.now) }
                self.stream = stream
                stream.handler = self
                phase = .busy
                context.queue.append(self)
            case .failure(let error):
                self?.dialFailed(error)
            }
        }
    }

    private func dialFailed(_ error: DialError) {
        guard case .dialing = phase else { return }
        phase = .none
        fail("no connection: \(error)")
    }

    func flush() {
        guard let stream, !stream.isBlocked, !out.isEmpty else { return }
        context.traffic.bytesOut += UInt64(out.count)
        stream.send(&out, then: [])
    }

    /// Ends everything at once; nobody hears of it.
    func abort() {
        completion = nil
        phase = .ended
        drop()
    }

    /// Lets go of the stream, which may say nothing more.
    private func drop(_ manner: StreamCloseManner = .now) {
        let stream = stream
        self.stream = nil
        stream?.close(manner)
    }

    private func finish(_ outcome: Outcome) {
        let completion = completion
        self.completion = nil
        out = []
        completion?(outcome)
    }

    private func fail(_ reason: String) {
        if case .ended = phase {} else { phase = .none }
        drop()
        finish(.failure(reason))
    }

    // MARK: In

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard stream != nil else { return }
        context.traffic.bytesIn += UInt64(bytes.count)
        guard case .busy = phase else { return fail("the server answered without a request") }
        var cursor = 0
        do throws(HTTPError) {
            while let response = try collector.next(bytes.span, at: &cursor) {
                // An interim response is followed by another one.
                guard response.head.status.code >= 200 else { continue }
                guard cursor == bytes.count else { return fail("the server sent more than its answer") }
                return answered(response)
            }
        } catch {
            fail("the server's answer is malformed: \(error)")
        }
    }

    private func answered(_ response: HTTPWholeResponse) {
        if response.head.keepsAlive {
            phase = .resting(since: context.clock())
        } else {
            phase = .none
            drop(.afterSending)
        }
        finish(.answer(response))
    }

    func streamDrained(_ stream: any ByteStream) {
        if !out.isEmpty { context.queue.append(self) }
    }

    func streamEnded(_ stream: any ByteStream) {
        guard stream === self.stream else { return }
        lost("the server ended the connection")
    }

    func streamClosed(_ stream: any ByteStream) {
        stream.handler = nil
        guard stream === self.stream else { return }
        lost(stream.failure ?? "the connection was lost")
    }

    private func lost(_ reason: String) {
        if isBusy { return fail(reason) }
        if case .ended = phase {} else { phase = .none }
        drop()
    }
}
