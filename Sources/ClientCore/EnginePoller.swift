import ByteKit
import HTTPCore
import HTTPTypes
import SocketIOCore

/// What an ``EnginePoller`` tells its owner. Spans are lent for the call.
protocol EnginePollerOwner: AnyObject {
    /// A packet, whole.
    func pollReceived(packet: Span<UInt8>)
    /// A binary message.
    func pollReceived(binary: Span<UInt8>)
    /// Nothing is under way any more, as ``EnginePoller/pause()`` asked for.
    func pollerPaused()
    /// The session is over: a request has failed, in these words. The last call.
    func pollerFailed(_ reason: String)
    /// The packets of a payload are no payload. The last call.
    func pollerMalformed(_ reason: String)
    /// All has been sent, and the server has been told that the session ends. The last call.
    func pollerClosed()
}

/// The client's end of an Engine.IO session over HTTP long polling (protocol/spec/socketio.md §7): a GET that waits for packets
/// on one connection, POSTs with ours on another, one at a time each.
final class EnginePoller: Flushed {
    /// A packet that waits for a POST.
    enum Message {
        /// With its type digit. Whether it may be compressed matters once it goes over a WebSocket.
        case text([UInt8], compresses: Bool)
        case binary([UInt8], compresses: Bool)
    }

    private enum Phase {
        case polling
        /// Nothing more is begun.
        case pausing
        case paused
        /// What waits is still posted, with a close packet at its end.
        case closing
        case ended
    }

    /// More packets in one answer than any server sends.
    private static let packetsMax = 1 << 20
    private static let postFields: HTTPFields = [.contentType: "text/plain;charset=UTF-8"]

    weak var owner: (any EnginePollerOwner)?
    /// Asks for `target` with the session's id in it once there is one.
    var target: String
    /// The most bytes of one POST: what the handshake said.
    var payloadMax = Int.max

    private let options: EngineClientOptions
    private let context: ClientContext
    private let poll: HTTPRequester
    private let post: HTTPRequester
    private(set) var cookies = CookieJar()
    private var phase = Phase.polling
    private var waiting: [Message] = []
    private var isQueued = false

    init(target: String, options: EngineClientOptions, _ context: ClientContext) {
        self.target = target
        self.options = options
        self.context = context
        // Base64, separators and the server's own packets come on top of a message.
        let bodyBytesMax = options.messageBytesMax * 2 + 65_536
        poll = HTTPRequester(context, bodyBytesMax: bodyBytesMax)
        post = HTTPRequester(context, bodyBytesMax: 65_536)
    }

    /// Begins to poll.
    func open() { pollOnce() }

    /// Whether what is sent now goes out in this turn.
    var isWritable: Bool { phase == .polling && !post.isBusy }

    /// How many bytes of messages wait.
    private(set) var queuedBytes = 0

    /// Sends a packet with the next POST.
    func send(_ message: Message) {
        waiting.append(message)
        queuedBytes += message.byteCount
        wake()
    }

    /// Sends a heartbeat with the next POST, ahead of all that waits: it must not be late.
    func sendAhead(_ packet: [UInt8]) {
        waiting.insert(.text(packet, compresses: true), at: 0)
        queuedBytes += packet.count
        wake()
    }

    /// Takes away what waits, in its order: it goes another way.
    func takeWaiting() -> [Message] {
        defer {
            waiting = []
            queuedBytes = 0
        }
        return waiting
    }

    /// Lets what is under way end and begins nothing more; ``EnginePollerOwner/pollerPaused()`` follows, perhaps at once.
    func pause() {
        guard phase == .polling else { return }
        phase = .pausing
        notePause()
    }

    /// Goes on after ``pause()``.
    func resume() {
        guard phase == .pausing || phase == .paused else { return }
        phase = .polling
        if !poll.isBusy { pollOnce() }
        wake()
    }

    /// Posts what waits, tells the server that the session ends, and then ends; ``EnginePollerOwner/pollerClosed()`` follows.
    func close() {
        resume()
        guard phase == .polling else { return }
        phase = .closing
        send(.text(EnginePacket.close, compresses: true))
    }

    /// Ends at once. The owner is not told.
    func abort() {
        owner = nil
        phase = .ended
        poll.abort()
        post.abort()
    }

    private func wake() {
        guard !isQueued, !waiting.isEmpty else { return }
        isQueued = true
        context.queue.append(self)
    }

    // MARK: Posts

    /// Posts what was gathered in a turn.
    func flush() {
        isQueued = false
        guard phase == .polling || phase == .closing, !post.isBusy, !waiting.isEmpty else { return }
        var payload: [UInt8] = []
        var count = 0
        for message in waiting.prefix(options.postPacketsMax) {
            let mark = payload.count
            message.append(to: &payload, isFirst: count == 0)
            // One goes alone if it is too long: then it is the server who says so.
            guard count == 0 || payload.count <= payloadMax else {
                payload.removeLast(payload.count - mark)
                break
            }
            count += 1
            queuedBytes -= message.byteCount
        }
        waiting.removeFirst(count)
        guard let request = request(.post, Self.postFields, body: payload) else { return }
        post.send(request) { [weak self] in self?.posted($0) }
    }

    private func posted(_ outcome: HTTPRequester.Outcome) {
        guard phase != .ended, accepted(outcome) != nil else { return }
        if phase == .closing, waiting.isEmpty { return end { $0.pollerClosed() } }
        notePause()
        wake()
    }

    // MARK: Polls

    private func pollOnce() {
        guard let request = request(.get, [:], body: nil) else { return }
        poll.send(request) { [weak self] in self?.polled($0) }
    }

    private func polled(_ outcome: HTTPRequester.Outcome) {
        // The server answers the last poll when it hears that the session ends; anything else would not be heard either.
        guard phase != .closing || !post.isBusy else { return }
        guard phase != .ended, let body = accepted(outcome) else { return }
        guard receive(body.span) else { return }
        if phase == .polling { pollOnce() } else { notePause() }
    }

    /// Gives the packets of a payload to the owner; whether polling goes on.
    private func receive(_ body: Span<UInt8>) -> Bool {
        var decoder = EnginePayloadDecoder(
            form: .separated, messageBytesMax: options.messageBytesMax, packetsMax: Self.packetsMax)
        do throws(EngineError) {
            while let packet = try decoder.next(body) {
                switch packet {
                case .text(let range): owner?.pollReceived(packet: body.extracting(range))
                case .binary:
                    let message = decoder.message
                    owner?.pollReceived(binary: message.span)
                }
                guard phase != .ended else { return false }
            }
        } catch {
            end { $0.pollerMalformed("\(error)") }
        }
        return phase != .ended
    }

    private func notePause() {
        guard phase == .pausing, !poll.isBusy, !post.isBusy else { return }
        phase = .paused
        owner?.pollerPaused()
    }

    // MARK: Requests

    private func request(_ method: HTTPRequest.Method, _ more: HTTPFields, body: [UInt8]?) -> [UInt8]? {
        var fields = options.fields
        fields[.accept] = "*/*"
        if let cookie = cookies.field { fields[.cookie] = cookie }
        for field in more { fields.append(field) }
        do throws(HTTPError) {
            return try HTTPWriter.request(method, target: target, host: options.host, fields: fields, body: body)
        } catch {
            end { $0.pollerFailed("the request would be malformed: \(error)") }
            return nil
        }
    }

    /// The body of an answer that is one; otherwise the session has ended.
    private func accepted(_ outcome: HTTPRequester.Outcome) -> [UInt8]? {
        switch outcome {
        case .failure(let reason):
            end { $0.pollerFailed(reason) }
            return nil
        case .answer(let response):
            cookies.take(response.head.fields)
            guard response.head.status.code == 200 else {
                let status = response.head.status
                end { $0.pollerFailed("the server answered \(status.code) \(status.reasonPhrase)") }
                return nil
            }
            return response.body
        }
    }

    private func end(_ tell: (any EnginePollerOwner) -> Void) {
        let owner = owner
        abort()
        if let owner { tell(owner) }
    }
}

extension EnginePoller.Message {
    fileprivate var byteCount: Int {
        switch self {
        case .text(let bytes, _), .binary(let bytes, _): bytes.count
        }
    }

    fileprivate func append(to payload: inout [UInt8], isFirst: Bool) {
        switch self {
        case .text(let packet, _):
            EnginePayload.append(text: packet.span, to: &payload, form: .separated, isFirst: isFirst)
        case .binary(let bytes, _):
            EnginePayload.append(binary: bytes.span, to: &payload, form: .separated, isFirst: isFirst)
        }
    }
}
