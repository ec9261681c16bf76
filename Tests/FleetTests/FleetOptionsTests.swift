import BotCore
import Determinism
import GameKit
import Testing

@testable import Fleet

@Suite("What a fleet is asked to do")
struct FleetOptionsTests {
    private struct Nothing: Game {
        struct Input: GameInput {
            var go = false
            static var fields: [Field<Input>] { Field("go", \.go) }
        }
        struct Board: Sendable { var on = false }
        static let name = "nothing"
        static let rules = Rules(tickRate: 10, seats: 2)
        static var replicated: Replication<Nothing> { Single(\.board, "board") { Field("on", \.on) } }
        var board = Board()
        init(_ context: inout GameContext, options: JSONValue) {}
        mutating func join(_ seat: Seat, _ context: inout GameContext) {}
        mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
        mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {}
    }

    private struct NothingBrain: Brain {
        init(seed: UInt64) {}
        mutating func decide(_ game: Nothing, seat: Int, tick: UInt32) -> Nothing.Input? { nil }
    }

    private var options: FleetOptions {
        FleetOptions(server: "http://h:1", game: "nothing", brains: [BrainType(NothingBrain.self)])
    }

    @Test func `options that cannot be run say which and why`() {
        #expect(options.problem == nil)
        let changes: [((inout FleetOptions) -> Void, String)] = [
            ({ $0.server = "?" }, "--server"), ({ $0.game = "x" }, "nothing"), ({ $0.count = 0 }, "--count"),
            ({ $0.lobbies = 11 }, "--lobbies"), ({ $0.seconds = .nan }, "--seconds"),
            ({ $0.rampPerSecond = 0 }, "--ramp"), ({ $0.cutEverySeconds = 0.5 }, "--cut-every"),
        ]
        for (change, word) in changes {
            var changed = options
            change(&changed)
            #expect(changed.problem?.contains(word) == true)
        }
    }

    @Test func `bots spread over lobbies, dialects and the ramp, and end together`() {
        var options = options
        (options.count, options.lobbies, options.dialects) = (8, 2, .mixed)
        (options.rampPerSecond, options.seconds, options.seed) = (4, 10, 255)
        let bots = options.bots(brain: BrainType(NothingBrain.self), host: "h:1", start: .zero)
        #expect(bots.map(\.lobby).prefix(3) == ["bots-ff-0", "bots-ff-1", "bots-ff-0"])
        #expect(bots.map(\.dialect).prefix(4) == [.plain, .plain, .socketIO, .socketIO])
        #expect(bots[7].startAt == .zero + .milliseconds(1_750))
        #expect(bots.allSatisfy { $0.endAt == .zero + .seconds(12) })
        #expect(Set(bots.map(\.seed)).count == 8)
    }

    @Test func `a phase with more bots lets the missing ones join, one with fewer the last ones leave`() throws {
        let text = """
            {"lobbies": 2, "phases": [
              {"seconds": 5, "bots": 4, "ramp": 2},
              {"seconds": 5, "bots": 6, "ramp": 1, "behaviour": "silent", "protocol": "polling", "cut_every_seconds": 3},
              {"seconds": 5, "bots": 3, "ramp": 1}
            ]}
            """
        var options = options
        options.take(try Scenario.parse(Array(text.utf8), file: "s"))
        let bots = options.bots(brain: BrainType(NothingBrain.self), host: "h:1", start: .zero)
        #expect(bots.map(\.startAt.nanoseconds) == [0, 500, 1_000, 1_500, 5_000, 6_000].map { $0 * 1_000_000 })
        #expect(bots.map(\.endAt.nanoseconds) == [15, 15, 15, 12, 11, 10].map { $0 * 1_000_000_000 })
        #expect(bots.map(\.behaviour) == [.play, .play, .play, .play, .silent, .silent])
        #expect(bots.map(\.dialect) == [.plain, .plain, .plain, .plain, .polling, .polling])
        // Those that misbehave are not cut: their ends are the server's to make.
        #expect(bots.map(\.cutEvery) == [nil, nil, nil, nil, nil, nil])
        #expect(options.phases.map(\.needsRelay) == [false, false, false])
    }

    @Test func `options without a scenario are a plan of two phases`() {
        var options = options
        (options.count, options.lobbies, options.rampPerSecond, options.seconds) = (10, 2, 5, 20)
        options.link = FleetLink(.wifi)
        #expect(options.phases.map(\.name) == ["join", "play"])
        #expect(options.phases.map(\.length) == [.seconds(2), .seconds(20)])
        #expect(options.phases.map(\.bots) == [10, 10])
        #expect(options.phases.map(\.needsRelay) == [true, true])
        #expect(options.planText.contains("wifi"))
    }
}
