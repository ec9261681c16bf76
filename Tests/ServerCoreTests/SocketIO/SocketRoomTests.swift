import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite("Socket.IO: rooms and broadcasts (reference checklist rows 18, 19, 65 to 72, 75, 93)")
struct SocketRoomTests {
    let hall = Hall()
    private var sockets: [NamespaceSocket] { hall.main.allSockets }

    /// So many clients; number n is in the rooms n of the list.
    private func guests(_ rooms: [String]...) -> [HallClient] {
        rooms.map { rooms in
            let client = hall.guest()
            for room in rooms { sockets[sockets.count - 1].join(room) }
            return client
        }
    }

    /// Who has got something, by number.
    private func reached(_ clients: [HallClient]) -> [Int] {
        clients.indices.filter { index in
            let got = clients[index].take()
            #expect(got.count <= 1, "nobody is sent a thing twice")
            return !got.isEmpty
        }
    }

    @Test func `row 65, rooms: joined and left any number of times; its own id is one of them`() {
        let client = hall.guest()
        let socket = sockets[0]
        #expect(socket.rooms == [client.id])
        for room in ["a", "b", "a", client.id] { socket.join(room) }
        #expect(socket.rooms == [client.id, "a", "b"])
        socket.leave("a")
        socket.leave("never")
        #expect(socket.rooms == [client.id, "b"] && hall.main.roomNames == ["b"])
        client.say("41")
        socket.join("b")
        #expect(socket.rooms == [] && hall.main.roomNames == [])
    }

    @Test func `row 65, rooms: a socket is reached by its id, and may leave that room; others may join it`() {
        let clients = guests([], [], [])
        let id = sockets[1].id.text
        hall.emit("e", to: [id])
        #expect(reached(clients) == [1])
        sockets[2].join(id)
        hall.emit("e", to: [id])
        #expect(reached(clients) == [1, 2])
        sockets[1].leave(id)
        hall.emit("e", to: [id])
        #expect(reached(clients) == [2])
        hall.emit("e", except: [sockets[0].id.text])
        #expect(reached(clients) == [1, 2])
    }

    @Test func `row 66, unions: each socket once, without those in the excepted rooms`() {
        let clients = guests(["a"], ["a", "b"], ["b"], [], ["b", "c"])
        hall.emit("e", to: ["a", "b"])
        #expect(reached(clients) == [0, 1, 2, 4])
        hall.emit("e", to: ["a", "b"], except: ["c", "none"])
        #expect(reached(clients) == [0, 1, 2])
        hall.emit("e", except: ["a", "b"])
        #expect(reached(clients) == [3])
        hall.emit("e", to: ["none"])
        #expect(reached(clients) == [])
    }

    @Test func `row 67, broadcast: everyone but the one who speaks`() {
        let clients = guests(["a"], ["a"], [])
        hall.emit("e", but: sockets[0])
        #expect(reached(clients) == [1, 2])
        hall.emit("e", to: ["a"], but: sockets[0])
        #expect(reached(clients) == [1])
        hall.emit("e", to: ["a"], except: ["x"], but: sockets[1])
        #expect(reached(clients) == [0])
    }

    @Test func `row 68, local: what is not local goes to the relay, too`() {
        let relay = NotedRelay(hall)
        hall.hub.join(relay)
        #expect(hall.takeLog() == ["opened /"])
        let clients = guests(["a"])
        hall.emit("e", to: ["a"])
        #expect(hall.takeLog() == [#"/ ["a"] emit("e")"#] && reached(clients) == [0])
        hall.main.perform(.emit(SocketEmission("e", [])), on: .of(isLocal: true))
        hall.main.perform(.join(["b"]), on: .of(["a"], isLocal: true))
        #expect(hall.takeLog() == [] && reached(clients) == [0] && hall.main.roomNames == ["a", "b"])
        hall.main.apply(.leave(["b"]), to: .of())
        #expect(hall.takeLog() == [] && hall.main.roomNames == ["a"], "what a relay brings goes no further")
    }

    @Test func `row 69, many at a time: join, leave and disconnect whoever is meant`() {
        let clients = guests(["a"], ["a", "b"], [])
        hall.main.perform(.join(["x", "y"]), on: .of(["a"]))
        #expect(sockets.map { $0.rooms.dropFirst().sorted() } == [["a", "x", "y"], ["a", "b", "x", "y"], []])
        hall.main.perform(.leave(["a", "y"]), on: .of(except: ["b"]))
        #expect(sockets.map { $0.rooms.dropFirst().sorted() } == [["x"], ["a", "b", "x", "y"], []])
        hall.main.perform(.disconnect(closes: false), on: .of(["b"]))
        #expect(clients[1].take() == ["41"] && clients[1].closeCode == nil)
        hall.main.perform(.disconnect(closes: true), on: .of())
        #expect(clients[0].take() == ["41", "close 1000"] && clients[2].take() == ["41", "close 1000"])
        #expect(hall.main.socketCount == 0)
    }

    @Test func `row 70, fetch: ids, rooms, data and handshakes of who is meant`() {
        let clients = guests(["a"], [], ["a"])
        sockets[2].data = ["name": "Cy"]
        var found = SocketFinding()
        hall.main.fetch(.of(["a"])) { found = $0 }
        #expect(found.sockets.map(\.id) == [clients[0].id, clients[2].id] && found.missing == [])
        #expect(found.sockets[1].rooms == [clients[2].id, "a"] && found.sockets[1].data["name"] == "Cy")
        #expect(found.sockets[0].handshake.url.hasPrefix("/socket.io/?EIO=4"))
    }

    @Test func `row 71, server-side events: alone there is nobody to tell; what others tell is heard`() {
        hall.main.behaviour.onTold("q") { _, arguments, answer in
            self.hall.note("told \(arguments.first.text)")
            answer?(["me"])
        }
        hall.main.tell("q", ["x"]) { self.hall.note($0) }
        #expect(hall.takeLog() == [""], "not told to oneself, and no answers")
        hall.main.told("q", ["y"]) { self.hall.note("\($0.values.count)") }
        #expect(hall.takeLog() == [#"told "y""#, "1"])
    }

    @Test func `row 72, rooms: told when they are made, joined, left and gone, those of ids too`() {
        hall.main.behaviour.onRoomChange { _, change in
            switch change {
            case .created(let room): self.hall.note("+\(room.prefix(1))")
            case .deleted(let room): self.hall.note("-\(room.prefix(1))")
            case .joined(let room, _): self.hall.note("in \(room.prefix(1))")
            case .left(let room, _): self.hall.note("out \(room.prefix(1))")
            }
        }
        let clients = [hall.guest(), hall.guest()]
        let ids = clients.map { $0.id.prefix(1) }
        #expect(hall.takeLog() == ["+\(ids[0])", "in \(ids[0])", "+\(ids[1])", "in \(ids[1])"])
        sockets[0].join("r")
        sockets[1].join("r")
        sockets[0].leave("r")
        #expect(hall.takeLog() == ["+r", "in r", "in r", "out r"])
        clients[1].say("41")
        #expect(hall.takeLog() == ["out r", "-r", "out \(ids[1])", "-\(ids[1])"])
    }

    @Test func `rows 18 and 19, one encoding and one framing: every member is sent the same bytes, text and binary`() {
        let clients = guests(["a"], ["a"], ["a"])
        _ = reached(clients)
        let before = clients.map(\.stream.sent.count)
        hall.emit("t", [.string(String(repeating: "é", count: 200))], to: ["a"])
        hall.emit("b", [.binary([UInt8](repeating: 7, count: 300)), ["deep": .binary([1])]], to: ["a"])
        hall.world.turn()
        let sent = zip(clients, before).map { Array($0.stream.sent[$1...]) }
        #expect(sent[0] == sent[1] && sent[1] == sent[2] && sent[0].count > 700)
        #expect(clients[0].take().count == 4)
    }

    @Test func `a member whose connection is full is ended after its room has been sent to, and the others go on`() {
        let hall = Hall(limits: {
            $0.outboxBytesMax = 1_000; $0.outboxBytesCeiling = 3_000
        })
        hall.main.behaviour.onDisconnect { _, reason in
            hall.note(reason.rawValue)
            hall.emit("gone", to: ["a"])
        }
        let clients = [hall.guest(), hall.guest(), hall.guest()]
        for socket in hall.main.allSockets { socket.join("a") }
        clients[1].stream.stalls = true
        var sent = 0
        while hall.main.socketCount == 3, sent < 20 {
            hall.emit("e", [.string(String(repeating: "x", count: 500))], to: ["a"])
            hall.world.turn()
            sent += 1
        }
        #expect(hall.takeLog() == ["transport error"] && (6...8).contains(sent))
        for index in [0, 2] { #expect(clients[index].take().count { $0.hasPrefix(#"42["e""#) } == sent) }
        #expect(hall.main.socketCount == 2)
    }

    @Test func `row 75, data: the author's, on the socket, until it has gone`() {
        hall.main.behaviour.onConnect { $0.state = Counter() }
        hall.main.behaviour.on("count") { socket, _ in
            guard let counter = socket.state as? Counter else { return }
            counter.count += 1
            socket.data = ["count": .integer(counter.count)]
        }
        let client = hall.guest()
        client.say(#"42["count"]"#, #"42["count"]"#)
        #expect(sockets[0].data == ["count": 2])
    }

    private final class Counter { var count: Int64 = 0 }

    @Test func `row 93, in memory: any order of coming, going, joining and leaving keeps rooms and members in step`() {
        var random = SeededRandom(seed: 12)
        var clients: [HallClient] = []
        var model: [String: Set<String>] = [:]
        for round in 0..<400 {
            switch random.int(in: 0...5) {
            case 0 where clients.count < 12: clients.append(hall.guest())
            case 1 where !clients.isEmpty:
                let index = random.int(in: 0...clients.count - 1)
                model[clients[index].id] = nil
                clients.remove(at: index).say("41")
            case let action where !clients.isEmpty:
                let client = clients[random.int(in: 0...clients.count - 1)]
                let room = "r\(random.int(in: 0...4))"
                guard let socket = sockets.first(where: { $0.id.text == client.id }) else { continue }
                if action < 5 {
                    socket.join(room)
                    model[client.id, default: []].insert(room)
                } else {
                    socket.leave(room)
                    model[client.id]?.remove(room)
                }
            default: break
            }
            let rooms = Set(model.values.joined())
            #expect(Set(hall.main.roomNames) == rooms, "seed 12 round \(round)")
            for room in rooms {
                let wanted = model.filter { $0.value.contains(room) }.map(\.key).sorted()
                let members = hall.main.sockets(.of([room])).map(\.id.text).sorted()
                #expect(members == wanted, "seed 12 round \(round)")
            }
        }
    }
}
