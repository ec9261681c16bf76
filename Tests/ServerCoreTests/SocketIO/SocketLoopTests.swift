import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Socket.IO over the loops of a process (reference checklist rows 68 to 71 and 100)")
struct SocketLoopTests {
    let hall = Hall(loops: 3)
    private var mains: [SocketNamespace] { hall.hubs.map { $0.namespace("/") } }

    /// A client on each loop, in room `a` where the list says so.
    private func guests(inRoom: [Bool] = [true, true, true], _ namespace: String = "/") -> [HallClient] {
        inRoom.enumerated().map { loop, isIn in
            hall.world.home = loop
            let client = hall.guest(namespace)
            if isIn { hall.hubs[loop].namespace(namespace).allSockets.last?.join("a") }
            return client
        }
    }

    private func emit(from loop: Int, _ arguments: SocketArguments = [1], _ target: SocketTarget = .of()) {
        mains[loop].perform(.emit(SocketEmission("e", arguments)), on: target)
    }

    @Test(arguments: 0..<3)
    func `row 100, several loops: what is emitted on one reaches everyone on all, once`(loop: Int) {
        let clients = guests(inRoom: [true, true, false])
        emit(from: loop)
        for client in clients { #expect(client.take() == [#"42["e",1]"#]) }
        emit(from: loop, [.binary([7])], .of(["a"]))
        #expect(
            clients.map { $0.take() } == [
                [#"451-["e",{"_placeholder":true,"num":0}]"#, "[7]"],
                [#"451-["e",{"_placeholder":true,"num":0}]"#, "[7]"], [],
            ])
        emit(from: loop, [2], .of(except: [clients[1].id]))
        #expect(clients.map { $0.take() } == [[#"42["e",2]"#], [], [#"42["e",2]"#]])
        emit(from: loop, [3], .of(but: mains[2].allSockets[0]))
        #expect(clients.map { $0.take() } == [[#"42["e",3]"#], [#"42["e",3]"#], []])
    }

    @Test func `row 68, local: this server is all its loops`() {
        let clients = guests()
        emit(from: 1, [1], .of(isLocal: true))
        for client in clients { #expect(client.take() == [#"42["e",1]"#]) }
    }

    @Test func `row 69, many at a time: rooms and disconnections on all loops, in the order in which they were said`() {
        let clients = guests(inRoom: [true, false, true])
        mains[1].perform(.join(["b"]), on: .of(["a"]))
        emit(from: 1, [1], .of(["b"]))
        mains[1].perform(.leave(["b"]), on: .of())
        emit(from: 1, [2], .of(["b"]))
        mains[1].perform(.disconnect(closes: false), on: .of([clients[2].id]))
        #expect(clients.map { $0.take() } == [[#"42["e",1]"#], [], [#"42["e",1]"#, "41"]])
        #expect(mains.map(\.socketCount) == [1, 1, 0])
    }

    @Test func `row 70, fetch: the sockets of all loops; a loop that does not answer is named`() {
        let clients = guests(inRoom: [true, false, true])
        mains[2].allSockets[0].data = ["name": "Cy"]
        var found = SocketFinding()
        mains[1].fetch(.of(["a"])) { found = $0 }
        hall.world.turn()
        #expect(found.sockets.map(\.id) == [clients[0].id, clients[2].id] && found.missing == [])
        #expect(found.sockets[1].rooms == [clients[2].id, "a"] && found.sockets[1].data["name"] == "Cy")
        hall.world.mail.stuck = [2]
        found = SocketFinding()
        mains[1].fetch(.of()) { found = $0 }
        hall.world.run(.seconds(5))
        #expect(found.sockets.isEmpty)
        hall.world.run(.milliseconds(1_100))
        #expect(found.sockets.map(\.id) == [clients[1].id, clients[0].id] && found.missing == ["loop 2"])
    }

    @Test
    func `row 61, broadcast acks: of all loops; one that goes is not waited for, one that is silent for the time`() {
        let clients = guests()
        var answers: SocketAnswers?
        mains[2].ask(SocketEmission("q"), of: .of(), timeout: .seconds(2)) { answers = $0 }
        hall.world.turn()
        for client in clients { #expect(client.take() == [#"420["q"]"#]) }
        clients[0].say(#"430["x"]"#)
        #expect(answers == nil)
        clients[1].say("41")
        #expect(answers == nil)
        clients[2].say(#"430["z"]"#)
        #expect(answers?.answers == [["x"], ["z"]] && answers?.missing == 1 && answers?.isTimedOut == false)
        answers = nil
        mains[2].ask(SocketEmission("q"), of: .of(), timeout: .seconds(2)) { answers = $0 }
        hall.world.turn()
        clients[0].say(#"431["x"]"#)
        hall.world.run(.milliseconds(2_100))
        #expect(answers?.answers == [["x"]] && answers?.missing == 1 && answers?.isTimedOut == true)
        answers = nil
        mains[2].ask(SocketEmission("q"), of: .of(["nobody"]), timeout: .seconds(2)) { answers = $0 }
        hall.world.turn()
        #expect(answers?.answers == [] && answers?.missing == 0 && answers?.isTimedOut == false)
    }

    @Test func `frames are made once and shared between the loops, and a turn is one batch to each`() {
        _ = guests()
        hall.world.turn()
        let before = hall.world.servers[0].counted[.loopBatches]
        for _ in 0..<5 { emit(from: 0) }
        hall.world.turn()
        #expect(hall.world.servers[0].counted[.loopBatches] - before == 2)
    }

    @Test func `what is on its way to a loop that is stuck is bounded; what is more is dropped and counted`() {
        let clients = guests()
        hall.world.mail.stuck = [1]
        let large = SocketArguments([.string(String(repeating: "x", count: 1_000_000))])
        for _ in 0..<20 {
            emit(from: 0, large, .of(["nobody"]))
            hall.world.turn()
        }
        #expect(hall.world.servers[0].counted[.loopMessagesDropped] == 12)
        hall.world.mail.stuck = []
        hall.world.turn()
        emit(from: 0)
        #expect(clients[1].take() == [#"42["e",1]"#])
    }

    @Test func `a namespace of a pattern may be on one loop alone, and is reached from the others all the same`() {
        for hub in hall.hubs { hub.add(SocketFamily { name, _, done in done(name.hasPrefix("/d")) }) }
        hall.world.home = 2
        let client = hall.guest("/d1")
        #expect(hall.hubs[0].existingNamespace("/d1") == nil)
        hall.hubs[0].arrived(.emit(SocketEmission("e", [1])), for: .of(), in: "/d1")
        #expect(client.take() == [#"42/d1,["e",1]"#])
        var found = SocketFinding()
        hall.hubs[0].fetch(.of(), in: "/d1") { found = $0 }
        hall.world.turn()
        #expect(found.sockets.map(\.id) == [client.id])
    }

    // MARK: The way to other servers

    @Test func `the first loop speaks to other servers for all; what is local stays`() {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        _ = guests()
        #expect(hall.takeLog() == ["opened /"])
        for loop in 0..<3 {
            emit(from: loop)
            emit(from: loop, [1], .of(isLocal: true))
            hall.world.turn()
            #expect(hall.takeLog() == [#"/ [] emit("e")"#])
        }
        hall.hub.arrived(.emit(SocketEmission("e")), for: .of(), in: "/")
        hall.world.turn()
        #expect(hall.takeLog() == [], "what other servers say goes no further")
    }

    @Test func `a namespace is told to the relay when the first loop has it, and when the last has not`() {
        hall.hub.join(NotedRelay(hall))
        for hub in hall.hubs { hub.add(SocketFamily { name, _, done in done(name.hasPrefix("/d")) }) }
        hall.world.home = 2
        let far = hall.guest("/d1")
        hall.world.home = 1
        let near = hall.guest("/d1")
        hall.world.turn()
        #expect(hall.takeLog() == ["opened /", "opened /d1"])
        far.say("41/d1,")
        #expect(hall.takeLog() == [])
        near.say("41/d1,")
        #expect(hall.takeLog() == ["closed /d1"])
    }

    @Test func `questions of any loop go to the other servers through the first, and their answers come back`() {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        let clients = guests(inRoom: [false, true, false])
        var answers: SocketAnswers?
        mains[1].ask(SocketEmission("q"), of: .of(["a"]), timeout: .seconds(2)) { answers = $0 }
        hall.world.turn()
        relay.report?(.asked(2))
        relay.report?(.answered(["far"]))
        clients[1].say(#"430["near"]"#)
        relay.report?(.complete)
        #expect(answers == nil)
        relay.report?(.answered(["farther"]))
        hall.world.turn()
        #expect(answers?.answers == [["near"], ["far"], ["farther"]])

        relay.finding = SocketFinding(sockets: [], missing: ["node"])
        var found = SocketFinding()
        mains[2].fetch(.of()) { found = $0 }
        hall.world.turn()
        #expect(found.sockets.map(\.id) == [clients[2].id, clients[0].id, clients[1].id] && found.missing == ["node"])
        found = SocketFinding()
        mains[2].fetch(.of(isLocal: true)) { found = $0 }
        hall.world.turn()
        #expect(found.sockets.count == 3 && found.missing == [])

        var told: SocketAnswers?
        mains[1].tell("t", [1]) { told = $0 }
        hall.world.turn()
        #expect(told?.answers == [["t"]])
    }

    @Test
    func `row 71, server-side events: heard once by a server, not once a loop, and on whatever loop has the namespace`()
    {
        for hub in hall.hubs {
            let family = SocketFamily { name, _, done in done(name.hasPrefix("/d")) }
            hub.add(family)
            for behaviour in [hub.namespace("/").behaviour, family.behaviour] {
                behaviour.onTold("t") { namespace, arguments, answer in
                    hall.note("\(namespace.name) \(arguments.first.text)")
                    answer?(["heard"])
                }
            }
        }
        hall.world.home = 2
        let client = hall.guest("/d1")
        hall.world.turn()
        var answer = SocketArguments.none
        for namespace in ["/", "/d1", "/d2"] {
            hall.hub.told("t", [1], in: namespace) { answer = $0 }
            hall.world.turn()
        }
        #expect(hall.takeLog() == ["/ 1", "/d1 1"] && answer == ["heard"])
        #expect(client.take() == [])
    }
}
