import Determinism
import JSONCore
import Testing

@testable import ServerCore

@Suite("What went on in the last hour (protocol/spec/admin.md §8)")
struct TimelineTests {
    private func counted(_ bytesIn: UInt64) -> Counters {
        var counters = Counters()
        counters[.bytesIn] = bytesIn
        return counters
    }

    @Test func `an interval has what went on in it, and the one after it nothing of that`() {
        var timeline = Timeline(at: .zero + .seconds(7))
        timeline.stepped(.milliseconds(3))
        #expect(!timeline.isOver(at: .zero + .seconds(9)) && timeline.isOver(at: .zero + .seconds(10)))
        timeline.close(at: .zero + .seconds(10), .init(connections: 2), counted(50))
        timeline.close(at: .zero + .seconds(11), .init(connections: 9), counted(60))
        timeline.close(at: .zero + .seconds(20), .init(connections: 3), counted(70))
        #expect(timeline.samples.map(\.levels.connections) == [2, 3])
        #expect(timeline.samples.map(\.flows.bytesIn) == [50, 20])
        #expect(timeline.samples.map(\.lateness.count) == [1, 0])
    }

    @Test func `where no turn was for a while, nothing went on`() {
        var timeline = Timeline(at: .zero)
        timeline.close(at: .zero + .seconds(45), .init(connections: 1), counted(8))
        #expect(timeline.samples.map(\.flows.bytesIn) == [8, 0, 0, 0])
        #expect(timeline.samples.map(\.levels.connections) == [1, 1, 1, 1])
    }

    @Test func `an hour is kept, the oldest first, whatever the pause`() {
        var timeline = Timeline(at: .zero)
        for number in 1...500 {
            timeline.close(at: .zero + .seconds(10 * number), .init(connections: number), counted(0))
        }
        #expect(timeline.samples.map(\.levels.connections) == Array(141...500))
        timeline.close(at: .zero + .seconds(1_000_000_000), .init(connections: 7), counted(0))
        #expect(timeline.samples.map(\.levels.connections) == Array(repeating: 7, count: 360))
    }

    @Test func `percentiles are not under the true ones, a quarter over them at most, and the worst is exact`() throws {
        var counts = LatenessCounts()
        #expect(counts.milliseconds(atPerMille: 500) == nil)
        for microseconds in 1...20_000 { counts.record(.microseconds(microseconds)) }
        for share in [500, 900, 990] as [UInt64] {
            let (value, exact) = (try #require(counts.milliseconds(atPerMille: share)), Double(share) / 50)
            #expect(value >= exact && value <= exact * 1.25, "\(share): \(value)")
        }
        #expect(counts.milliseconds(atPerMille: 1_000) == 20)
        counts.record(.seconds(100))
        #expect(counts.milliseconds(atPerMille: 1_000) == 100_000)
    }

    @Test(arguments: [1, 2])
    func `whoever looks on is told it of all loops, as rates a second`(loops: Int) throws {
        let office = AdminOffice()
        let world = World(loops: loops, hooks: office.hooks)
        for lobby in ["a", "b"] { PlainClient(world, lobby: lobby).join() }
        world.run(.seconds(31))
        world.home = loops - 1
        let client = AdminClient(world, "viewer")
        let told = try #require(client.ask("timeline"))
        let lobbies = try #require(told["lobbies"]?.array)
        #expect(lobbies.count == 3 && lobbies.last == 2 && told["players"]?.array?.last == 2)
        for key in ["connections", "bytesIn", "bytesOut", "messagesIn", "snapshotsSent", "stepsDropped", "drops"] {
            #expect(told[key]?.array?.count == 3, "\(key)")
        }
        let sent = try #require(told["snapshotsSent"]?.array?.last?.number)
        #expect(sent > 0 && world.count(.snapshotsSent) > 0)
        #expect(told["latenessMilliseconds"]?["p99"]?.array?.count == 3)
    }

    @Test func `the overview leaves the lobbies out where they are not wanted`() {
        let office = AdminOffice()
        let world = World(hooks: office.hooks)
        PlainClient(world).join()
        let client = AdminClient(world, "viewer")
        #expect(client.ask("overview", ["lobbies": false])?["lobbies"] == [])
        #expect(client.ask("overview", ["lobbies": false])?["lobbyCount"] == 1)
        #expect(client.ask("overview")?["lobbies"]?.array?.count == 1)
    }
}
