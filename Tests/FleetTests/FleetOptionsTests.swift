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
}
