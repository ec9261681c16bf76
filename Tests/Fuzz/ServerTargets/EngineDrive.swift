internal import ByteKit
internal import Determinism
internal import FuzzTargets
internal import HTTPCore
internal import ServerCore
internal import SocketIOCore
internal import WebSocketCore

/// A client of one Engine.IO session that does what it is told to, right or wrong, and the service at the other end. It
/// checks what comes.
final class EngineDrive {
    let world: FuzzServer
    let service = NumberedService()
    private let revision: EngineRevision
    private let query: String
    /// Nil for a session that began over WebSocket: the client knows the id all the same, but has no use for it.
    private let sid: String
    private let startedAt: Instant

    /// The GETs, and whatever else is answered like one, in order.
    private var polls: [EngineRequestSent] = []
    private var posts: [EngineRequestSent] = []
    private var unfinished: (request: EngineRequestSent, rest: [UInt8])?
    private(set) var sockets: [EngineSocket] = []
    /// Numbers of messages that the service has sent and the client has sent.
    private var saidCount = 0
    private var ownCount = 0
    /// Whether all that happened before has been dealt with by the server.
    private var isSettled = true

    init(_ flags: Int) {
        revision = flags & 1 == 0 ? .four : .three
        let isBase64 = flags & 2 != 0
        let limits = SessionLimits(
            messageBytesMax: 1_000, fragmentsMax: 4, outboxBytesMax: 2_000, messagesPerSecond: nil,
            waitsForReader: flags & 4 != 0, heartbeatInterval: .seconds(25), heartbeatTimeout: .seconds(20))
        world = FuzzServer(ServerSettings())
        world.server.endpoints["/e/"] = .engine(
            EngineEndpoint(limits: limits, policy: EnginePolicy(allowsRevision3: true), service: service))
        query = "EIO=\(revision == .four ? 4 : 3)\(isBase64 ? "&b64=1" : "")&transport="
        startedAt = world.now
        guard flags & 8 == 0 else {
            sid = ""
            sockets.append(EngineSocket(world, "/e/?\(query)websocket"))
            world.turn()
            return
        }
        let handshake = EngineRequestSent(world, "GET", "/e/?\(query)polling")
        world.turn()
        let body = String(decoding: handshake.answer?.body ?? [], as: UTF8.self)
        guard let start = body.firstRange(of: "\"sid\":\"")?.upperBound else {
            preconditionFailure("a handshake without an id")
        }
        sid = String(body[start...].prefix(20))
    }

    private func target(_ transport: String) -> String { "/e/?\(query)\(transport)&sid=\(sid)" }

    // MARK: Time

    func turn() {
        world.turn()
        check()
        isSettled = true
    }

    func run(_ time: Interval) {
        world.run(time)
        check()
    }

    func stall(_ time: Interval) {
        world.stall(time)
        check()
    }

    /// The client falls silent for good.
    func finish() {
        // A beat and its answer, a last poll, and a request that is not whole.
        run(.seconds(25 + 20 + 30 + 20 + 1))
        precondition(world.isIdle, "something was left of a silent client")
        precondition(service.openedCount == service.closedCount, "a session was not closed, or twice")
        check()
    }

    // MARK: Polling

    /// Whether the session is one of polling for all that the client can know.
    private var isPolling: Bool {
        isSettled && service.closedCount == 0 && !sid.isEmpty && !sockets.contains(where: \.mayHaveMoved)
    }

    func poll() {
        let isRight = isPolling && polls.allSatisfy(\.isAnswered)
        let poll = EngineRequestSent(world, "GET", target("polling"))
        polls.append(poll)
        expect(poll, isRight: isRight)
    }

    /// The next packet with a message of the client's own.
    func ownPacket() -> [UInt8] {
        ownCount += 1
        return Array("4\(NumberedService.text(ownCount - 1))".utf8)
    }

    /// Posts that many messages of the client's own: a right request at a right time.
    func postOwn(_ count: Int, isHalf: Bool) {
        let isRight = isPolling && posts.allSatisfy(\.isAnswered) && unfinished == nil
        let packets = (0..<count).map { _ in ownPacket() }
        let separator = revision == .four ? [UInt8(0x1E)] : []
        let framed = packets.map { revision == .four ? $0 : Array("\($0.count):".utf8) + $0 }
        let body = Array(framed.joined(separator: separator))
        let post = begin(body, asBytes: false)
        guard !isHalf || unfinished != nil else {
            unfinished = (post, body)
            return
        }
        post.stream.receive(body)
        expect(post, isRight: isRight)
        if isRight, service.closedCount == 0 { precondition(service.lastNumber == ownCount - 1, "a message was lost") }
    }

    /// Posts whatever it may be.
    func post(_ body: [UInt8], asBytes: Bool = false) {
        begin(body, asBytes: asBytes).stream.receive(body)
    }

    private func begin(_ body: [UInt8], asBytes: Bool) -> EngineRequestSent {
        isSettled = false
        let type = asBytes ? "application/octet-stream" : "text/plain;charset=UTF-8"
        let fields = "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n"
        posts.append(EngineRequestSent(world, "POST", target("polling"), fields: fields))
        return posts[posts.count - 1]
    }

    func finishPost() {
        guard let (request, rest) = unfinished else { return }
        unfinished = nil
        request.stream.receive(rest)
        isSettled = false
    }

    /// A right request of a session that lives is not refused, and does not end it.
    private func expect(_ request: EngineRequestSent, isRight: Bool) {
        isSettled = false
        guard isRight else { return }
        world.turn()
        // Later on it may have been too slow, or silent for too long.
        precondition(service.closedCount == 0 || world.now - startedAt > .seconds(9), "a right request has ended it")
        let status = request.answer?.status ?? 200
        precondition(status == 200 || service.closedCount > 0, "a right request was refused")
    }

    /// A request that is refused whatever the session is up to, and changes nothing.
    func stray(_ choice: Int) {
        let (method, rest, code) = [
            ("GET", "transport=polling&EIO=4&sid=01234567890123456789", 1), ("GET", "transport=carrier&EIO=4", 0),
            ("POST", "transport=polling&EIO=4", 2), ("GET", "transport=polling&EIO=5", 5), ("GET", "EIO=4", 0),
            ("GET", "transport=websocket&EIO=4", 3), ("GET", "transport=polling&EIO=4&EIO=4", 3),
            ("DELETE", "transport=polling&EIO=4&sid=0", 1),
        ][choice]
        let closedCount = service.closedCount
        let request = EngineRequestSent(world, method, "/e/?\(rest)", fields: "Content-Length: 0\r\n")
        world.turn()
        precondition(request.answer?.status == 400 && request.refusal == code, "a stray request got another answer")
        precondition(!isSettled || service.closedCount == closedCount, "a stray request ended a session")
    }

    // MARK: WebSockets

    func openWebSocket() {
        guard sockets.count < 8, !sid.isEmpty else { return }
        sockets.append(EngineSocket(world, target("websocket")))
        isSettled = false
    }

    private func socket(_ choice: Int) -> EngineSocket? {
        sockets.isEmpty ? nil : sockets[sockets.count - 1 - choice % sockets.count]
    }

    func send(_ opcode: WebSocketOpcode, _ payload: [UInt8], over choice: Int) {
        var bytes: [UInt8] = []
        WebSocketFrame.append(opcode, payload.span, to: &bytes, mask: 0x1234_5678)
        sendRaw(bytes, over: choice)
    }

    func sendRaw(_ bytes: [UInt8], over choice: Int) {
        socket(choice)?.send(bytes)
        isSettled = false
    }

    // MARK: Both

    func say(isText: Bool, padding: Int) {
        guard service.closedCount == 0, let session = service.session else { return }
        let message = Array("\(saidCount) ".utf8) + Array(repeating: UInt8(ascii: "."), count: padding)
        saidCount += 1
        if isText { session.send(text: message.span) } else { session.send(binary: message.span) }
        isSettled = false
    }

    func heartbeat(_ choice: Int) {
        let packet = choice & 1 == 0 ? EnginePacket.pong : EnginePacket.ping
        if choice & 2 == 0, revision == .four {
            post(packet)
        } else {
            send(.text, packet, over: choice >> 2)
        }
    }

    func close(_ choice: Int) {
        switch choice & 3 {
        case 0: post(revision == .four ? EnginePacket.close : Array("1:1".utf8))
        case 1: if service.closedCount == 0 { service.session?.close(code: 1000, reason: "over") }
        case 2: send(.close, [3, 0xE8], over: choice >> 2)
        default: socket(choice >> 2)?.stream.end()
        }
        isSettled = false
    }

    func cut(_ choice: Int) {
        switch choice & 3 {
        case 0: polls.last?.stream.cut()
        case 1: posts.last?.stream.cut()
        default: socket(choice >> 2)?.stream.cut()
        }
        isSettled = false
    }

    // MARK: Checks

    private func check() {
        for request in polls + posts { request.check() }
        var numbers: [Int] = []
        for poll in polls where poll.answer?.status == 200 { numbers += poll.numbers(revision) }
        for socket in sockets {
            socket.read(revision)
            numbers += socket.numbers
        }
        precondition(numbers == Array(0..<numbers.count), "messages were lost, doubled or changed places")
        precondition(numbers.count <= saidCount, "more messages came than were sent")
    }
}

/// Takes messages with numbers, which the client counts up.
final class NumberedService: MessageService {
    private(set) var session: MessageSession?
    private(set) var openedCount = 0
    private(set) var closedCount = 0
    private(set) var lastNumber = -1

    /// The message of that number: longer than any that an input can spell out, with its fragments.
    static func text(_ number: Int) -> String { "\(number) " + String(repeating: "x", count: 300) }

    func opened(_ session: MessageSession) {
        precondition(openedCount == 0, "one client has two sessions")
        openedCount += 1
        self.session = session
    }

    func textReceived(_ text: Span<UInt8>, from session: MessageSession) {
        precondition(closedCount == 0, "a message came after the end")
        guard text.count > 300, let number = number(of: [UInt8](copying: text)) else { return }
        // A message of a POST or WebSocket that failed may be missing.
        precondition(number > lastNumber, "messages changed places")
        lastNumber = number
    }

    func binaryReceived(_ bytes: Span<UInt8>, from session: MessageSession) {
        precondition(closedCount == 0, "a message came after the end")
    }

    func pongReceived(_ payload: Span<UInt8>, from session: MessageSession) {}
    func drained(_ session: MessageSession) {}

    func closed(_ session: MessageSession) {
        closedCount += 1
        self.session = nil
    }
}

/// The number at the front of a message.
func number(of message: [UInt8]) -> Int? {
    Int(String(decoding: message.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self))
}
