import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Socket.IO over several servers: questions, and who is counted (reference checklist rows 61, 70 and 71)")
struct ClusterRequestTests {
    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 70, alone: with nobody else there is nothing to wait for`(adapter: ClusterWorld.Adapter) {
        let cluster = ClusterWorld(adapter, count: 1)
        let client = cluster.guest(0)
        var (found, told) = (SocketFinding?.none, SocketAnswers?.none)
        cluster.main(0).fetch(.of()) { found = $0 }
        cluster.main(0).tell("t", []) { told = $0 }
        cluster.settle()
        #expect(found?.sockets.map(\.id) == [client.id] && found?.missing == [] && told?.missing == 0)
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 70, a count that does not come is waited for as long as an answer, and is late then`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter)
        let client = cluster.guest(1)
        cluster.redis.isSilent = true
        var found: [SocketFinding] = []
        cluster.main(1).fetch(.of()) { found.append($0) }
        cluster.run(.milliseconds(4_900))
        #expect(found.isEmpty)
        cluster.run(.milliseconds(200))
        #expect(found.map(\.missing) == [["unknown"]] && found[0].sockets.map(\.id) == [client.id])
        let said = cluster.redis.published.count
        for answer in cluster.redis.unanswered { answer() }
        cluster.run(.seconds(6))
        #expect(found.count == 1 && cluster.redis.published.count == said, "nobody is asked any more")
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 70, names: a server that is no more is not among the missing`(adapter: ClusterWorld.Adapter) {
        let cluster = ClusterWorld(adapter, count: 3)
        var found: SocketFinding?
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.settle()
        #expect(found?.missing == [])
        cluster.redis.leave(0)
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.settle()
        cluster.halls[2].world.mail.stuck = [0]
        found = nil
        cluster.redis.leave(2)
        cluster.redis.deafCount = 1
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.run(.milliseconds(5_100))
        #expect(found?.missing == ["node-2"])
    }

    @Test func `row 70, names: 256 are known, the oldest goes for one more`() {
        let cluster = ClusterWorld()
        cluster.redis.deafCount = 400
        var found: SocketFinding?
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.redis.leave(0)
        let id = requestID(cluster)
        for number in 0..<300 {
            publish(["requestId": .string(id), "uid": .string("f\(number)"), "sockets": []], to: cluster)
        }
        cluster.run(.milliseconds(5_100))
        #expect(found?.missing.count == 101)
        cluster.redis.deafCount = 1
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.run(.milliseconds(5_100))
        #expect(found?.missing == ["f44"])
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 61, three servers: all of them have said how many they ask before the answers are counted`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter, count: 3)
        let clients = [cluster.guest(0), cluster.guest(2)]
        var answers: SocketAnswers?
        cluster.main(1).ask(SocketEmission("q"), of: .of(), timeout: .seconds(3)) { answers = $0 }
        cluster.settle()
        clients[0].say(#"430["x"]"#)
        cluster.settle()
        #expect(answers == nil)
        clients[1].say(#"430["y"]"#)
        cluster.settle()
        #expect(answers?.answers == [["x"], ["y"]] && answers?.missing == 0)
    }

    @Test func `row 61, questions that nobody has answered are forgotten: there is room for others`() {
        let cluster = ClusterWorld()
        var count = 0
        for _ in 0..<1_030 {
            cluster.main(1).ask(SocketEmission("q"), of: .of(["nobody"]), timeout: .seconds(1)) { _ in count += 1 }
        }
        cluster.run(.seconds(2))
        var found: SocketFinding?
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.settle()
        #expect(count == 1_030 && found?.missing == [])
    }

    @Test
    func `row 71, answers: a server says one, and one that was forged with a time of its own is of a day at most`() {
        let cluster = ClusterWorld()
        cluster.halls[0].hub.namespace("/").behaviour.onTold("t") { _, _, answer in
            answer?([1])
            answer?([2])
        }
        cluster.main(1).tell("t", []) { _ in }
        cluster.settle()
        #expect(cluster.redis.published.count { $0.channel == "socket.io-response#/#" } == 1)
        cluster.redis.leave(0)
        cluster.redis.deafCount = 1
        var found: SocketFinding?
        cluster.main(1).fetch(.of()) { found = $0 }
        let old: JSONValue = ["id": "x", "handshake": ["issued": 0]]
        publish(["requestId": .string(requestID(cluster)), "uid": "y", "sockets": [old]], to: cluster)
        let age = found.map { cluster.halls[1].world.clock.now - $0.sockets[0].handshake.issuedAt }
        #expect(age.map { $0 >= .seconds(86_400) && $0 < .seconds(86_500) } == true)
    }

    @Test func `row 61, a forged count of clients changes nothing once all have said theirs`() {
        let cluster = ClusterWorld()
        let client = cluster.guest(0)
        var answers: SocketAnswers?
        cluster.main(1).ask(SocketEmission("q"), of: .of(), timeout: .seconds(3)) { answers = $0 }
        let id = requestID(cluster)
        cluster.settle()
        publish(["type": 8, "requestId": .string(id), "clientCount": 5], to: cluster)
        client.say(#"430["x"]"#)
        cluster.settle()
        #expect(answers?.answers == [["x"]] && answers?.missing == 0)
    }

    @Test(arguments: [ClusterWorld.Adapter.streams, .sharded])
    func `a namespace's channels are heard while it is there, and carry nothing for another one`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter)
        for hub in cluster.halls.flatMap(\.hubs) {
            hub.add(SocketFamily { name, _, done in done(name.hasPrefix("/d")) })
            _ = hub.namespace("/other")
        }
        let channel = "socket.io#/d#"
        let client = cluster.guest(1, "/d")
        let other = cluster.guest(1, "/other")
        #expect(cluster.redis.channels(of: 1).contains(channel))
        let wrong: JSONValue = [
            "type": 6, "uid": "x", "nsp": "/other", "data": ["opts": ["rooms": [], "except": []], "close": true],
        ]
        cluster.redis.publish(channel, ClusterForm.write(wrong))
        #expect(cluster.take([other]) == [[]])
        client.say("41/d,")
        cluster.settle()
        #expect(!cluster.redis.channels(of: 1).contains(channel))
    }

    @Test func `a message of more than 16 MiB is dropped and counted`() {
        let cluster = ClusterWorld()
        let client = cluster.guest(1)
        for (count, isHeard) in [(17 << 20, false), (9_000, true)] {
            let packet: JSONValue = [
                "type": 2, "data": ["e", .binary([UInt8](repeating: 1, count: count))], "nsp": "/",
            ]
            cluster.redis.publish("socket.io#/#", ClusterForm.pack(["x", packet, ["rooms": []]]))
            #expect(cluster.take([client])[0].isEmpty != isHeard)
        }
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == 1)
    }

    /// The id of the request that was published last.
    private func requestID(_ cluster: ClusterWorld) -> String {
        guard let form = try? ClusterForm.read(cluster.redis.published.last?.payload ?? []) else { return "" }
        return form["requestId"]?.string ?? ""
    }

    private func publish(_ answer: JSONValue, to cluster: ClusterWorld) {
        cluster.redis.publish("socket.io-response#/#", ClusterForm.write(answer))
        cluster.settle()
    }
}
