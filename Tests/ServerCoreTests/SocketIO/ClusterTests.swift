import Determinism
import HTTPTypes
import JSONCore
import SocketIOCore
import Testing
import WebSocketCore

@testable import ServerCore

@Suite("Socket.IO over several servers, with either adapter (reference checklist rows 61, 68 to 71, 94 and 97)")
struct ClusterTests {
    @Test(arguments: ClusterWorld.Adapter.allCases, [(0, 0), (0, 1), (1, 0)])
    func `row 94, broadcasts: from any loop of any server to all, once, with bytes`(
        adapter: ClusterWorld.Adapter, place: (Int, Int)
    ) {
        let cluster = ClusterWorld(adapter)
        let clients = cluster.guests(inRoom: [true, false, true])
        let main = cluster.main(place.0, loop: place.1)
        main.perform(.emit(SocketEmission("e", [1])), on: .of())
        #expect(cluster.take(clients) == Array(repeating: [#"42["e",1]"#], count: 3))
        main.perform(.emit(SocketEmission("b", [.binary([7])])), on: .of(["a"]))
        let packet = [#"451-["b",{"_placeholder":true,"num":0}]"#, "[7]"]
        #expect(cluster.take(clients) == [packet, [], packet])
        main.perform(.emit(SocketEmission("e", [2])), on: .of(["a", clients[1].id], except: [clients[2].id]))
        #expect(cluster.take(clients) == [[#"42["e",2]"#], [#"42["e",2]"#], []])
        main.perform(.emit(SocketEmission("e", [3])), on: .of(["a"], isLocal: true))
        let isFirst = place.0 == 0
        #expect(cluster.take(clients) == [isFirst ? [#"42["e",3]"#] : [], [], isFirst ? [] : [#"42["e",3]"#]])
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 69, many at a time: rooms and disconnections on every server`(adapter: ClusterWorld.Adapter) {
        let cluster = ClusterWorld(adapter)
        let clients = cluster.guests(inRoom: [false, true, true])
        cluster.main(0, loop: 1).perform(.join(["b", "c"]), on: .of(["a"]))
        cluster.settle()
        #expect(cluster.main(1).roomNames == ["a", "b", "c"] && cluster.main(0, loop: 1).roomNames == ["a", "b", "c"])
        cluster.main(1).perform(.leave(["a", "c"]), on: .of(except: [clients[2].id]))
        cluster.settle()
        #expect(cluster.main(1).roomNames == ["a", "b", "c"] && cluster.main(0, loop: 1).roomNames == ["b"])
        cluster.main(0).perform(.disconnect(closes: false), on: .of(["b"]))
        #expect(cluster.take(clients) == [[], ["41"], ["41"]])
        cluster.main(1).perform(.disconnect(closes: true), on: .of())
        #expect(cluster.take(clients)[0] == ["41", "close 1000"])
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 70, fetch: ids, rooms, data and handshakes from every server`(adapter: ClusterWorld.Adapter) throws {
        let cluster = ClusterWorld(adapter)
        let clients = cluster.guests(inRoom: [false, true, true])
        cluster.main(1).allSockets[0].data = ["name": "Cy", "raw": .binary([1])]
        var found: SocketFinding?
        cluster.main(0, loop: 1).fetch(.of(["a"])) { found = $0 }
        cluster.settle()
        #expect(found?.sockets.map(\.id) == [clients[1].id, clients[2].id] && found?.missing == [])
        let far = try #require(found?.sockets.last)
        #expect(far.rooms == [clients[2].id, "a"] && far.data == ["name": "Cy", "raw": .binary([1])])
        #expect(far.handshake.url.hasPrefix("/socket.io/?EIO=4") && far.handshake.query.first?.name == "EIO")
        #expect(
            far.handshake.fields.contains { $0.name.canonicalName == "host" && $0.value == "muster.test:7777" }
                && far.handshake.address.hasPrefix("127.0.0.1"))
        #expect(cluster.halls[0].world.clock.now - far.handshake.issuedAt < .seconds(1))
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 70, fetch: a server that does not answer is missing, by name where it has ever answered`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter)
        let clients = cluster.guests()
        cluster.redis.deafCount = 1
        var found: SocketFinding?
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.run(.milliseconds(4_900))
        #expect(found == nil)
        cluster.run(.milliseconds(200))
        #expect(Set(found?.sockets.map(\.id) ?? []) == Set(clients.map(\.id)) && found?.missing == ["unknown"])
        cluster.redis.deafCount = 0
        cluster.halls[0].world.mail.stuck = [0]
        found = nil
        cluster.main(1).fetch(.of()) { found = $0 }
        for hall in [cluster.halls[1]] { hall.world.run(.milliseconds(5_100)) }
        #expect(found?.sockets.map(\.id) == [clients[2].id] && found?.missing == ["node-0"])
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 61, broadcast acks: of every server; who has no such socket says so`(adapter: ClusterWorld.Adapter) {
        let cluster = ClusterWorld(adapter)
        let clients = cluster.guests(inRoom: [true, true, false])
        var answers: SocketAnswers?
        cluster.main(1).ask(SocketEmission("q"), of: .of(["a"]), timeout: .seconds(3)) { answers = $0 }
        cluster.settle()
        #expect(clients.map { $0.take() } == [[#"420["q"]"#], [#"420["q"]"#], []])
        clients[0].say(#"430["x"]"#)
        clients[1].say(#"461-0[{"_placeholder":true,"num":0}]"#)
        clients[1].send(.binary, [9])
        cluster.settle()
        #expect(answers?.answers == [["x"], [.binary([9])]] && answers?.isTimedOut == false)
        answers = nil
        cluster.main(0).ask(SocketEmission("q"), of: .of(["nobody"]), timeout: .seconds(3)) { answers = $0 }
        cluster.settle()
        #expect(answers?.answers == [] && answers?.missing == 0 && answers?.isTimedOut == false)
        answers = nil
        cluster.main(0).ask(SocketEmission("q"), of: .of([clients[2].id]), timeout: .seconds(3)) { answers = $0 }
        cluster.run(.milliseconds(3_100))
        #expect(answers?.answers == [] && answers?.missing == 1 && answers?.isTimedOut == true)
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `row 71, server-side events: every other server hears it once, and answers are collected`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter)
        for (number, hall) in cluster.halls.enumerated() {
            for hub in hall.hubs {
                hub.namespace("/").behaviour.onTold("t") { _, arguments, answer in
                    hall.note("\(arguments.first.text)")
                    answer?([.string("node \(number)")])
                    answer?(["again"])
                }
            }
        }
        cluster.main(0, loop: 1).tell("t", [1])
        cluster.settle()
        #expect(cluster.halls[1].takeLog() == ["1"] && cluster.halls[0].takeLog() == [])
        var answers: SocketAnswers?
        cluster.main(0, loop: 1).tell("t", [.binary([2])]) { answers = $0 }
        cluster.settle()
        #expect(answers?.answers == [["node 1"]] && answers?.missing == 0)
        #expect(cluster.halls[1].takeLog() == ["\"Ag==\""])
        answers = nil
        cluster.main(1).tell("t", []) { answers = $0 }
        cluster.settle()
        #expect(answers?.answers == [["node 0"]] && cluster.halls[0].takeLog() == ["null"])
        answers = nil
        cluster.main(1).tell("nobody hears", []) { answers = $0 }
        cluster.run(.milliseconds(5_100))
        #expect(answers?.answers == [] && answers?.missing == 1 && answers?.isTimedOut == true)
    }

    @Test(arguments: ClusterWorld.Adapter.allCases)
    func `without Redis clients of the server are served as before, and questions answered with what is known`(
        adapter: ClusterWorld.Adapter
    ) {
        let cluster = ClusterWorld(adapter)
        let clients = cluster.guests()
        cluster.redis.isReached = false
        cluster.main(1).perform(.emit(SocketEmission("e", [])), on: .of())
        #expect(cluster.take(clients) == [[], [], [#"42["e"]"#]])
        var (found, answers, told) = (SocketFinding?.none, SocketAnswers?.none, SocketAnswers?.none)
        cluster.main(1).fetch(.of()) { found = $0 }
        cluster.main(1).ask(SocketEmission("q"), of: .of(), timeout: .seconds(1)) { answers = $0 }
        cluster.main(1).tell("t", []) { told = $0 }
        clients[2].say(#"430["x"]"#)
        #expect(found?.sockets.map(\.id) == [clients[2].id] && found?.missing == ["unknown"])
        #expect(answers?.answers == [["x"]] && told?.answers == [] && told?.missing == 1)
    }
}
