import Foundation
import JSONCore
import Testing

@testable import Muster

@Suite("The authors' guide to Socket.IO does what it says (docs/socketio.md)", .serialized)
struct SocketGuideTests {
    /// What the guide sets up, piece by piece.
    private static func setUp(_ io: SocketIOServer) {
        struct Line: Codable {
            var from: String
            var text: String
        }

        let say = SocketEvent<String>("say")
        let said = SocketEvent<Line>("said")
        let roll = SocketRequest<Int, [Int]>("roll")

        io.main.on(say) { socket, text in
            guard (1...500).contains(text.count) else { return }
            try io.main.emit(said, Line(from: socket.id, text: text))
        }
        io.main.on(roll) { _, count in (0..<min(max(count, 0), 10)).map { _ in Int.random(in: 1...6) } }

        io.main.on("picture") { socket, message in
            guard let bytes = message.arguments.first.binary else { return }
            socket.broadcast.emit("picture", .string(socket.id), .binary(bytes))
            message.reply(["bytes": .integer(Int64(bytes.count))])
        }

        let staff = io.namespace("/staff")
        staff.use { socket in
            guard socket.handshake.auth["token"] == "secret" else {
                throw ConnectRefusal("not authorized", data: ["code": 401])
            }
            socket.data = ["isStaff": true]
        }

        let tables = io.namespaces(matching: /\/table-[0-9]+/)
        tables.onConnect { socket in
            socket.broadcast.emit("sat down", .string(socket.id))
        }
        tables.onDisconnect { socket, reason in
            socket.namespace.emit("stood up", .string(socket.id), .string(reason.rawValue))
        }

        io.main.on("team") { socket, message in
            guard let team = message.arguments.first.string, ["red", "blue"].contains(team) else { return }
            for room in ["red", "blue"] { socket.leave(room) }
            socket.join(team)
            io.main.in("red").in("blue").except(socket).emit("joined", .string(team), options: .volatile)
            message.reply(.integer(Int64(await io.main.in(team).fetch().sockets.count)))
        }

        staff.on("ready?") { _, message in
            let answers = await io.main.all.emitWithAck("ready?", timeout: .seconds(2))
            message.reply(.integer(Int64(answers.answers.count)), .integer(Int64(answers.missing)))
        }
    }

    @Test func `each piece of Swift in the guide is here, line by line`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let guide = try String(contentsOf: root.appending(path: "docs/socketio.md"), encoding: .utf8)
        let here = Self.lines(try String(contentsOf: URL(filePath: #filePath), encoding: .utf8))
        let pieces = guide.matches(of: /(?s)```swift\n(.*?)```/).map { Self.lines(String($0.output.1)) }
        #expect(pieces.count == 7)
        for piece in pieces {
            #expect("\n\(here)\n".contains("\n\(piece)\n"), "this stands nowhere in SocketGuideTests:\n\(piece)")
        }
    }

    /// The lines that say something, whatever stands before and behind them.
    private static func lines(_ text: String) -> String {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    @Test func `events: what is said is heard by all, a request is answered, bytes go to the others`() async throws {
        try await SocketStage.play(
            SocketIOOptions(), Self.setUp,
            script: { stage in
                let (ann, bob) = (await stage.guest(), await stage.guest())
                let id = stage.io.main.sockets[0].id
                ann.say(#"42["say","hi"]"#, #"42["say",""]"#, #"421["roll",2]"#)
                let line = #"42["said",{"from":"\#(id)","text":"hi"}]"#
                await ann.hears(line)
                await bob.hears(line)
                #expect(await ann.next().wholeMatch(of: /431\[\[[1-6],[1-6]\]\]/) != nil)
                ann.say(#"422["picture",1]"#, #"423["team","red"]"#, #"424["team","green"]"#, #"425["team","blue"]"#)
                await ann.hears("433[1]", "435[1]")
                bob.say(#"421["team","red"]"#)
                await bob.hears("431[1]")
                await ann.hears(#"42["joined","red"]"#)
            })
    }

    @Test func `who may come: with the token, and at any table`() async throws {
        try await SocketStage.play(
            SocketIOOptions(), Self.setUp,
            script: { stage in
                let stranger = await stage.peer()
                _ = await stranger.next()
                stranger.say(#"40/staff,{"token":"x"}"#)
                await stranger.hears(#"44/staff,{"message":"not authorized","data":{"code":401}}"#)
                let (player, chief) = (await stage.guest(), await stage.guest("/staff", auth: #"{"token":"secret"}"#))
                #expect(stage.io.namespace("/staff").sockets[0].data == ["isStaff": true])
                chief.say(#"42/staff,1["ready?"]"#)
                await player.hears(#"420["ready?"]"#)
                player.say("430[]")
                await chief.hears("43/staff,1[1,0]")
                let (first, second) = (await stage.guest("/table-7"), await stage.guest("/table-7"))
                let ids = stage.io.namespaces.first { $0.name == "/table-7" }?.sockets.map(\.id) ?? []
                try #require(ids.count == 2)
                await first.hears(#"42/table-7,["sat down","\#(ids[1])"]"#)
                second.say("41/table-7,")
                await first.hears(#"42/table-7,["stood up","\#(ids[1])","client namespace disconnect"]"#)
            })
    }
}
