import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Socket.IO over several servers: clients that come back to another one (reference checklist rows 79, 80 and 97)")
struct ClusterRecoveryTests {
    let cluster = ClusterWorld(.streams) {
        $0.recovery = SocketRecoverySettings()
        $0.isSequenced = true
    }

    private func emit(_ name: String, from hall: Int, loop: Int = 0, to rooms: [String] = [], isLocal: Bool = false) {
        cluster.main(hall, loop: loop).perform(.emit(SocketEmission(name)), on: .of(rooms, isLocal: isLocal))
        cluster.settle()
    }

    /// The client comes back on another connection: what it gets, in all.
    private func back(_ client: HallClient, _ offset: String?, to hall: Int, loop: Int = 0) -> [String] {
        cluster.halls[hall].world.home = loop
        let back = cluster.halls[hall].client()
        _ = back.take()
        back.send(text: "40" + client.claim(offset))
        cluster.settle()
        return back.take()
    }

    private func isBack(_ packets: [String], _ client: HallClient) -> Bool {
        packets.last.map { $0.hasPrefix("40{") && $0.contains(client.id) && $0.contains(client.pid) } ?? false
    }

    /// The number of an entry in its id.
    private func number(_ packet: String) -> Int { Int(packet.offset.split(separator: "-").last ?? "") ?? 0 }

    @Test func `row 97, order: events of all servers and loops come in the stream's order, with its ids, to all`() {
        let clients = cluster.guests()
        cluster.main(0, loop: 1).perform(.emit(SocketEmission("a")), on: .of())
        cluster.main(1).perform(.emit(SocketEmission("b")), on: .of())
        cluster.main(0).perform(.emit(SocketEmission("c")), on: .of(["a"]))
        cluster.main(1).allSockets[0].emit(SocketEmission("own"))
        let taken = cluster.take(clients)
        #expect(taken[0] == taken[1] && taken[2].count == 4)
        #expect(Set(taken[0].map(\.untraced)) == [#"42["a"]"#, #"42["b"]"#, #"42["c"]"#])
        #expect(taken[2].filter { !$0.contains("own") } == taken[0])
        #expect(taken[2].map(number) == [1, 2, 3, 4])
    }

    @Test func `row 97, elsewhere: a client gets its id, its rooms, its data, and what it has missed, in order`() {
        let clients = cluster.guests()
        let socket = cluster.main(0, loop: 1).allSockets[0]
        (socket.data, _) = (["score": 3], socket.join("red"))
        emit("seen", from: 1)
        let offset = clients[1].takeOffset()
        emit("in flight", from: 0, to: ["red"])
        socket.emit(SocketEmission("own"))
        cluster.settle()
        clients[1].stream.cut()
        cluster.settle()
        emit("missed", from: 1, to: ["red"])
        emit("not for it", from: 1, to: ["blue"])
        emit("for all", from: 0, loop: 1)
        let packets = back(clients[1], offset, to: 1)
        #expect(
            packets.dropLast().map(\.untraced)
                == [#"42["in flight"]"#, #"42["own"]"#, #"42["missed"]"#, #"42["for all"]"#])
        #expect(isBack(packets, clients[1]))
        let here = cluster.main(1).socket(SocketID(clients[1].id) ?? SocketID([UInt8](repeating: 0, count: 15)))
        #expect(here?.rooms == [clients[1].id, "a", "red"] && here?.data == ["score": 3] && here?.isRecovered == true)
        #expect(cluster.redis.kept.isEmpty && cluster.main(0, loop: 1).socketCount == 0)
        #expect(!isBack(back(clients[1], offset, to: 0), clients[1]), "a place is taken once")
    }

    @Test func `row 80, elsewhere: a client that was told nothing gets what came since it was there`() {
        emit("before", from: 0)
        let client = cluster.guest(0)
        emit("during", from: 1)
        client.stream.cut()
        cluster.settle()
        emit("after", from: 1)
        let packets = back(client, nil, to: 1)
        #expect(packets.dropLast().map(\.untraced) == [#"42["during"]"#, #"42["after"]"#] && isBack(packets, client))
    }

    @Test func `row 80, elsewhere: who knows of nothing is told all since it first came, however often it was back`() {
        let client = cluster.guest(0)
        emit("during", from: 1)
        var connection = client
        for hall in [1, 0] {
            connection.stream.cut()
            cluster.settle()
            connection = cluster.halls[hall].client()
            _ = connection.take()
            connection.send(text: "40" + client.claim(nil))
            cluster.settle()
            let packets = connection.take()
            #expect(packets.dropLast().map(\.untraced) == [#"42["during"]"#] && isBack(packets, client))
        }
    }

    @Test func `row 97, offsets: an event that only one server knows is enough, if it was the last; others are not`() {
        let clients = [cluster.guest(0), cluster.guest(0)]
        emit("first", from: 0, isLocal: true)
        let older = clients[0].takeOffset()
        emit("last", from: 0, isLocal: true)
        let last = clients[1].takeOffset()
        #expect(older.hasPrefix("~") && last.hasPrefix("~") && older != last)
        for client in clients { client.stream.cut() }
        cluster.settle()
        emit("missed", from: 1)
        #expect(!isBack(back(clients[0], older, to: 1), clients[0]))
        let packets = back(clients[1], last, to: 1)
        #expect(packets.dropLast().map(\.untraced) == [#"42["missed"]"#] && isBack(packets, clients[1]))
    }

    @Test func `row 97, offsets: nobody is told what was said before they came; what is gone is gone`() {
        emit("secret", from: 0)
        let first = cluster.guest(0)
        first.stream.cut()
        cluster.settle()
        let packets = back(first, "0-1", to: 1)
        #expect(packets.count == 1 && isBack(packets, first))
        for offset in ["never", "1-2-3", "-1-0", "01-0", "99999999999999999999-0"] {
            let client = cluster.guest(0)
            client.stream.cut()
            cluster.settle()
            #expect(!isBack(back(client, offset, to: 1), client), "\(offset)")
        }
        let late = cluster.guest(0)
        emit("seen", from: 0)
        let offset = late.takeOffset()
        late.stream.cut()
        cluster.settle()
        for _ in 0..<600 { emit("more", from: 1, to: ["others"]) }
        cluster.redis.trim(to: 550)
        #expect(!isBack(back(late, offset, to: 1), late))
    }

    @Test func `row 97, pages: a long absence is read in several, once each, and is bounded in bytes`() {
        for (count, isBack) in [(70, true), (1_100, false)] {
            let client = cluster.guest(0)
            emit("seen", from: 0)
            let offset = client.takeOffset()
            client.stream.cut()
            cluster.settle()
            for number in 0..<count { emit("x\(number)", from: 1, to: [client.id]) }
            let packets = back(client, offset, to: 1)
            #expect(self.isBack(packets, client) == isBack, "more than an outbox holds: new")
            #expect(packets.dropLast().map(\.untraced) == (isBack ? (0..<count).map { "42[\"x\($0)\"]" } : []))
        }
    }

    @Test func `row 79, elsewhere: middlewares are asked first, and who is refused has its place still`() {
        for hall in cluster.halls {
            hall.main.behaviour.use { socket, done in
                done(socket.auth["ticket"] == "good" ? nil : ConnectRefusal("no ticket"))
            }
        }
        let client = cluster.halls[0].guest(auth: #"{"ticket":"good"}"#)
        emit("seen", from: 0)
        let offset = client.takeOffset()
        client.stream.cut()
        cluster.settle()
        emit("missed", from: 0)
        #expect(back(client, offset, to: 1) == [#"44{"message":"no ticket"}"#])
        let again = cluster.halls[0].client()
        _ = again.take()
        again.send(text: "40" + client.claim(offset, #","ticket":"good""#))
        cluster.settle()
        let packets = again.take()
        #expect(packets.dropLast().map(\.untraced) == [#"42["missed"]"#] && isBack(packets, client))
    }

    @Test func `row 79, loops: the old connection is not known to be lost: any loop of its server gives its place`() {
        let client = cluster.guest(0, loop: 1)
        emit("seen", from: 1)
        let offset = client.takeOffset()
        emit("missed", from: 1)
        let packets = back(client, offset, to: 0)
        #expect(packets.dropLast().map(\.untraced) == [#"42["missed"]"#] && isBack(packets, client))
        #expect(cluster.redis.kept.isEmpty)
    }

    @Test func `row 97, ends: what was said to a socket before it is disconnected arrives before`() {
        let clients = [cluster.guest(0), cluster.guest(0)]
        let socket = cluster.main(0).allSockets[0]
        socket.emit(SocketEmission("bye"))
        cluster.main(0).perform(.emit(SocketEmission("all")), on: .of())
        cluster.main(0).perform(.emit(SocketEmission("not it")), on: .of(["blue"]))
        socket.disconnect(closes: false)
        #expect(clients[0].take() == [#"42["bye"]"#, #"42["all"]"#, "41"])
        #expect(cluster.take(clients)[1].map(\.untraced) == [#"42["all"]"#])
    }

    @Test func `row 97, slow: an event waits for Redis for a quarter of a second; then all go at once, and none twice`()
    {
        let clients = [cluster.guest(0), cluster.guest(0, loop: 1), cluster.guest(1)]
        cluster.redis.isSlow = true
        emit("a", from: 0)
        emit("b", from: 0, loop: 1)
        cluster.run(.milliseconds(200))
        #expect(cluster.take(clients) == [[], [], []])
        cluster.run(.milliseconds(100))
        emit("c", from: 0, loop: 1)
        for heard in cluster.take(clients).dropLast() {
            #expect(heard.map(\.untraced) == [#"42["a"]"#, #"42["b"]"#, #"42["c"]"#])
            #expect(heard.allSatisfy { $0.offset.hasPrefix("~") })
        }
        cluster.redis.isSlow = false
        #expect(cluster.take(clients).map(\.count) == [0, 0, 3])
        emit("late", from: 0)
        #expect(cluster.take(clients).map { $0.map(\.untraced) } == Array(repeating: [#"42["late"]"#], count: 3))
        emit("d", from: 0)
        let taken = cluster.take(clients)
        #expect(taken[0] == taken[2] && taken[0].count == 1 && number(taken[0][0]) > 0)
    }

    @Test func `row 97, lost: what Redis has dropped goes to this server's clients with the next that comes back`() {
        let clients = [cluster.guest(0), cluster.guest(1)]
        cluster.redis.drops = true
        cluster.main(0).perform(.emit(SocketEmission("dropped")), on: .of())
        cluster.redis.drops = false
        cluster.main(0).perform(.emit(SocketEmission("next")), on: .of())
        let taken = cluster.take(clients)
        #expect(taken[0].map(\.untraced) == [#"42["dropped"]"#, #"42["next"]"#] && taken[1].count == 1)
        #expect(taken[0][0].offset.hasPrefix("~") && taken[0][1] == taken[1][0])
    }

    @Test func `row 97, away: with Redis not reached events go at once, and places are kept here`() {
        let clients = [cluster.guest(0), cluster.guest(0, loop: 1)]
        cluster.redis.isReached = false
        emit("a", from: 0, loop: 1)
        let offsets = clients.map { $0.takeOffset() }
        #expect(offsets[0].hasPrefix("~") && offsets[0] == offsets[1])
        for client in clients { client.stream.cut() }
        cluster.settle()
        emit("missed", from: 0)
        #expect(!isBack(back(clients[0], offsets[0], to: 1), clients[0]), "nobody else can know")
        for (client, offset) in zip(clients, offsets) {
            let packets = back(client, offset, to: 0)
            #expect(packets.dropLast().map(\.untraced) == [#"42["missed"]"#] && isBack(packets, client))
        }
    }

    @Test func `row 97, interop: a session of the official adapter is restored with its private id, and kept anew`() {
        emit("seen", from: 0)
        let offset = cluster.redis.entries[0].id.text
        emit("missed", from: 0, to: ["red"])
        let (sid, pid) = ("Aw2rMxYRPvQL8ZUBAAAB", "HQmlGzFPhbrUXmEkAAAA")
        // What @msgpack/msgpack writes of {sid, pid, rooms: [sid, "red"], data: {}}, in base64.
        let packed = ClusterForm.pack(
            ["sid": .string(sid), "pid": .string(pid), "rooms": [.string(sid), "red"], "data": [:]])
        let text = JSONValue.binary(packed).text.dropFirst().dropLast()
        cluster.redis.kept["sio:session:\(pid)"] = Array(text.utf8)
        let client = cluster.halls[1].client()
        _ = client.take()
        client.send(text: #"40{"pid":"\#(pid)","offset":"\#(offset)"}"#)
        cluster.settle()
        let packets = client.take()
        #expect(packets.map(\.untraced) == [#"42["missed"]"#, #"40{"sid":"\#(sid)","pid":"\#(pid)"}"#])
        client.stream.cut()
        cluster.settle()
        #expect(cluster.redis.kept["sio:session:\(pid)"] != nil)
        for wrong in ["1795399200000-99", "0-1", "x"] {
            cluster.redis.kept["sio:session:\(pid)"] = Array(text.utf8)
            let client = cluster.halls[1].client()
            _ = client.take()
            client.send(text: #"40{"pid":"\#(pid)","offset":"\#(wrong)"}"#)
            cluster.settle()
            let packets = client.take()
            #expect(packets.count == 1 && !packets[0].contains(sid), "\(wrong)")
        }
    }

    @Test func `row 97, hostile: a session that is none, or another client's, is nobody's place`() {
        let client = cluster.guest(0)
        client.stream.cut()
        cluster.settle()
        let key = "sio:session:\(client.pid)"
        let good = cluster.redis.kept[key] ?? []
        let other = ClusterForm.pack(["sid": "short", "pid": .string(client.pid), "rooms": [], "data": [:]])
        for bytes in [[], Array("no base64!".utf8), Array(JSONValue.binary(other).text.utf8.dropFirst().dropLast())] {
            cluster.redis.kept[key] = bytes
            #expect(!isBack(back(client, nil, to: 1), client))
        }
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == 3)
        cluster.redis.kept["sio:session:stranger"] = good
        let stranger = cluster.halls[1].client()
        _ = stranger.take()
        stranger.send(text: #"40{"pid":"stranger"}"#)
        cluster.settle()
        #expect(stranger.take().last?.contains(client.id) == false)
    }
}
