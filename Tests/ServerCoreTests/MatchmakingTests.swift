import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import Testing

@Suite("Waiting for a match, on the wire (protocol/spec/lobby.md §2.4)")
struct MatchmakingTests {
    /// Two teams of one in the staged game.
    private func wish(_ rank: Int = 0, players: Int = 2, party: JSONValue = .null) -> JSONValue {
        ["match": ["rank": .integer(Int64(rank)), "players": .integer(Int64(players)), "party": party]]
    }

    private func wait(_ world: World, _ data: JSONValue) -> PlainClient {
        let client = PlainClient(world, lobby: "~match")
        client.emit("join", data)
        return client
    }

    @Test func `two who wait are put into one lobby, in two teams, on the connections that they have`() throws {
        let world = Stage.world()
        let first = wait(world, wish())
        #expect(first.event("queued") == ["game": "staged", "players": 2, "seconds": 60])
        let second = SocketClient(world)
        second.send(text: "40/lobby/~match," + wish(50).text)
        #expect(
            second.event("queued", in: "/lobby/~match") != nil
                && second.words("/lobby/~match") == ["connect", "queued"])
        world.run(.milliseconds(300))
        let joined = try #require(first.event("joined"))
        let other = try #require(second.event("joined", in: "/lobby/~match"))
        #expect(joined["lobby"] == other["lobby"] && joined["team"] == 0 && other["team"] == 1 && joined["seats"] == 2)
        #expect(world.server.lobbies.count == 1 && world.ask("/api/lobbies").json == [])
        #expect(world.count(.matchesFound) == 1)

        first.emit("ready", id: 1)
        second.emit("ready", .null, in: "/lobby/~match", id: 1)
        world.run(.seconds(1))
        #expect(first.event("phase")?["phase"] == "running" && !second.snapshots("/lobby/~match").isEmpty)
        let id = try #require(joined["lobby"]?.string)
        let stranger = PlainClient(world, lobby: id)
        stranger.join()
        #expect(stranger.closeCode == 4007)
    }

    @Test func `ranks that are too far apart meet when the window has widened`() {
        let world = Stage.world()
        let first = wait(world, wish(100))
        let second = wait(world, wish(300))
        world.run(.milliseconds(3_900))
        #expect(first.event("joined") == nil)
        world.run(.milliseconds(200))
        #expect(first.event("joined") != nil && second.event("joined") != nil)
    }

    @Test func `nobody in time is said, and the connection ends`() {
        let world = Stage.world { $0.queue.timeoutSeconds = 5 }
        let lonely = wait(world, wish())
        let socket = SocketClient(world)
        socket.send(text: "40/lobby/~match," + wish(900).text)
        world.run(.milliseconds(5_300))
        #expect(lonely.closeCode == 4018 && lonely.event("exception")?["code"] == 4018)
        #expect(socket.event("exception", in: "/lobby/~match")?["code"] == 4018)
        #expect(socket.words("/lobby/~match").last == "disconnect" && socket.closeCode == nil)
        #expect(world.count(.queueTimeouts) == 2)
    }

    @Test func `whoever leaves or is lost is out of the queue at once`() {
        let world = Stage.world()
        let gone = wait(world, wish())
        gone.emit("leave", id: 1)
        #expect(gone.closeCode == 1000 && gone.acks.count == 1)
        let lost = wait(world, wish())
        lost.stream.cut()
        let socket = SocketClient(world)
        socket.send(text: "40/lobby/~match," + wish().text)
        socket.send(text: "41/lobby/~match,")
        world.turn()
        let last = wait(world, wish())
        world.run(.seconds(2))
        #expect(last.event("joined") == nil && world.server.lobbies.isEmpty && world.count(.queueLeft) == 3)
        #expect(last.closeCode == nil && world.count(.queueEntered) == 4)
    }

    @Test func `waiting counts as having joined, and what needs a lobby is refused`() {
        let world = Stage.world()
        let client = wait(world, wish())
        world.run(.seconds(15))
        #expect(client.closeCode == nil)
        client.emit("chat", ["text": "anyone?"], id: 1)
        client.emit("input", ["input": ["by": 1]])
        client.emit("keyframe")
        #expect(client.refusals == ["not-here"] && client.closeCode == nil)
    }

    @Test func `a party waits until it is whole, and is put into one team`() throws {
        let world = Stage.world()
        let code: JSONValue = ["code": "our little secret", "size": 2]
        let ann = wait(world, wish(500, players: 4, party: code))
        #expect(ann.event("queued")?["party"] == ["size": 2, "here": 1])
        let rivals = (0..<2).map { _ in wait(world, wish(520, players: 4)) }
        world.run(.seconds(1))
        let bob = wait(world, wish(0, players: 4, party: code))
        #expect(ann.event("queued")?["party"] == ["size": 2, "here": 2])
        let third = wait(world, wish(0, players: 4, party: code))
        #expect(third.closeCode == 4002, "it is whole")
        world.run(.milliseconds(500))
        let team = try #require(ann.event("joined")?["team"])
        #expect(bob.event("joined")?["team"] == team && bob.event("joined")?["lobby"] == ann.event("joined")?["lobby"])
        for rival in rivals { #expect(rival.event("joined")?["team"] != team) }
    }

    @Test func `a party that loses somebody waits again for the rest of it`() {
        let world = Stage.world()
        let code: JSONValue = ["code": "our little secret", "size": 2]
        let ann = wait(world, wish(players: 4, party: code))
        let bob = wait(world, wish(players: 4, party: code))
        bob.stream.cut()
        world.turn()
        #expect(ann.event("queued")?["party"] == ["size": 2, "here": 1])
        for _ in 0..<3 { _ = wait(world, wish(players: 4)) }
        world.run(.seconds(2))
        #expect(ann.event("joined") == nil)
        let again = wait(world, wish(players: 4, party: code))
        world.run(.milliseconds(500))
        #expect(again.event("joined")?["team"] == ann.event("joined")?["team"] && ann.event("joined") != nil)
    }

    @Test(arguments: [
        #"{"match":5}"#, #"{"match":{"rank":-1}}"#, #"{"match":{"rank":1.5}}"#, #"{"match":{"players":0}}"#,
        #"{"match":{"players":5}}"#, #"{"match":{"players":3}}"#, #"{"match":{"party":{"size":2}}}"#,
        #"{"match":{"party":{"code":"short","size":2}}}"#, #"{"match":{"party":{"code":"long enough","size":9}}}"#,
        #"{"match":{},"filter":[]}"#,
    ])
    func `a wish that makes no sense is refused`(_ text: String) {
        let world = Stage.world()
        #expect(wait(world, .of(text)).closeCode == 4002)
        #expect(wait(world, ["game": "chess"]).closeCode == 4010)
    }

    @Test func `filters part those who wait, and become the lobby's metadata`() {
        let world = Stage.world()
        func wish(_ map: String) -> JSONValue {
            ["match": ["players": 2], "filter": ["map": .string(map), "hard": true]]
        }
        let yard = wait(world, wish("yard"))
        let cave = wait(world, wish("cave"))
        world.run(.seconds(1))
        #expect(yard.event("joined") == nil)
        let other = wait(world, ["match": ["players": 2], "filter": ["hard": true, "map": "yard"]])
        world.run(.milliseconds(500))
        #expect(yard.event("joined") != nil && other.event("joined") != nil && cave.event("joined") == nil)
    }

    @Test func `a seat of a match is kept, and not for ever`() throws {
        let world = Stage.world(loops: 2)
        world.streamsMove = false
        world.home = 1
        let far = wait(world, wish())
        let near = wait(world, wish())
        // The second loop hears of the match when it is stuck no more: its players have gone by then.
        world.mail.stuck = [1]
        world.run(.milliseconds(500))
        #expect(world.count(.matchesFound) == 1)
        world.mail.stuck = []
        near.stream.cut()
        world.run(.milliseconds(500))
        let id = try #require(far.event("joined")?["lobby"]?.string)
        #expect(world.lobby(id)?.lobby.seats.reservedCount == 1)
        world.run(.seconds(16))
        #expect(world.lobby(id)?.lobby.seats.reservedCount == 0)
    }

    @Test func `on whatever loops they are, they meet in the one queue`() throws {
        let world = Stage.world(loops: 3)
        world.streamsMove = false
        var clients: [PlainClient] = []
        for index in 0..<6 {
            world.home = index % 3
            clients.append(wait(world, wish(index / 2 * 1_000)))
        }
        world.run(.seconds(1))
        for pair in 0..<3 {
            let lobby = try #require(clients[2 * pair].event("joined")?["lobby"])
            #expect(clients[2 * pair + 1].event("joined")?["lobby"] == lobby)
        }
        #expect(world.servers.map(\.lobbies.count).reduce(0, +) == 3)
        for client in clients { client.emit("ready") }
        world.run(.seconds(1))
        for client in clients { #expect(client.event("phase")?["phase"] == "running") }
    }

    @Test func `a server that drains lets nobody wait`() {
        let world = Stage.world()
        world.server.drain()
        #expect(wait(world, wish()).closeCode == 4009)
    }
}
