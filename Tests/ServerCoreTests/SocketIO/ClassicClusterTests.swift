import Determinism
import JSONCore
import SocketIOCore
import Testing

@testable import ServerCore

@Suite("Socket.IO over several servers: the classic adapter and its emitter (reference checklist rows 94 and 95)")
struct ClassicClusterTests {
    let cluster = ClusterWorld()

    @Test func `row 94, broadcasts: the one who speaks is left out, and a broadcast for one room goes on its channel`()
    {
        let clients = cluster.guests()
        cluster.main(1).perform(
            .emit(SocketEmission("e", [])), on: .of(["a"], but: cluster.main(1).allSockets.first))
        #expect(cluster.take(clients) == [[#"42["e"]"#], [#"42["e"]"#], []])
        #expect(cluster.redis.published.map(\.channel) == ["socket.io#/#a#"])
        cluster.main(1).perform(.emit(SocketEmission("e", [])), on: .of(["a", "b"]))
        #expect(cluster.redis.published.last?.channel == "socket.io#/#")
    }

    @Test func `a namespace's channels are listened to for as long as somebody is in it`() throws {
        for hub in cluster.halls.flatMap(\.hubs) {
            hub.add(SocketFamily { name, _, done in done(name.hasPrefix("/d")) })
        }
        let client = cluster.guest(1, "/d*")
        cluster.settle()
        var count: Int?
        let bus = cluster.redis.makeBus()
        bus.countListeners("socket.io-request#/d*#") { count = $0 }
        #expect(count == 1)
        cluster.main(0).hub.namespace("/d*").perform(.emit(SocketEmission("e", [])), on: .of())
        client.say("41/d*,")
        cluster.settle()
        bus.countListeners("socket.io-request#/d*#") { count = $0 }
        #expect(count == 1, "the first server has made it its own")
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `an endpoint that is not counted does what is done, and answers nobody`(adapter: ClusterWorld.Adapter) {
        let cluster = ClusterWorld(adapter, count: 3, uncounted: 2)
        let clients = [cluster.guest(0, in: ["a"]), cluster.guest(2, in: ["a"])]
        cluster.main(1).perform(.emit(SocketEmission("e")), on: .of(["a"]))
        #expect(cluster.take(clients) == [[#"42["e"]"#], [#"42["e"]"#]])
        for hall in [0, 2] {
            cluster.halls[hall].hub.namespace("/").behaviour.onTold("t") { _, _, answer in
                answer?([.integer(Int64(hall))])
            }
        }
        var (found, told, answers) = (SocketFinding?.none, SocketAnswers?.none, SocketAnswers?.none)
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.main(1).tell("t", []) { told = $0 }
        cluster.main(1).ask(SocketEmission("q"), of: .of(), timeout: .seconds(1)) { answers = $0 }
        cluster.settle()
        clients[0].say(#"430["x"]"#)
        cluster.settle()
        #expect(found?.sockets.map(\.id) == [clients[0].id] && found?.missing == [])
        #expect(told?.answers == [[0]] && told?.missing == 0 && answers?.answers == [["x"]] && answers?.missing == 0)
        #expect(clients[1].take() == [])
        cluster.main(2).fetch(.of()) { found = $0 }
        cluster.settle()
        #expect(found?.sockets.map(\.id) == [clients[1].id, clients[0].id] && found?.missing == [])
        cluster.main(1).perform(.disconnect(closes: false), on: .of(["a"]))
        #expect(cluster.take(clients).map { $0.last } == ["41", "41"])
    }

    // MARK: What others write

    private func publish(_ channel: String, _ payload: [UInt8]) {
        cluster.redis.publish(channel, payload)
        cluster.settle()
    }

    private func publish(_ channel: String, _ text: String) { publish(channel, Array(text.utf8)) }

    @Test func `row 95, the emitter: its broadcasts and requests are carried out by every server`() {
        let clients = cluster.guests(inRoom: [true, false, true])
        let sent: JSONValue = [
            "emitter", ["type": 2, "data": ["e", 1], "nsp": "/"], ["rooms": ["a"], "flags": [:], "except": []],
        ]
        publish("socket.io#/#a#", ClusterForm.pack(sent))
        #expect(cluster.take(clients) == [[#"42["e",1]"#], [], [#"42["e",1]"#]])
        publish("socket.io-request#/#", #"{"type":2,"opts":{"rooms":["a"],"except":[]},"rooms":["b"]}"#)
        #expect(cluster.main(0).roomNames == ["a", "b"] && cluster.main(1).roomNames == ["a", "b"])
        publish("socket.io-request#/#", #"{"type":3,"opts":{"rooms":["b"],"except":[]},"rooms":["a", 5]}"#)
        #expect(cluster.main(0).roomNames == ["b"] && cluster.main(1).roomNames == ["b"])
        publish("socket.io-request#/#", #"{"type":4,"opts":{"rooms":["b"],"except":[]},"close":true}"#)
        #expect(cluster.take(clients) == [["41", "close 1000"], [], ["41", "close 1000"]])
    }

    @Test func `requests of before version 6 are carried out for one socket, and confirmed`() {
        let clients = cluster.guests(inRoom: [false, false, false])
        publish("socket.io-request#/#", #"{"requestId":"r","type":2,"sid":"\#(clients[2].id)","room":"x"}"#)
        #expect(cluster.main(1).roomNames == ["x"])
        #expect(cluster.redis.published.count { $0.channel == "socket.io-response#/#" } == 1)
        publish("socket.io-request#/#", #"{"requestId":"r","type":4,"sid":"\#(clients[2].id)"}"#)
        #expect(cluster.take(clients) == [[], [], ["41"]])
    }

    @Test func `ids and rooms are told to those who ask, all of a process's at once`() throws {
        let clients = cluster.guests(inRoom: [true, true, false])
        publish("socket.io-request#/#", #"{"requestId":"i","type":0,"rooms":["a"]}"#)
        publish("socket.io-request#/#", #"{"uid":"x","requestId":"n","type":1}"#)
        let answers = cluster.redis.published.filter { $0.channel == "socket.io-response#/#" }.map {
            JSONValue.of(String(decoding: $0.payload, as: UTF8.self))
        }
        #expect(answers.count == 4)
        let ids = try #require(answers.first { $0["requestId"] == "i" && $0["uid"] == "node-0" }?["sockets"]?.array)
        #expect(Set(ids.compactMap(\.string)) == [clients[0].id, clients[1].id])
        let rooms = try #require(answers.first { $0["requestId"] == "n" && $0["uid"] == "node-0" }?["rooms"]?.array)
        #expect(Set(rooms.compactMap(\.string)) == [clients[0].id, clients[1].id, "a"])
    }

    @Test func `what cannot be read is dropped and counted, and everything goes on`() {
        let clients = cluster.guests()
        let bad: [(String, [UInt8])] = [
            ("socket.io#/#", []), ("socket.io#/#", [0xC1]), ("socket.io#/#", [0x05]),
            ("socket.io#/#", [0x93, 1, 2, 3]),
            ("socket.io#/#", ClusterForm.pack(["x", ["type": 2, "data": []], ["rooms": []]])),
            ("socket.io#/#", ClusterForm.pack(["x", ["type": 2, "data": ["connect"]], ["rooms": []]])),
            ("socket.io#/#", ClusterForm.pack(["x", ["type": 3, "data": ["e"]], ["rooms": []]])),
            ("socket.io#/#", ClusterForm.pack(["x", ["type": 2, "data": ["e"]], ["rooms": [[]]]])),
            ("socket.io-request#/#", Array("{".utf8)), ("socket.io-request#/#", Array("{\"type\":99}".utf8)),
            ("socket.io-request#/#", Array("{\"type\":2}".utf8)), ("socket.io-request#/#", Array("{\"type\":6}".utf8)),
            (
                "socket.io-request#/#",
                ClusterForm.pack(["type": 7, "packet": ["type": 2, "data": ["e"]], "opts": [:]])
            ),
            ("socket.io-response#/#", Array("{}".utf8)),
            ("socket.io-response#/#", Array("{\"requestId\":\"x\",\"type\":8,\"clientCount\":-1}".utf8)),
            ("socket.io-response#/#", Array("{\"requestId\":\"x\",\"type\":8,\"clientCount\":1e300}".utf8)),
        ]
        for (index, (channel, payload)) in bad.enumerated() {
            publish(channel, payload)
            let counted = cluster.halls[1].world.server.counted[.clusterMessagesMalformed]
            #expect(counted == UInt64(index + 1), "\(index)")
        }
        #expect(cluster.halls[1].world.logLines.count == Set(cluster.halls[1].world.logLines).count)
        publish("socket.io#/#", ClusterForm.pack(["x", ["type": 2, "data": ["e"], "nsp": "/other"], ["rooms": []]]))
        publish("socket.io-response#/#", #"{"requestId":"unknown","sockets":[]}"#)
        publish("socket.io#/#", ClusterForm.pack(["x", ["type": 2, "data": ["e"]], ["rooms": []]]))
        #expect(cluster.take(clients) == Array(repeating: [#"42["e"]"#], count: 3))
        #expect(cluster.halls[1].world.server.counted[.clusterMessagesMalformed] == UInt64(bad.count))
    }
}
