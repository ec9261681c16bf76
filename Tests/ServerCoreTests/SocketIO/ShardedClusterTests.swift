import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Socket.IO over several servers: the sharded adapter (reference checklist row 96)")
struct ShardedClusterTests {
    let cluster = ClusterWorld(.sharded)

    private func publish(_ channel: String, _ payload: String) {
        cluster.redis.publish(channel, Array(payload.utf8))
        cluster.settle()
    }

    /// The channels that the first server hears beside its two.
    private var rooms: [String] {
        cluster.settle()
        return Array(cluster.redis.channels(of: 0).dropFirst(2))
    }

    @Test func `row 96, rooms: a server hears the channels of rooms that somebody of it is in, on any loop`() {
        #expect(cluster.redis.channels(of: 0) == ["socket.io#/#", "socket.io#/#node-0#"])
        let clients = cluster.guests(inRoom: [false, false, false])
        let sockets = [cluster.main(0).allSockets[0], cluster.main(0, loop: 1).allSockets[0]]
        #expect(rooms == [], "a socket's own room has no channel")
        sockets[0].join("a")
        sockets[1].join("a")
        sockets[1].join("b")
        sockets[0].join("12345678901234567890")
        #expect(rooms == ["socket.io#/#a#", "socket.io#/#b#"])
        sockets[0].leave("a")
        #expect(rooms == ["socket.io#/#a#", "socket.io#/#b#"])
        sockets[1].leave("a")
        #expect(rooms == ["socket.io#/#b#"])
        clients[1].stream.cut()
        #expect(rooms == [])
        sockets[0].join("node-0")
        sockets[0].leave("node-0")
        #expect(cluster.redis.channels(of: 0) == ["socket.io#/#", "socket.io#/#node-0#"])
    }

    @Test func `row 96, broadcasts: one room's go on its channel, all else on the namespace's; JSON, unless bytes`() {
        let clients = cluster.guests(inRoom: [true, false, true])
        let main = cluster.main(1)
        main.perform(.emit(SocketEmission("e", [1])), on: .of(["a"]))
        main.perform(.emit(SocketEmission("e", [2])), on: .of(["a", "b"]))
        main.perform(.emit(SocketEmission("e", [3])), on: .of([clients[0].id]))
        main.perform(.emit(SocketEmission("e", [.binary([4])])), on: .of(["a"]))
        main.perform(.join(["c"]), on: .of(["a"]))
        #expect(
            cluster.redis.published.map(\.channel) == [
                "socket.io#/#a#", "socket.io#/#", "socket.io#/#", "socket.io#/#a#", "socket.io#/#",
            ])
        let first = String(decoding: cluster.redis.published[0].payload, as: UTF8.self)
        #expect(
            first
                == #"{"type":3,"data":{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":["a"],"except":[],"flags":{}}},"uid":"node-1","nsp":"/"}"#
        )
        #expect(cluster.redis.published[3].payload.first == 0x84, "a map of MessagePack")
        let packets = [#"42["e",1]"#, #"42["e",2]"#, #"451-["e",{"_placeholder":true,"num":0}]"#, "[4]"]
        #expect(cluster.take(clients) == [packets[..<2] + [#"42["e",3]"#] + packets[2...], [], packets])
        #expect(cluster.main(0).roomNames == ["a", "c"])
    }

    @Test func `row 96, others: what the official adapter writes is carried out; what cannot be read is dropped`() {
        let clients = cluster.guests(inRoom: [true, false, true])
        let opts = #""opts":{"rooms":["a"],"except":[],"flags":{}}"#
        publish(
            "socket.io#/#a#",
            #"{"uid":"0123456789abcdef","nsp":"/","type":3,"data":{"packet":{"type":2,"data":["e"],"nsp":"/"},\#(opts)}}"#
        )
        #expect(cluster.take(clients) == [[#"42["e"]"#], [], [#"42["e"]"#]])
        for payload in ["", "{", "[]", #"{"type":3}"#, "\u{1}"] {
            publish("socket.io#/#a#", payload)
            publish("socket.io#/#node-0#", payload)
        }
        #expect(cluster.halls[0].world.server.counted[.clusterMessagesMalformed] == 10)
        publish("socket.io#/#a#", #"{"uid":"x","nsp":"/other","type":6,"data":{"opts":{"rooms":[],"except":[]}}}"#)
        #expect(cluster.main(0).socketCount == 1)
    }
}
