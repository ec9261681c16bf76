import Determinism
import JSONCore
import ServerCore
import SocketIOCore
import Testing

@Suite(
    "Socket.IO: recovery over loops, of which each hears the others in its own time (reference checklist rows 79 and 80)"
)
struct SocketRecoveryLoopTests {
    @Test func `row 79, loops: no two events have one offset, whichever loop they are of`() {
        let hall = Hall(loops: 3) { $0.recovery = SocketRecoverySettings() }
        let client = hall.guest()
        let offsets = (0..<9).map { number in
            hall.hubs[number % 3].namespace("/").perform(.emit(SocketEmission("e")), on: .of())
            return client.takeOffset()
        }
        #expect(Set(offsets).count == 9 && !offsets.contains(""))
    }

    @Test func `row 79, loops: who has moved, and has seen nothing that it was sent, is told all of that`() {
        let hall = Hall(loops: 2) { $0.recovery = SocketRecoverySettings() }
        hall.world.home = 1
        let client = hall.guest()
        hall.world.home = 0
        var stream = client.stream
        for missed in [[], [#"42["e"]"#], [#"42["e"]"#, #"42["e"]"#]] {
            stream.cut()
            let back = hall.client()
            _ = back.take()
            back.send(text: "40" + client.claim(nil))
            let packets = back.take()
            #expect(packets.last?.contains(client.id) == true && packets.dropLast().map(\.untraced) == missed)
            hall.hubs[0].namespace("/").perform(.emit(SocketEmission("e")), on: .of())
            stream = back.stream
        }
    }

    @Test func `row 79, loops: a client comes back on another loop, with what any loop has sent, in order and once`() {
        let hall = Hall(loops: 3) { $0.recovery = SocketRecoverySettings() }
        let mains = hall.hubs.map { $0.namespace("/") }
        hall.world.home = 2
        let client = hall.guest()
        mains[2].allSockets[0].join("red")
        hall.world.home = 0
        let other = hall.guest()
        mains[1].perform(.emit(SocketEmission("seen")), on: .of())
        let offset = client.takeOffset()
        #expect(other.takeOffset() == offset, "made once, for all loops")
        client.stream.cut()
        for loop in [0, 1, 2, 0] {
            mains[loop].perform(.emit(SocketEmission("missed", [.integer(Int64(loop))])), on: .of(["red"]))
            hall.world.turn()
        }
        mains[0].perform(.emit(SocketEmission("at once")), on: .of())
        hall.world.home = 1
        let back = hall.client()
        _ = back.take()
        back.send(text: "40" + client.claim(offset))
        let packets = back.take().map(\.untraced)
        #expect(
            packets.dropLast() == [
                #"42["missed",0]"#, #"42["missed",1]"#, #"42["missed",2]"#, #"42["missed",0]"#, #"42["at once"]"#,
            ])
        #expect(packets.last?.contains(client.id) == true && mains.map(\.socketCount) == [1, 1, 0])
        mains[2].perform(.emit(SocketEmission("on")), on: .of(["red"]))
        #expect(back.take().map(\.untraced) == [#"42["on"]"#])
    }

    /// A client of the first loop and one of the second, where others come from then on; both are in a room, and were told of an event
    /// whose offset the first one has.
    private func hallWithTwoLoops() -> (
        hall: Hall, mains: [SocketNamespace], client: HallClient, other: HallClient, offset: String
    ) {
        let hall = Hall(loops: 2) { $0.recovery = SocketRecoverySettings() }
        let mains = hall.hubs.map { $0.namespace("/") }
        let client = hall.guest()
        mains[0].allSockets[0].join("red")
        hall.world.home = 1
        let other = hall.guest()
        mains[1].allSockets[0].join("red")
        mains[0].perform(.emit(SocketEmission("seen")), on: .of(["red"]))
        let offset = client.takeOffset()
        return (hall, mains, client, other, offset)
    }

    @Test
    func
        `row 79, loops: who has moved, and shows an event of before that it has heard, is not told less than it has missed`()
    {
        let (hall, mains, client, other, offset) = hallWithTwoLoops()
        other.say("41")
        client.stream.cut()
        // Nobody is in the room on the other loop, which keeps nothing of it.
        mains[0].perform(.emit(SocketEmission("missed")), on: .of(["red"]))
        for isBack in [true, false] {
            let back = hall.client()
            _ = back.take()
            back.send(text: "40" + client.claim(offset))
            let packets = back.take()
            #expect(packets.last?.contains(client.id) == isBack, "what it has missed is not here")
            #expect(packets.dropLast().map(\.untraced) == (isBack ? [#"42["missed"]"#] : []))
            // It never hears of it.
            back.stream.cut()
        }
    }

    @Test func `row 79, loops: who has moved with all it had missed is told what it misses there`() {
        let (hall, mains, client, other, offset) = hallWithTwoLoops()
        _ = other.take()
        client.stream.cut()
        let moved = hall.client()
        _ = moved.take()
        moved.send(text: "40" + client.claim(offset))
        #expect(moved.take().last?.contains(client.id) == true)
        // Sent to a connection that is as good as gone.
        mains[0].perform(.emit(SocketEmission("missed")), on: .of(["red"]))
        _ = moved.take()
        moved.stream.cut()
        let back = hall.client()
        _ = back.take()
        back.send(text: "40" + client.claim(offset))
        let packets = back.take()
        #expect(packets.last?.contains(client.id) == true)
        #expect(packets.dropLast().map(\.untraced) == [#"42["missed"]"#])
    }

    @Test func `row 79, loops: nobody has the place, or a loop does not answer: the client is new`() {
        let hall = Hall(loops: 2) { $0.recovery = SocketRecoverySettings() }
        let client = hall.client()
        client.adopt(pid: String(repeating: "A", count: 40))
        _ = client.take()
        #expect(client.say("40" + client.claim(nil)).last?.hasPrefix("40{") == true)
        let patient = hall.client()
        patient.adopt(pid: String(repeating: "A", count: 40))
        _ = patient.take()
        hall.world.mail.stuck = [1]
        #expect(patient.say("40" + patient.claim(nil)) == [])
        hall.world.run(.seconds(7))
        #expect(patient.take().last?.hasPrefix("40{") == true && hall.world.count(.recoveriesFailed) == 2)
    }

    // MARK: Who has heard what

    /// Three loops with a client of each in a room, which has seen one event. The client of the second loop is lost.
    private final class Trio {
        let hall = Hall(loops: 3) { $0.recovery = SocketRecoverySettings() }
        let mains: [SocketNamespace]
        let client: HallClient
        let offset: String
        private var said: Int64 = 0

        init() {
            mains = hall.hubs.map { $0.namespace("/") }
            let clients = [0, 2, 1].map { [hall, mains] loop in
                hall.world.home = loop
                defer { mains[loop].allSockets[0].join("red") }
                return hall.guest()
            }
            mains[0].perform(.emit(SocketEmission("seen")), on: .of(["red"]))
            client = clients[2]
            offset = client.takeOffset()
        }

        /// Has a loop say the next number, to a room, in a batch of its own.
        func say(on loop: Int, to room: String = "red") {
            said += 1
            mains[loop].perform(.emit(SocketEmission("e", [.integer(said)])), on: .of([room]))
            hall.world.turn()
        }

        /// A connection to the third loop.
        func connect() -> HallClient {
            hall.world.home = 2
            let back = hall.client()
            _ = back.take()
            return back
        }

        /// The numbers that a client is told before its CONNECT is answered, and whether it is back.
        func told(_ back: HallClient) -> (numbers: [String], isBack: Bool) {
            let packets = back.take()
            return (
                packets.map(\.untraced).filter { $0.hasPrefix("42") },
                packets.contains { $0.hasPrefix("40") && $0.contains(client.id) }
            )
        }
    }

    private func events(_ numbers: ClosedRange<Int>) -> [String] { numbers.map { #"42["e",\#($0)]"# } }

    @Test func `row 79, loops: what a third loop has said is not missed, though only the loop that asks has heard it`()
    {
        let trio = Trio()
        trio.client.stream.cut()
        // Sixteen batches wait where the place is, and the rest where it was said.
        trio.hall.world.mail.stuck = [1]
        for _ in 1...20 { trio.say(on: 0) }
        let back = trio.connect()
        back.send(text: "40" + trio.client.claim(trio.offset))
        #expect(trio.told(back).numbers == [])
        trio.hall.world.mail.stuck = []
        #expect(trio.told(back) == (events(1...20), true))
        trio.say(on: 0)
        #expect(trio.told(back).numbers == events(21...21))
    }

    @Test func `row 79, loops: what a third loop has said is not told again, though the loop that asks hears it later`()
    {
        let trio = Trio()
        let back = trio.connect()
        trio.hall.world.mail.stuck = [2]
        for _ in 1...20 { trio.say(on: 0) }
        let offset = trio.client.takeOffset()
        trio.client.stream.cut()
        back.send(text: "40" + trio.client.claim(offset))
        trio.hall.world.mail.stuck = []
        #expect(trio.told(back) == ([], true))
        trio.say(on: 0)
        #expect(trio.told(back).numbers == events(21...21))
    }

    @Test func `row 79, loops: who has moved, and shows the last of what came with its place, is told what came then`()
    {
        let trio = Trio()
        trio.client.stream.cut()
        let back = trio.connect()
        trio.hall.world.mail.stuck = [2]
        // The first loop says more than the third takes at once; then the second, which has heard it all, says something.
        for _ in 1...17 { trio.say(on: 0, to: "blue") }
        trio.say(on: 0)
        trio.say(on: 1)
        trio.hall.world.mail.stuck = []
        _ = trio.hall.world.mail.deliver(to: trio.hall.world.servers)
        back.send(text: "40" + trio.client.claim(trio.offset))
        let packets = back.take()
        #expect(packets.dropLast().map(\.untraced) == events(18...19) && packets.last?.contains(trio.client.id) == true)
        trio.say(on: 0)
        back.stream.cut()
        let again = trio.connect()
        again.send(text: "40" + trio.client.claim(packets[1].offset))
        #expect(trio.told(again) == (events(20...20), true))
    }

    @Test func `row 79, loops: who has moved, and has not seen all that came with its place, is new`() {
        let trio = Trio()
        trio.client.stream.cut()
        for _ in 1...3 { trio.say(on: 0) }
        let back = trio.connect()
        back.send(text: "40" + trio.client.claim(trio.offset))
        let packets = back.take()
        #expect(packets.dropLast().map(\.untraced) == events(1...3))
        back.stream.cut()
        let again = trio.connect()
        again.send(text: "40" + trio.client.claim(packets[1].offset))
        #expect(trio.told(again) == ([], false))
    }

    @Test func `row 79, loops: a place is not given to a loop that waits no more, but kept for who comes again`() {
        let trio = Trio()
        trio.client.stream.cut()
        trio.hall.world.mail.stuck = [1]
        for _ in 1...20 { trio.say(on: 0) }
        let back = trio.connect()
        back.send(text: "40" + trio.client.claim(trio.offset))
        // Where the place is, the rest is not heard for longer than a request may take.
        trio.hall.world.mail.stuck = [0]
        trio.hall.world.run(.seconds(7))
        #expect(trio.told(back) == ([], false) && trio.hall.world.count(.recoveriesFailed) == 1)
        trio.hall.world.mail.stuck = []
        trio.hall.world.turn()
        let again = trio.connect()
        again.send(text: "40" + trio.client.claim(trio.offset))
        #expect(trio.told(again) == (events(1...20), true))
    }
}
