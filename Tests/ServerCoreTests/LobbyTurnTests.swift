import Determinism
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import Synchronization
import Testing

@Suite("Turns: lobbies share a loop's time")
struct LobbyTurnTests {
    /// A world whose lobbies play `Slow`, and what their steps have cost so far.
    private func slowWorld() -> (World, StepCosts) {
        let world = World(games: [GameType(Probe.self), GameType(Slow.self)])
        return (world, StepCosts(world.clock))
    }

    @Test func `what a lobby has given up is told to its players`() {
        let world = World()
        let (plain, socket) = (PlainClient(world), SocketClient(world))
        plain.join()
        socket.join()
        world.steps(2)
        world.clock.now = world.clock.now + .seconds(1)
        world.turn()
        let dropped = JSONValue.integer(Int64(world.count(.stepsDropped)))
        #expect(plain.event("skipped") == ["steps": dropped] && socket.event("skipped") == ["steps": dropped])
        world.steps(5)
        #expect(plain.events.count { $0.name == "skipped" } == 1)
    }

    @Test func `a lobby that is behind delays another by one step`() {
        let (world, costs) = slowWorld()
        StepCosts.$current.withValue(costs) {
            PlainClient(world, lobby: "a").join(["game": "slow", "options": ["label": "a", "milliseconds": 5]])
            world.steps(4, of: "a")
            PlainClient(world, lobby: "b").join(["game": "slow", "options": ["label": "b", "milliseconds": 0]])
            world.steps(4, of: "b")
            costs.order = []
            world.clock.now = world.clock.now + .milliseconds(160)
            world.turn()
        }
        // Whichever is due first, neither runs a step while the other waits for as many as it has had.
        #expect(costs.order.count >= 6)
        var counts: [String: Int] = [:]
        for label in costs.order.prefix(6) {
            counts[label, default: 0] += 1
            #expect(abs((counts["a"] ?? 0) - (counts["b"] ?? 0)) <= 1, "\(costs.order)")
        }
    }

    @Test func `a lobby over its budget sends half its snapshots, then is closed alone`() {
        let (world, costs) = slowWorld()
        StepCosts.$current.withValue(costs) {
            let slow = PlainClient(world, lobby: "slow")
            slow.join(["game": "slow", "options": ["label": "slow", "milliseconds": 45]])
            let other = PlainClient(world, lobby: "other")
            other.join()
            world.steps(100, of: "slow")
            #expect(world.count(.lobbiesDegraded) == 1 && slow.closeCode == nil)
            let (before, skipped) = (slow.snapshots.count, world.count(.snapshotsDegraded))
            world.steps(40, of: "slow")
            let sent = slow.snapshots.count - before
            #expect(abs(sent - 20) <= 1 && abs(Int(world.count(.snapshotsDegraded) - skipped) - 20) <= 1)
            world.steps(200, of: "slow")
            #expect(slow.closeCode == 4000 && world.count(.lobbiesExhausted) == 1)
            #expect(slow.event("closed")?["reason"] == "the lobby takes more time than it may")
            #expect(other.closeCode == nil && world.lobby("other") != nil)
            world.steps(5, of: "other")
        }
        #expect(world.logLines.contains { $0.contains("lobby slow takes 8") })
    }

    @Test func `a lobby that does with less again is whole again`() {
        let (world, costs) = slowWorld()
        StepCosts.$current.withValue(costs) {
            let slow = PlainClient(world, lobby: "slow")
            slow.join(["game": "slow", "options": ["label": "slow", "milliseconds": 45, "until": 110]])
            world.steps(300, of: "slow")
            #expect(world.count(.lobbiesDegraded) == 1 && world.count(.lobbiesExhausted) == 0)
            let before = slow.snapshots.count
            world.steps(20, of: "slow")
            #expect(slow.snapshots.count - before == 20)
        }
    }
}

/// What steps cost on the clock of a world, and in which order they ran.
final class StepCosts: Sendable {
    @TaskLocal static var current: StepCosts?
    private let clock: TestClock
    private let labels = Mutex<[String]>([])

    init(_ clock: TestClock) { self.clock = clock }

    var order: [String] {
        get { labels.withLock(\.self) }
        set { labels.withLock { $0 = newValue } }
    }

    func spend(_ label: String, _ milliseconds: Int64) {
        labels.withLock { $0.append(label) }
        clock.now = clock.now + .milliseconds(Int(milliseconds))
    }
}

/// A game at 20 Hz whose steps take as long as its options say.
struct Slow: Game {
    static let name = "slow"
    static let rules = Rules(tickRate: 20, seats: 2)
    static var replicated: Replication<Slow> {
        Single(\.clock, "clock") { Field("tick", \.at, .int(0...1_000_000)) }
    }

    private(set) var clock = Pawn()
    private let label: String
    private let milliseconds: Int64
    private let until: Int64

    init(_ context: inout GameContext, options: JSONValue) {
        label = options["label"]?.string ?? ""
        milliseconds = options["milliseconds"]?.integer ?? 0
        until = options["until"]?.integer ?? .max
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        clock.at = Int(context.tick)
        StepCosts.current?.spend(label, Int64(context.tick) <= until ? milliseconds : 0)
    }
}
