import Determinism
import JSONCore
import Muster
import MusterClient
import SocketIOCore
import Testing

private struct Line: Codable, Equatable {
    var name: String
    var text: String
}

extension SocketEvent where Payload == Line {
    fileprivate static var said: Self { SocketEvent("said") }
}

extension SocketRequest where Payload == Int, Answer == [Int] {
    fileprivate static var digits: Self { SocketRequest("digits") }
}

@Suite(
    "The Swift client against a server on a loop (reference checklist rows 58 to 62 and 86 to 92)",
    .timeLimit(.minutes(1)))
struct MusterClientTests {
    /// What most servers do.
    private static func serve(_ io: SocketIOServer) {
        for namespace in [io.main, io.namespace("/other")] {
            namespace.on("echo") { socket, message in socket.emit("echo", with: message.arguments) }
            namespace.on("reply") { $1.reply(with: $1.arguments) }
            namespace.on("where") { $1.reply(.string($0.namespace.name), .string("\($0.transport)")) }
            namespace.on("cut") { socket, _ in socket.cut() }
            namespace.on("ask me") { socket, message async throws in
                let answer = try await socket.emitWithAck("question", message.arguments.first)
                message.reply(answer.first)
            }
        }
        io.main.on(.digits) { _, number throws in String(number).compactMap(\.wholeNumberValue) }
    }

    /// Quick to come back.
    private static var quick: SocketManagerOptions {
        var options = SocketManagerOptions()
        options.transports = [.webSocket]
        options.reconnectionDelay = .milliseconds(5)
        options.reconnectionDelayMax = .milliseconds(20)
        return options
    }

    private static func failure(_ work: () async throws -> Void) async -> (any Error)? {
        do {
            try await work()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [false, true])
    func `rows 51 to 55, events and acks go both ways, with bytes and types, in JSON and in MessagePack`(
        isPacked: Bool
    ) async throws {
        var (options, serving) = (Self.quick, SocketIOOptions())
        if isPacked { (options.codec, serving.codec) = (.messagePack, .messagePack) }
        let server = try LiveServer(serving: serving, Self.serve)
        defer { server.end() }
        let socket = try SocketManager(server.url, options).socket()
        defer { socket.manager.close() }
        var echoes = socket.messages("echo").makeAsyncIterator()
        socket.on("question") { $0.reply(["answer": $0.arguments.first]) }
        try await socket.connect()
        #expect(socket.isConnected && socket.id?.count == 20 && !socket.isRecovered)
        let values: [JSONValue] = [1.5, "é", .null, [true, .binary([0, 255])], ["a": [:]]]
        socket.emit("echo", with: SocketArguments(values))
        let echo = await echoes.next()
        #expect(echo?.arguments.values == values)
        let reply = try await socket.emitWithAck("reply", .binary([7]), 2)
        #expect(reply.values == [.binary([7]), 2])
        let asked = try await socket.emitWithAck("ask me", 5)
        #expect(asked.first == ["answer": 5])
        let digits = try await socket.request(.digits, 407)
        #expect(digits == [4, 0, 7])
        socket.disconnect()
    }

    @Test func `row 82, typed events: what is of another type is a problem, and nothing else`() async throws {
        let server = try LiveServer { io in
            io.main.onConnect { socket in
                socket.emit("said", "no line")
                try? socket.emit(.said, Line(name: "Ann", text: "hi"))
            }
        }
        defer { server.end() }
        let socket = try SocketManager(server.url, Self.quick).socket()
        defer { socket.manager.close() }
        let notes = Notes()
        socket.onProblem { if case .handlerFailed(let event, _) = $0 { notes.note("problem \(event)") } }
        socket.on(.said) { (line: Line) in notes.note(line.name) }
        socket.open()
        #expect(await notes.next(2) == ["problem said", "Ann"])
    }

    @Test func `row 92, manager: namespaces share a connection; one that is refused leaves the others alone`()
        async throws
    {
        let server = try LiveServer { io in
            Self.serve(io)
            io.namespace("/closed").use { (_: Socket) throws in throw ConnectRefusal("not you", data: ["why": 7]) }
        }
        defer { server.end() }
        let manager = try SocketManager(server.url, Self.quick)
        defer { manager.close() }
        let notes = Notes()
        manager.onChange { notes.note("\($0)") }
        let sockets = [manager.socket(), manager.socket("/other")]
        for socket in sockets { try await socket.connect() }
        let failure = await Self.failure { try await manager.socket("/closed").connect() }
        #expect(failure as? ClientError == .refused(message: "not you", data: ["why": 7]))
        for (socket, name) in zip(sockets, ["/", "/other"]) {
            let answer = try await socket.emitWithAck("where")
            #expect(answer.values == [.string(name), "webSocket"])
        }
        #expect(sockets[0].id != sockets[1].id)
        sockets[1].disconnect()
        let answer = try await sockets[0].emitWithAck("reply", 1)
        #expect(answer.first == 1 && !sockets[1].isConnected)
        manager.close()
        #expect(await notes.next(2).count { $0.hasPrefix("opened") } == 1, "one connection for all")
    }

    @Test func `row 88, offline: what is said before there is a connection follows in its order; volatile is dropped`()
        async throws
    {
        let server = try LiveServer(Self.serve)
        defer { server.end() }
        let socket = try SocketManager(server.url, Self.quick).socket()
        defer { socket.manager.close() }
        let notes = Notes()
        socket.onProblem { if case .dropped(let event, let reason) = $0 { notes.note("\(event) \(reason)") } }
        var echoes = socket.messages("echo").makeAsyncIterator()
        for number in 0..<10 { socket.emit("echo", .integer(Int64(number))) }
        socket.emit("lost", options: .volatile)
        #expect(await notes.next(1) == ["lost notWritable"])
        async let answer = socket.emitWithAck("reply", "late")
        try await socket.connect()
        for number in 0..<10 {
            let echo = await echoes.next()
            #expect(echo?.arguments.first == .integer(Int64(number)))
        }
        let late = try await answer
        #expect(late.first == "late")
        var options = ClientSocketOptions()
        options.waitingEventsMax = 2
        options.overflow = .dropsOldest
        let full = try SocketManager(server.url, Self.quick).socket("/other", options)
        defer { full.manager.close() }
        full.onProblem { if case .dropped(_, let reason) = $0 { notes.note("full \(reason)") } }
        var kept = full.messages("echo").makeAsyncIterator()
        for number in 0..<3 { full.emit("echo", .integer(Int64(number))) }
        #expect(await notes.next(1) == ["full bufferFull"])
        try await full.connect()
        let first = await kept.next()
        #expect(first?.arguments.first == 1)
    }

    @Test func `row 90, acks: an answer that does not come in time, and one whose connection goes`() async throws {
        let server = try LiveServer(Self.serve)
        defer { server.end() }
        let socket = try SocketManager(server.url, Self.quick).socket()
        defer { socket.manager.close() }
        try await socket.connect()
        var failure = await Self.failure {
            _ = try await socket.emitWithAck("nobody answers", timeout: .milliseconds(20))
        }
        #expect(failure as? AckError == .timedOut)
        failure = await Self.failure { _ = try await socket.emitWithAck("cut") }
        #expect(failure as? AckError == .disconnected)
        let task = Task { _ = try await socket.emitWithAck("nobody answers") }
        task.cancel()
        failure = await Self.failure { try await task.value }
        #expect(failure is CancellationError)
    }

    @Test func `row 89, retries: an event is sent again until it is answered, and the next one waits for it`()
        async throws
    {
        let notes = Notes()
        let server = try LiveServer { io in
            var count = 0
            io.main.on("job") { _, message in
                notes.note("\(message.arguments.first)")
                count += 1
                if count != 1 { message.reply() }
            }
        }
        defer { server.end() }
        var options = ClientSocketOptions()
        options.retries = 3
        options.ackTimeout = .milliseconds(40)
        let socket = try SocketManager(server.url, Self.quick).socket("/", options)
        defer { socket.manager.close() }
        try await socket.connect()
        socket.emit("job", 1)
        socket.emit("job", 2)
        #expect(await notes.next(3) == ["integer(1)", "integer(1)", "integer(2)"])
    }

    @Test func `row 86, coming back: the server ends and another comes; what was said meanwhile arrives`() async throws
    {
        let first = try LiveServer(Self.serve)
        defer { first.end() }
        let manager = try SocketManager(first.url, Self.quick)
        defer { manager.close() }
        let notes = Notes()
        let socket = manager.socket()
        socket.onConnect { notes.note("connected") }
        socket.onDisconnect { notes.note($0.rawValue) }
        try await socket.connect()
        let id = socket.id
        await first.stop()
        #expect(await notes.next(2) == ["connected", "transport close"])
        var echoes = socket.messages("echo").makeAsyncIterator()
        socket.emit("echo", "meanwhile")
        let second = try LiveServer(port: first.port, Self.serve)
        defer { second.end() }
        #expect(second.port == first.port)
        #expect(await notes.next(1) == ["connected"])
        let echo = await echoes.next()
        #expect(echo?.arguments.first == "meanwhile" && socket.id != id && !socket.isRecovered)
        await second.stop()
    }

    @Test func `row 86, giving up: after so many attempts whoever waits is told`() async throws {
        let gone = try LiveServer(Self.serve)
        defer { gone.end() }
        await gone.stop()
        var options = Self.quick
        options.reconnectionAttempts = 2
        let manager = try SocketManager(gone.url, options)
        defer { manager.close() }
        let notes = Notes()
        manager.onChange { change in
            switch change {
            case .lost: notes.note("lost")
            case .waiting(_, let attempt): notes.note("waiting \(attempt)")
            case .gaveUp: notes.note("gave up")
            case .opened, .upgraded: notes.note("opened")
            }
        }
        let failure = await Self.failure { try await manager.socket().connect() }
        guard case .unreachable? = failure as? ClientError else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(await notes.next(6) == ["lost", "waiting 1", "lost", "waiting 2", "lost", "gave up"])
    }

    @Test func `row 79, recovery: the place, and what was missed, come before connect returns`() async throws {
        var serving = SocketIOOptions()
        serving.connectionStateRecovery = ConnectionStateRecovery()
        let server = try LiveServer(serving: serving) { io in
            Self.serve(io)
            io.main.onDisconnect { socket, _ in
                for number in 1...3 { io.main.in("red").emit("missed", .integer(Int64(number))) }
            }
            io.main.on("join") { socket, message in
                socket.join("red")
                message.reply()
            }
        }
        defer { server.end() }
        let socket = try SocketManager(server.url, Self.quick).socket()
        defer { socket.manager.close() }
        let notes = Notes()
        socket.on("missed") { notes.note("\($0.arguments.first)") }
        socket.onConnect { notes.note("connected") }
        try await socket.connect()
        let id = socket.id
        _ = try await socket.emitWithAck("join")
        socket.emit("cut")
        #expect(
            await notes.next(5) == ["connected", "integer(1)", "integer(2)", "integer(3)", "connected"])
        #expect(socket.id == id && socket.isRecovered)
    }

    @Test(arguments: [[SocketManagerOptions.Transport.polling], [.webSocket], [.polling, .webSocket]])
    func `row 91, transports: polling, a WebSocket, or one after the other`(
        transports: [SocketManagerOptions.Transport]
    ) async throws {
        let server = try LiveServer(Self.serve)
        defer { server.end() }
        var options = Self.quick
        options.transports = transports
        let manager = try SocketManager(server.url, options)
        defer { manager.close() }
        let notes = Notes()
        manager.onChange { notes.note("\($0)") }
        let socket = manager.socket()
        try await socket.connect()
        let opened = await notes.next(1)
        #expect(opened == ["opened(\(Self.name(transports[0])))"])
        if transports.count == 2 { #expect(await notes.next(1) == ["upgraded"]) }
        let large = JSONValue.string(String(repeating: "x", count: 100_000))
        let answer = try await socket.emitWithAck("reply", large, .binary([UInt8](repeating: 7, count: 50_000)))
        #expect(answer.first == large && answer.values.count == 2)
        let place = try await socket.emitWithAck("where")
        #expect(place.values.last == .string(transports.last == .polling ? "polling" : "webSocket"))
        manager.close()
    }

    private static func name(_ transport: SocketManagerOptions.Transport) -> String {
        "MusterClient.SocketManagerOptions.Transport.\(transport)"
    }

    @Test func `row 81, order: while an async handler is under way later events wait, and sequences end with it`()
        async throws
    {
        let server = try LiveServer { io in
            io.main.onConnect { socket in for number in 1...3 { socket.emit("e", .integer(Int64(number))) } }
        }
        defer { server.end() }
        let manager = try SocketManager(server.url, Self.quick)
        defer { manager.close() }
        let socket = manager.socket()
        let notes = Notes()
        socket.on("e") { message async throws in
            notes.note("begins \(message.arguments.first)")
            for _ in 0..<5 { await Task.yield() }
            notes.note("ends \(message.arguments.first)")
        }
        let sequence = socket.messages("e")
        socket.open()
        let expected = (1...3).flatMap { ["begins integer(\($0))", "ends integer(\($0))"] }
        #expect(await notes.next(6) == expected)
        manager.close()
        var count = 0
        for await _ in sequence { count += 1 }
        #expect(count == 3)
    }

    @Test func `row 20, TLS: a server that proves who it is, or need not; one that cannot is not spoken to`()
        async throws
    {
        let certificate = try Certificate()
        let server = try LiveServer(certificate: (certificate.chain, certificate.key), Self.serve)
        defer { server.end() }
        let url = "https://127.0.0.1:\(server.port)"
        for trust in [ServerTrust.authorities(path: certificate.chain), .anyone] {
            var options = Self.quick
            options.trust = trust
            options.transports = [.polling, .webSocket]
            let manager = try SocketManager(url, options)
            let socket = manager.socket()
            try await socket.connect()
            let answer = try await socket.emitWithAck("reply", "secret")
            #expect(answer.first == "secret")
            manager.close()
        }
        var options = Self.quick
        options.reconnects = false
        let manager = try SocketManager(url, options)
        defer { manager.close() }
        let failure = await Self.failure { try await manager.socket().connect() }
        guard case .unreachable? = failure as? ClientError else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(throws: ClientError.self) {
            var options = SocketManagerOptions()
            options.trust = .authorities(path: certificate.key)
            _ = try SocketManager(url, options)
        }
        #expect(throws: ClientError.self) { _ = try SocketManager("ftp://host") }
    }
}
