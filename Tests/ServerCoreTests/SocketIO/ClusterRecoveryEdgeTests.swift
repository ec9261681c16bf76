import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite(
    "Socket.IO over several servers: what clients that come back are not told, and what is waited for (rows 79 and 97)")
struct ClusterRecoveryEdgeTests {
    let cluster = ClusterWorld(.streams) {
        $0.recovery = SocketRecoverySettings()
        $0.isSequenced = true
    }

    private func emit(
        _ name: String, from hall: Int, isVolatile: Bool = false, but socket: NamespaceSocket? = nil,
        in namespace: String = "/"
    ) {
        var options = SocketSendOptions()
        options.isVolatile = isVolatile
        cluster.halls[hall].hub.namespace(namespace).perform(
            .emit(SocketEmission(name, [], options)), on: .of(but: socket))
    }

    /// A client of the first server that has seen an event and is lost, with that event's offset.
    private func lost() -> (HallClient, offset: String) {
        let client = cluster.guest(0)
        emit("seen", from: 0)
        cluster.settle()
        let offset = client.takeOffset()
        client.stream.cut()
        cluster.settle()
        return (client, offset)
    }

    private func back(_ client: HallClient, _ offset: String, to hall: Int, _ namespace: String = "") -> [String] {
        let back = cluster.halls[hall].client()
        _ = back.take()
        back.send(text: "40\(namespace)" + client.claim(offset))
        cluster.settle()
        return back.take()
    }

    @Test func `row 97, missed: nothing volatile, nothing of other namespaces, nothing that it said itself`() {
        for hub in cluster.halls.flatMap(\.hubs) { _ = hub.namespace("/b") }
        let client = cluster.guest(0)
        emit("seen", from: 0)
        cluster.settle()
        let offset = client.takeOffset()
        emit("its own", from: 0, but: cluster.main(0).allSockets[0])
        cluster.settle()
        client.stream.cut()
        cluster.settle()
        emit("volatile", from: 1, isVolatile: true)
        emit("elsewhere", from: 1, in: "/b")
        emit("missed", from: 1)
        cluster.settle()
        let packets = back(client, offset, to: 1)
        #expect(packets.dropLast().map(\.untraced) == [#"42["missed"]"#] && packets.last?.contains(client.id) == true)
    }

    @Test func `row 97, volatile: it goes at once, with no offset`() {
        let clients = [cluster.guest(0), cluster.guest(1)]
        cluster.redis.isSlow = true
        emit("v", from: 0, isVolatile: true)
        #expect(cluster.take(clients) == [[#"42["v",null]"#], []])
        cluster.redis.isSlow = false
        #expect(cluster.take(clients) == [[], [#"42["v",null]"#]])
    }

    @Test func `row 79, elsewhere: a place is of one namespace, and of the id in its private id`() {
        for hub in cluster.halls.flatMap(\.hubs) { _ = hub.namespace("/b") }
        let (client, offset) = lost()
        #expect(back(client, offset, to: 1, "/b,").last?.contains(client.id) == false)
        let (other, seen) = lost()
        let forged = ClusterForm.pack([
            "sid": "Aw2rMxYRPvQL8ZUBAAAB", "pid": .string(other.pid), "rooms": ["secret"], "data": [:], "nsp": "/",
            "joined": "0-0",
        ])
        let text = JSONValue.binary(forged).text.dropFirst().dropLast()
        cluster.redis.kept["sio:session:\(other.pid)"] = Array(text.utf8)
        let packets = back(other, seen, to: 1)
        #expect(packets.last?.contains("Aw2rMxYRPvQL8ZUBAAAB") == false && cluster.main(1).roomNames == [])
    }

    @Test func `row 79, elsewhere: a place that Redis does not take is kept here; one that it does not give is none`() {
        cluster.redis.isFull = true
        let (client, offset) = lost()
        let packets = back(client, offset, to: 0)
        #expect(packets.last?.contains(client.id) == true && cluster.redis.kept.isEmpty)
        cluster.redis.isFull = false
        let (other, seen) = lost()
        cluster.redis.isSilent = true
        #expect(back(other, seen, to: 1) == [])
        let waiting = cluster.halls[1].client()
        _ = waiting.take()
        waiting.send(text: "40" + other.claim(seen))
        cluster.run(.milliseconds(5_100))
        #expect(waiting.take().count == 1, "it is let in as a new client")
        for answer in cluster.redis.unanswered { answer() }
        cluster.settle()
        #expect(waiting.take() == [])
    }

    @Test
    func `row 97, ends: what has been delivered, or is of another namespace, is not delivered again before an end`() {
        for hub in cluster.halls.flatMap(\.hubs) { _ = hub.namespace("/b") }
        let client = cluster.guest(0)
        emit("heard", from: 0)
        #expect(cluster.take([client])[0].count == 1)
        emit("elsewhere", from: 0, in: "/b")
        cluster.main(0).allSockets[0].disconnect(closes: false)
        #expect(client.take() == ["41"])
    }

    @Test func `row 97, slow: each event has its quarter of a second from when it was said`() {
        let client = cluster.guest(0)
        emit("a", from: 0)
        #expect(cluster.take([client])[0].count == 1)
        cluster.run(.milliseconds(200))
        cluster.redis.isSlow = true
        emit("b", from: 0)
        cluster.run(.milliseconds(150))
        #expect(client.take() == [])
        cluster.run(.milliseconds(150))
        #expect(client.take().map(\.untraced) == [#"42["b"]"#])
    }

    @Test func `row 97, order: what waits for Redis goes before what is said once an earlier event has come back late`()
    {
        let client = cluster.guest(0)
        cluster.redis.isSlow = true
        emit("a", from: 0)
        cluster.run(.milliseconds(300))
        // Redis is behind, so these go at once.
        emit("b", from: 0)
        cluster.run(.milliseconds(10))
        emit("c", from: 0)
        cluster.run(.milliseconds(50))
        // "b" was quick: what is said now waits again. "c" comes late.
        cluster.redis.pass(2)
        emit("d", from: 0)
        cluster.run(.milliseconds(220))
        #expect(client.take().map(\.untraced) == [#"42["a"]"#, #"42["b"]"#, #"42["c"]"#])
        cluster.redis.pass(1)
        emit("e", from: 0)
        #expect(client.take().map(\.untraced) == [#"42["d"]"#, #"42["e"]"#])
        cluster.redis.isSlow = false
        #expect(cluster.take([client]) == [[]], "none goes twice")
    }

    @Test func `row 97, away: what waits for Redis goes before what is said once it is not reached`() {
        let client = cluster.guest(0)
        cluster.redis.isSlow = true
        emit("a", from: 0)
        #expect(client.take() == [])
        cluster.redis.isReached = false
        emit("b", from: 0)
        #expect(client.take().map(\.untraced) == [#"42["a"]"#, #"42["b"]"#])
    }

    @Test
    func
        `row 97, once: what is in the stream and has not been read by the server that a client comes back to, comes once`()
    {
        let (client, offset) = lost()
        cluster.redis.isSlow = true
        emit("missed", from: 1)
        let again = cluster.halls[1].client()
        _ = again.take()
        again.send(text: "40" + client.claim(offset))
        cluster.settle()
        #expect(again.take().count == 1, "the answer alone")
        cluster.redis.isSlow = false
        #expect(cluster.take([again]).map { $0.map(\.untraced) } == [[#"42["missed"]"#]])
    }

    /// In the second case the server reads it while it waits for the place.
    @Test(arguments: [false, true])
    func `row 97, once: who has seen what the server that it comes back to has yet to read is new there`(
        readsMeanwhile: Bool
    ) throws {
        let (client, _) = lost()
        cluster.redis.isSlow = true
        emit("ahead", from: 1)
        // As a server that has read it would have told it.
        let ahead = try #require(cluster.redis.entries.last?.id.text)
        let again = cluster.halls[1].client()
        _ = again.take()
        cluster.redis.isSilent = readsMeanwhile
        again.send(text: "40" + client.claim(ahead))
        cluster.redis.isSlow = !readsMeanwhile
        cluster.settle()
        cluster.redis.isSilent = false
        for answer in cluster.redis.unanswered { answer() }
        cluster.settle()
        let packets = again.take()
        #expect(packets.count == 1 && packets[0].contains(client.id) == false, "\(packets)")
    }

    @Test func `row 97, once: an event that went without its id and has come back since is not missed by who had it`() {
        let client = cluster.guest(0)
        cluster.redis.isSlow = true
        emit("early", from: 0)
        cluster.run(.milliseconds(300))
        let offset = client.takeOffset()
        #expect(offset.hasPrefix("~"))
        cluster.redis.isSlow = false
        cluster.settle()
        client.stream.cut()
        cluster.settle()
        #expect(back(client, offset, to: 1).count == 1, "the answer alone")
    }
}
