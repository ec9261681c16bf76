import GameKit
import JSONCore
import LobbyCore
import RecordingCore
import ServerCore
import Testing

/// Keeps a recording, until there is no more room.
private final class Tape: RecordingSink {
    let header: RecordingHeader
    private(set) var bytes: [UInt8] = []
    private(set) var hasEnded = false
    private let bytesMax: Int

    init(_ header: RecordingHeader, bytesMax: Int) {
        self.header = header
        self.bytesMax = bytesMax
    }

    func write(_ bytes: [UInt8]) -> Bool {
        guard self.bytes.count + bytes.count <= bytesMax else { return false }
        self.bytes += bytes
        return true
    }

    func end() { hasEnded = true }
}

/// All tapes of a world.
private final class Shelf {
    var tapes: [Tape] = []
    var bytesMax = Int.max

    func world(loops: Int = 1, hooks: ServerHooks = ServerHooks()) -> World {
        var hooks = hooks
        hooks.build = "test"
        hooks.openRecording = { [self] header in
            tapes.append(Tape(header, bytesMax: bytesMax))
            return tapes.last
        }
        return World(loops: loops, hooks: hooks)
    }

    /// Plays a tape; the player at its end.
    func play(_ tape: Tape) throws -> RecordingPlayer { try play(tape.bytes) }

    func play(_ bytes: [UInt8]) throws -> RecordingPlayer {
        var isRead = false
        let player = try RecordingPlayer(games: [GameType(Probe.self)]) {
            defer { isRead = true }
            return isRead ? [] : bytes
        }
        while try player.playStep() {}
        return player
    }
}

@Suite("Recordings of a server's lobbies (protocol/spec/recording.md)")
struct RecordingTests {
    @Test func `who plays, and with which role, is in the recording, and the game is played again with it`() throws {
        var hooks = ServerHooks()
        hooks.authorize = { $1(.success(Identity(subject: $0.auth["who"]?.string, role: $0.auth["as"]?.string))) }
        let shelf = Shelf()
        let world = shelf.world(hooks: hooks)
        PlainClient(world).join(["who": "ann", "as": "judge", "options": ["tellWho": true]])
        PlainClient(world).join(["as": "guest"])
        PlainClient(world).join()
        world.steps(30)
        world.lobby()?.close("over")
        let tape = try #require(shelf.tapes.first)
        let player = try shelf.play(tape)
        #expect(player.replay.tick == 30, "every fingerprint agrees")
        // With another role it is another game.
        var forged = tape.bytes
        let place = try #require(forged.indices.first { forged[$0...].starts(with: Array("judge".utf8)) })
        forged[place] = UInt8(ascii: "f")
        #expect(throws: ReplayError.self) { try shelf.play(forged) }
    }

    /// Players of both dialects join, play, leave, are lost and come back, in a lobby of the first loop.
    private func live(_ world: World, of loops: Int) {
        world.streamsMove = false
        let first = PlainClient(world)
        let token = first.join(["options": ["kickName": "Eve"]])["token"] ?? .null
        world.home = loops - 1
        let (second, third) = (SocketClient(world), PlainClient(world))
        second.join()
        third.join(["name": "Eve"])
        for step in 0..<120 {
            first.emit("input", ["input": ["by": .integer(Int64(step % 5)), "loud": .bool(step % 7 == 0)]])
            second.emit("input", ["input": ["by": 3], "tick": .integer(Int64(step) + 4)])
            world.steps(1)
            if step == 30 { first.stream.cut() }
            if step == 50 { _ = PlainClient(world).join(["token": token]) }
            if step == 70 { second.emit("leave") }
            if step == 80 { PlainClient(world).join() }
        }
    }

    @Test(arguments: [1, 2])
    func `what was played is played again bit for bit, wherever the players' connections were`(_ loops: Int) throws {
        let shelf = Shelf()
        let world = shelf.world(loops: loops)
        live(world, of: loops)
        let hosted = try #require(world.lobby())
        hosted.close("that was it")
        let tape = try #require(shelf.tapes.first)
        #expect(shelf.tapes.count == 1 && tape.hasEnded && tape.header.lobby == "x" && tape.header.build == "test")
        let player = try shelf.play(tape)
        #expect(player.replay.tick == hosted.lobby.tick && player.ending == .ended("that was it"))
        #expect(player.replay.state() == hosted.lobby.newestSnapshot && player.inputCount > 60)
        #expect(world.count(.recordingsOpened) == 1 && world.count(.recordingsBroken) == 0)
        #expect(world.count(.bytesRecorded) == UInt64(tape.bytes.count))
    }

    @Test func `the recording of a game that has failed ends with its last step`() throws {
        let shelf = Shelf()
        let world = shelf.world()
        PlainClient(world).join(["options": ["failAt": 9]])
        world.run(.seconds(1))
        let player = try shelf.play(try #require(shelf.tapes.first))
        #expect(player.replay.tick == 9 && player.ending == .ended("the game failed: it broke"))
    }

    @Test func `when there is no more room the match goes on, and that is counted once`() throws {
        let shelf = Shelf()
        shelf.bytesMax = 1_000
        let world = shelf.world()
        let client = PlainClient(world)
        client.join()
        world.run(.seconds(20))
        #expect(world.count(.recordingsBroken) == 1 && client.closeCode == nil)
        #expect(world.lobby()?.lobby.tick ?? 0 > 390)
        let player = try shelf.play(try #require(shelf.tapes.first))
        #expect(player.ending == .open && player.replay.tick > 0)
    }

    @Test func `a server that shuts down ends its recordings`() throws {
        let shelf = Shelf()
        let world = shelf.world()
        PlainClient(world).join()
        world.run(.seconds(1))
        world.server.closeAll()
        let player = try shelf.play(try #require(shelf.tapes.first))
        #expect(player.ending == .ended("the server has shut down"))
    }
}
