import Determinism
import HTTPTypes
import JSONCore
import Testing

@testable import Muster

private struct Line: Codable, Equatable {
    var name: String
    var text: String
}

extension SocketEvent where Payload == Line {
    fileprivate static var chat: Self { SocketEvent("chat") }
}

extension SocketRequest where Payload == Int, Answer == [Int] {
    fileprivate static var digits: Self { SocketRequest("digits") }
}

private struct Broken: Error, CustomStringConvertible { var description: String { "broken" } }

/// A gate that handlers wait at.
private final class Gate {
    private var waiting: [CheckedContinuation<Void, Never>] = []
    var count: Int { waiting.count }

    func wait() async { await withCheckedContinuation { waiting.append($0) } }
    func open() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

@Suite("Socket.IO in Swift's words, on a loop (reference checklist rows 48, 57 to 62, 81 and 82)", .serialized)
struct SocketHandlingTests {
    /// What `work` throws.
    private static func failure(_ work: () async throws -> Void) async -> (any Error)? {
        do {
            try await work()
            return nil
        } catch {
            return error
        }
    }

    private static func digits(_ number: Int) throws -> [Int] {
        guard number >= 0 else { throw Broken() }
        return String(number).compactMap(\.wholeNumberValue)
    }

    @Test(arguments: [false, true])
    func `row 82, typed events: a payload comes and goes as its type; another kind is logged and dropped`(
        isAsync: Bool
    ) async throws {
        try await SocketStage.play { io in
            if isAsync {
                io.main.on(.chat) { socket, line async throws in
                    await Task.yield()
                    try socket.emit(.chat, Line(name: line.name, text: line.text.uppercased()))
                }
            } else {
                io.main.on(.chat) { socket, line throws in
                    try socket.emit(.chat, Line(name: line.name, text: line.text.uppercased()))
                }
            }
        } script: { stage in
            let peer = await stage.guest()
            peer.say(#"42["chat",{"name":"Ann","text":5}]"#, #"42["chat"]"#, #"42["chat",{"name":"Ann","text":"hi"}]"#)
            await peer.hears(#"42["chat",{"name":"Ann","text":"HI"}]"#)
            let log = stage.takeLog()
            #expect(log.count == 2 && log.allSatisfy { $0.hasPrefix("the event \"chat\" was not handled: ") })
            try stage.io.main.emit(.chat, Line(name: "all", text: "x"))
            try stage.io.main.in(stage.io.main.sockets[0].id).emit(.chat, Line(name: "room", text: "y"))
            await peer.hears(#"42["chat",{"name":"all","text":"x"}]"#, #"42["chat",{"name":"room","text":"y"}]"#)
        }
    }

    @Test(arguments: [false, true])
    func `row 82, typed requests: what the handler returns is the ack; what it throws is logged, and no ack`(
        isAsync: Bool
    ) async throws {
        try await SocketStage.play { io in
            if isAsync {
                io.main.on(.digits) { _, number async throws in
                    await Task.yield()
                    return try Self.digits(number)
                }
            } else {
                io.main.on(.digits) { _, number throws in try Self.digits(number) }
            }
        } script: { stage in
            let peer = await stage.guest()
            peer.say(#"421["digits",-1]"#, #"422["digits","x"]"#, #"42["digits",7]"#, #"423["digits",42]"#)
            await peer.hears("433[[4,2]]")
            #expect(stage.takeLog().count == 2)
        }
    }

    @Test(arguments: [false, true])
    func `row 78, coming and going: what a handler throws is logged, and that is all`(isAsync: Bool) async throws {
        try await SocketStage.play { io in
            if isAsync {
                io.main.onConnect { _ async throws in throw Broken() }
            } else {
                io.main.onConnect { _ throws in throw Broken() }
            }
            io.main.onDisconnecting { _, _ in throw Broken() }
            io.main.onDisconnect { _, _ in throw Broken() }
            io.main.on("e") { $1.reply() }
        } script: { stage in
            let peer = await stage.guest()
            peer.say(#"421["e"]"#)
            await peer.hears("431[]")
            #expect(stage.takeLog() == ["a handler of clients that come or go failed: broken"])
            stage.io.main.sockets[0].disconnect()
            await peer.hears("41")
            #expect(stage.takeLog().count == 2)
        }
    }

    @Test func `row 62, emitWithAck: the answer, or why there is none`() async throws {
        try await SocketStage.play { _ in
        } script: { stage in
            let peer = await stage.guest()
            let socket = stage.io.main.sockets[0]
            let gate = Gate()
            stage.io.loop.task {
                do {
                    let answer = try await socket.emitWithAck("sure?", 1, "x")
                    #expect(answer.values == ["yes", 2])
                    let digits = try await socket.request(SocketRequest.digits, 42)
                    #expect(digits == [4, 2])
                } catch {
                    Issue.record(error)
                }
                var failure = await Self.failure { _ = try await socket.request(SocketRequest.digits, 1) }
                #expect(failure is DecodingError)
                failure = await Self.failure {
                    _ = try await socket.emitWithAck("slow?", timeout: .milliseconds(20))
                }
                #expect(failure as? AckError == .timedOut)
                failure = await Self.failure { _ = try await socket.emitWithAck("gone?") }
                #expect(failure as? AckError == .disconnected)
                failure = await Self.failure { _ = try await socket.emitWithAck("still?") }
                #expect(failure as? AckError == .disconnected)
                gate.open()
            }
            await peer.hears(#"420["sure?",1,"x"]"#)
            peer.say(#"430["yes",2]"#)
            await peer.hears(#"421["digits",42]"#)
            peer.say("431[[4,2]]")
            await peer.hears(#"422["digits",1]"#)
            peer.say(#"432["one"]"#)
            await peer.hears(#"423["slow?"]"#)
            await peer.hears(#"424["gone?"]"#)
            peer.end()
            await gate.wait()
            #expect("\(AckError.timedOut) \(AckError.disconnected)".contains("in time"))
        }
    }

    @Test func `row 61, broadcast acks: all that answer, and how many do not`() async throws {
        try await SocketStage.play { _ in
        } script: { stage in
            let (ann, bob) = (await stage.guest(), await stage.guest())
            let main = stage.io.main
            let gate = Gate()
            stage.io.loop.task {
                let all = await main.all.emitWithAck("vote", "x")
                #expect(all.answers.map(\.first) == ["b", "a"] && all.missing == 0)
                let some = await main.all.emitWithAck("again", timeout: .milliseconds(30))
                #expect(some.answers.isEmpty && some.missing == 2)
                let nobody = await main.in("nowhere").emitWithAck("hello?")
                #expect(nobody.answers.isEmpty && nobody.missing == 0)
                let told = await main.serverSideEmitWithAck("anybody?")
                #expect(told.answers.isEmpty)
                gate.open()
            }
            await ann.hears(#"420["vote","x"]"#)
            await bob.hears(#"420["vote","x"]"#)
            bob.say(#"430["b"]"#)
            ann.say(#"430["a"]"#)
            await ann.hears(#"421["again"]"#)
            await gate.wait()
        }
    }

    @Test func `row 81, order: while a handler awaits, its client's events wait, others' do not, and acks pass`()
        async throws
    {
        let gate = Gate()
        try await SocketStage.play { io in
            io.main.on("slow") { socket, message async throws in
                await gate.wait()
                let answer = try await socket.emitWithAck("which?")
                socket.emit("slow", answer.first)
                throw Broken()
            }
            io.main.on("fast") { socket, message in socket.emit("fast", message.arguments.first) }
        } script: { stage in
            let (ann, bob) = (await stage.guest(), await stage.guest())
            ann.say(#"42["slow"]"#, #"42["fast",1]"#, #"42["fast",2]"#)
            while gate.count == 0 { await Task.yield() }
            bob.say(#"42["fast",3]"#)
            await bob.hears(#"42["fast",3]"#)
            gate.open()
            await ann.hears(#"420["which?"]"#)
            ann.say(#"42["fast",4]"#, "430[0]")
            await ann.hears(#"42["slow",0]"#, #"42["fast",1]"#, #"42["fast",2]"#, #"42["fast",4]"#)
            #expect(stage.takeLog() == [#"the event "slow" was not handled: broken"#])
        }
    }

    @Test func `row 81, order: events wait for an async connection handler, too`() async throws {
        let gate = Gate()
        try await SocketStage.play { io in
            io.main.onConnect { socket async in
                await gate.wait()
                socket.emit("ready")
            }
            io.main.on("go") { socket, _ in socket.emit("gone") }
        } script: { stage in
            let peer = await stage.guest()
            peer.say(#"42["go"]"#)
            while gate.count == 0 { await Task.yield() }
            gate.open()
            await peer.hears(#"42["ready"]"#, #"42["gone"]"#)
        }
    }

    @Test func `row 48, middlewares: in their order, sync or async; a refusal is told, another error is not`()
        async throws
    {
        try await SocketStage.play { io in
            io.main.use { socket throws in
                if socket.handshake.auth["ban"] == true { throw ConnectRefusal("banned", data: ["for": "ever"]) }
                socket.data = ["n": 1]
            }
            io.main.use { socket async throws in
                await Task.yield()
                if socket.handshake.auth["break"] == true { throw Broken() }
                socket.join("checked")
            }
            io.main.on("who") { socket, message in message.reply(socket.data, .string(socket.rooms[1])) }
        } script: { stage in
            let peer = await stage.peer()
            _ = await peer.next()
            peer.say(#"40{"ban":true}"#)
            await peer.hears(#"44{"message":"banned","data":{"for":"ever"}}"#)
            peer.say(#"40{"break":true}"#)
            await peer.hears(#"44{"message":"not authorized"}"#)
            #expect(stage.takeLog() == ["a middleware of Socket.IO failed: broken"])
            peer.say("40")
            await peer.hears(prefix: #"40{"sid""#)
            peer.say(#"421["who"]"#)
            await peer.hears(#"431[{"n":1},"checked"]"#)
        }
    }

    @Test func `row 46, dynamic namespaces: a pattern, a function, and one that awaits`() async throws {
        var opened: [String] = []
        try await SocketStage.play { io in
            io.onNamespace { opened.append($0.name) }
            io.namespaces(matching: /\/dyn-[0-9]+/).on("where") { $1.reply(.string($0.namespace.name)) }
            _ = io.namespaces { (name: String, auth: JSONValue) in name == "/sync" && auth["key"] == "k" }
            _ = io.namespaces { (name: String, auth: JSONValue) async in
                await Task.yield()
                return name == "/async"
            }
        } script: { stage in
            let peer = await stage.peer()
            _ = await peer.next()
            peer.say("40/dyn-7,", "40/dyn-x,", #"40/sync,{"key":"k"}"#, "40/async,", "40/none,")
            let answers = await peer.next(5)
            #expect(answers.count { $0.hasPrefix("40/") } == 3)
            #expect(answers.filter { $0.hasPrefix("44") }.map { $0.prefix(8) } == ["44/dyn-x", "44/none,"])
            #expect(Set(opened) == ["/dyn-7", "/sync", "/async"])
            peer.say(#"42/dyn-7,1["where"]"#)
            await peer.hears(#"43/dyn-7,1["/dyn-7"]"#)
            #expect(stage.io.namespaces.map(\.name) == ["/", "/async", "/dyn-7", "/sync"])
        }
    }

    @Test func `row 73, filters: what is thrown drops the event; listeners see all that comes and goes`() async throws {
        var seen: [String] = []
        try await SocketStage.play { io in
            io.main.onAny { seen.append("in \($1.name)") }
            io.main.onAnyOutgoing { seen.append("out \($1) \($2.values.count)") }
            io.main.filter { _, message in if message.name == "bad" { throw Broken() } }
            io.main.on("bad") { socket, _ in socket.emit("never") }
            io.main.on("good") { socket, _ in socket.emit("always", 1) }
            io.main.on("off") { socket, _ in socket.emit("never") }
            io.main.off("off")
        } script: { stage in
            let peer = await stage.guest()
            peer.say(#"42["bad"]"#, #"42["off"]"#, #"42["good"]"#)
            await peer.hears(#"42["always",1]"#)
            #expect(seen == ["in bad", "in off", "in good", "out always 1"])
            #expect(stage.takeLog() == [#"the event "bad" was not handled: broken"#])
        }
    }

    @Test func `row 70, fetch: sockets with what is known of them; and rooms as they change`() async throws {
        var changes: [RoomChange] = []
        try await SocketStage.play { io in
            io.main.onRoomChange { changes.append($1) }
        } script: { stage in
            let peer = await stage.guest(auth: #"{"name":"Ann"}"#)
            let socket = stage.io.main.sockets[0]
            changes = []
            socket.join("red")
            socket.data = ["score": 3]
            let found = await stage.io.main.in("red").fetch()
            #expect(found.missing.isEmpty && found.sockets.map(\.id) == [socket.id])
            #expect(found.sockets[0].data == ["score": 3] && found.sockets[0].rooms == [socket.id, "red"])
            #expect(found.sockets[0].handshake.auth == ["name": "Ann"] && socket.handshake.query["EIO"] == "4")
            socket.leave("red")
            #expect(
                changes == [
                    .created(room: "red"), .joined(room: "red", socketID: socket.id),
                    .left(room: "red", socketID: socket.id), .deleted(room: "red"),
                ])
            #expect(stage.io.main.socket(socket.id) == socket && stage.io.main.socket("x") == nil)
            socket.disconnect(closesConnection: true)
            await peer.hears("41", "close 1000")
            #expect(!socket.isConnected)
        }
    }

    @Test func `row 10, verify: an async check refuses with a status of its own; another error is not told`()
        async throws
    {
        var options = SocketIOOptions()
        options.connection.hooks.verify { request async throws in
            await Task.yield()
            if request.query.contains("late") { throw HandshakeRefusal("too late", status: .gone) }
            if request.query.contains("break") { throw Broken() }
        }
        options.connection.hooks.handshakeFields = { _ in [.server: "stage"] }
        try await SocketStage.play(options) { _ in
        } script: { stage in
            let target = "/socket.io/?EIO=4&transport=websocket"
            let late = await stage.peer(target + "&late")
            await late.hears(prefix: "HTTP/1.1 410 Gone")
            let broken = await stage.peer(target + "&break")
            await broken.hears(prefix: "HTTP/1.1 403 ")
            #expect(stage.takeLog() == ["a handshake could not be verified: broken"])
            let peer = await stage.peer()
            await peer.hears(prefix: "0{")
            #expect(peer.head.contains("Server: stage"))
        }
    }

    @Test func `row 83, plain: what a handler throws is told with exception, in the words that it chooses`()
        async throws
    {
        var options = SocketIOOptions()
        options.plainPaths = ["/plain": "/"]
        try await SocketStage.play(options) { io in
            io.main.on("choose") { _, _ in throw EventRefusal("not yours", data: ["code": 7]) }
            io.main.on("break") { _, _ async throws in
                await Task.yield()
                throw Broken()
            }
            io.main.on(.digits) { _, number throws in try Self.digits(number) }
        } script: { stage in
            let peer = await stage.peer("/plain")
            await peer.hears(prefix: #"{"event":"connect","data":{"sid":"#)
            peer.say(#"{"event":"choose","id":1}"#, #"{"event":"break"}"#, #"{"event":"digits","data":"x","id":2}"#)
            await peer.hears(
                #"{"event":"exception","data":{"event":"choose","message":"not yours","data":{"code":7},"id":1}}"#,
                #"{"event":"exception","data":{"event":"break","message":"this did not work"}}"#,
                #"{"event":"exception","data":{"event":"digits","message":"the data is of another kind","id":2}}"#)
            peer.say(#"{"event":"digits","data":42,"id":3}"#)
            await peer.hears(#"{"event":"ack","id":3,"data":[4,2]}"#)
            #expect(stage.takeLog().count == 2, "a refusal is no failure")
        }
    }
}
