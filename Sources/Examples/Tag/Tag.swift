import GameKit

/// Tag: one runner is "it" and passes that on by touching another. A whole game, as a first example.
struct Tag: Game {
    struct Runner: Entity {
        var x = 0.0
        var y = 0.0
        var isIt = false
        func isNear(_ other: Runner) -> Bool { (x - other.x).magnitude < 1 && (y - other.y).magnitude < 1 }
    }

    struct Input: GameInput {
        var dx = 0
        var dy = 0
        static var fields: [Field<Input>] {
            Field("dx", \.dx, .int(-1...1))
            Field("dy", \.dy, .int(-1...1))
        }
    }

    static let name = "tag"
    static let rules = Rules(tickRate: 20, seats: 8)
    static var replicated: Replication<Tag> {
        Entities(\.runners, "runner") {
            Field("x", \.x, .fixed(-10...10, step: 1 / 64))
            Field("y", \.y, .fixed(-10...10, step: 1 / 64))
            Field("isIt", \.isIt)
        }
    }

    var runners = Table<Runner>()

    init(_ context: inout GameContext, options: JSONValue) {}

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        runners[seat: seat.number] = Runner(x: context.random.double(in: -10...10), isIt: runners.isEmpty)
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        let wasIt = runners[seat: seat.number]?.isIt ?? false
        runners[seat: seat.number] = nil
        if wasIt, let heir = runners.first { runners[heir.id]?.isIt = true }
    }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for seat in context.seats.map(\.number) {
            guard var runner = runners[seat: seat], let input = inputs.last(of: seat) else { continue }
            runner.x = min(10, max(-10, runner.x + Double(input.dx) * 4 * context.dt))
            runner.y = min(10, max(-10, runner.y + Double(input.dy) * 4 * context.dt))
            runners[seat: seat] = runner
        }
        guard let it = runners.first(where: { $0.row.isIt }), context.tick % 20 == 0 else { return }
        guard let touched = runners.first(where: { $0.id != it.id && $0.row.isNear(it.row) }) else { return }
        runners[it.id]?.isIt = false
        runners[touched.id]?.isIt = true
        context.emit("tagged", ["who": .integer(Int64(touched.id))])
    }
}
