import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Abuse of a cluster (reliability reference §2.8)")
struct ClusterAbuseTests {
    private func recovering() -> ClusterWorld {
        ClusterWorld(.streams) {
            $0.recovery = SocketRecoverySettings()
            $0.isSequenced = true
        }
    }

    private func emit(_ name: String, from hall: Int, in cluster: ClusterWorld) {
        cluster.main(hall).perform(.emit(SocketEmission(name)), on: .of())
        cluster.settle()
    }

    /// What a client gets that comes back to a server; whether it has its place is told by its id.
    private func back(_ client: HallClient, _ offset: String, to hall: Int, in cluster: ClusterWorld) -> (
        Bool, [String]
    ) {
        client.stream.cut()
        cluster.settle()
        emit("missed", from: 1 - hall, in: cluster)
        let back = cluster.halls[hall].client()
        _ = back.take()
        back.send(text: "40" + client.claim(offset))
        cluster.settle()
        let packets = back.take()
        return (packets.last?.contains(client.id) == true, packets.dropLast().map(\.untraced))
    }

    @Test(arguments: [0, 1])
    func `R-04, failover: events go on, once each, and who shows what only the old stream had is new or told it all`(
        keeping count: Int
    ) {
        let cluster = recovering()
        let clients = (0..<3).map { _ in cluster.guest(0) }
        emit("kept", from: 0, in: cluster)
        emit("lost", from: 1, in: cluster)
        let old = clients.map { $0.takeOffset() }
        cluster.failOver(keeping: count)
        let (idle, packets) = back(clients[2], old[2], to: 1, in: cluster)
        #expect(idle && packets == [#"42["missed"]"#], "it had seen the last, and what came since is there")
        emit("on", from: 0, in: cluster)
        emit("again", from: 1, in: cluster)
        let heard = cluster.take(Array(clients.dropLast()))
        #expect(heard[0].map(\.untraced) == [#"42["missed"]"#, #"42["on"]"#, #"42["again"]"#] && heard[0] == heard[1])
        let (isBack, missed) = back(clients[0], old[0], to: 1, in: cluster)
        #expect(isBack == (count == 1) && missed.count == (isBack ? 4 : 0))
        let (knows, rest) = back(clients[1], heard[1].last?.offset ?? "", to: 1, in: cluster)
        #expect(knows && rest == [#"42["missed"]"#, #"42["missed"]"#])
    }

    @Test func `R-04, doubled and swapped: an entry of one's own is delivered once, whatever the stream says`() {
        let cluster = recovering()
        let clients = [cluster.guest(0), cluster.guest(1)]
        cluster.redis.isSlow = true
        emit("a", from: 0, in: cluster)
        emit("b", from: 0, in: cluster)
        let own = cluster.redis.entries
        cluster.redis.isSlow = false
        cluster.settle()
        _ = cluster.take(clients)
        for entry in own.reversed() { cluster.redis.append(entry.fields, to: "socket.io") }
        #expect(cluster.take(clients)[0] == [])
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func
        `R-06, storms: 1,024 searches are under way, what is more is answered with what is known; late answers are none`(
            adapter: ClusterWorld.Adapter
        ) throws
    {
        let cluster = ClusterWorld(adapter)
        let client = cluster.guest(1)
        cluster.redis.deafCount = 50
        var (found, late) = ([SocketFinding](), 0)
        for _ in 0..<1_100 { cluster.main(1).fetch(.of()) { found.append($0) } }
        #expect(found.count == 1_100 - 1_024)
        #expect(found.allSatisfy { $0.sockets.map(\.id) == [client.id] && $0.missing == ["unknown"] })
        let questions = cluster.redis.published
        cluster.run(.seconds(6))
        #expect(found.count == 1_100 && found.last?.missing.count == 50 && found.last?.sockets.map(\.id) == [client.id])
        for question in questions.prefix(3) {
            let form = try ClusterForm.read(question.payload)
            let id = form["requestId"]?.string ?? form["data"]?["requestId"]?.string ?? ""
            let answer: JSONValue =
                adapter == .classic
                ? ["requestId": .string(id), "sockets": []]
                : ["type": 8, "uid": "x", "nsp": "/", "data": ["requestId": .string(id), "sockets": []]]
            cluster.redis.publish(
                adapter == .classic ? "socket.io-response#/#" : "socket.io#/#node-1#", ClusterForm.write(answer))
            late += 1
        }
        cluster.settle()
        #expect(late == 3 && found.count == 1_100)
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == 0)
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `R-07, names: separators and signs of patterns in rooms reach nobody else's`(adapter: ClusterWorld.Adapter) {
        let cluster = ClusterWorld(adapter)
        let clients = [cluster.guest(0), cluster.guest(1), cluster.guest(0, loop: 1), cluster.guest(1)]
        let sockets = [cluster.main(0).allSockets[0], cluster.main(1).allSockets[0]]
        for room in ["a", "b", "x", "node-0"] { cluster.main(0, loop: 1).allSockets[0].join(room) }
        for room in ["a", "b", "x", "node-1"] { cluster.main(1).allSockets[1].join(room) }
        let names = [
            "", "*", "?", "[ab]", "a#", "#", "a#b", "#/#", "request#/#", "\\", "a*", "é#",
            String(repeating: "n", count: 1_024),
        ]
        for name in names {
            for socket in sockets { socket.join(name) }
            for hall in [0, 1] {
                cluster.main(hall).perform(.emit(SocketEmission("e")), on: .of([name]))
                let one = [#"42["e"]"#]
                #expect(cluster.take(clients) == [one, one, [], []], "\(name.prefix(20))")
            }
            for socket in sockets { socket.leave(name) }
        }
        #expect(cluster.halls.allSatisfy { $0.world.server.counted[.clusterMessagesMalformed] == 0 })
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `R-07, names: a namespace hears nothing of those whose names begin like its own, or match it as a pattern`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter)
        let names = ["/a", "/a#", "/a#b", "/a*", "/*", "/[a]", "/?", "/a/b"]
        for hub in cluster.halls.flatMap(\.hubs) { for name in names { _ = hub.namespace(name) } }
        let clients = names.map { cluster.guest(1, $0) }
        for (index, name) in names.enumerated() {
            cluster.halls[0].hub.namespace(name).perform(.emit(SocketEmission("e")), on: .of())
            cluster.halls[0].hub.namespace(name).perform(.emit(SocketEmission("r")), on: .of([clients[index].id]))
            var heard = Array(repeating: [String](), count: names.count)
            heard[index] = ["42\(name),[\"e\"]", "42\(name),[\"r\"]"]
            #expect(cluster.take(clients) == heard, "\(name)")
        }
    }

    @Test
    func `R-07, identity: who speaks under a server's name is not heard by that one, and a forged answer counts once`()
    {
        let cluster = ClusterWorld()
        let clients = cluster.guests()
        let forged: JSONValue = [
            "node-1", ["type": 2, "data": ["e"], "nsp": "/"], ["rooms": [], "flags": [:], "except": []],
        ]
        cluster.redis.publish("socket.io#/#", ClusterForm.pack(forged))
        #expect(cluster.take(clients) == [[#"42["e"]"#], [#"42["e"]"#], []])
        cluster.redis.deafCount = 2
        var found: SocketFinding?
        cluster.main(1).fetch(.of()) { found = $0 }
        let id = JSONValue.of(String(decoding: cluster.redis.published.last?.payload ?? [], as: UTF8.self))["requestId"]
        for _ in 0..<5 {
            let answer: JSONValue = ["requestId": id ?? .null, "uid": "node-0", "sockets": [["id": "forged"]]]
            cluster.redis.publish("socket.io-response#/#", ClusterForm.write(answer))
        }
        cluster.run(.milliseconds(4_900))
        #expect(found == nil, "the others have not answered")
        cluster.run(.milliseconds(200))
        #expect(found?.missing.count == 2)
    }
}
