import GameKit

/// A race made for prediction: cars of whole numbers on a closed track, each of which depends on its own inputs alone.
///
/// A client need not wait for the server to see its own car move. It drives its car with the same ``Car/drive()``, keyed by
/// the same ticks, and a snapshot shows whether it was right: see ``CarPrediction``. Cars pass through one another.
///
/// Options: `laps`, 1 to 50 (3 when left out). The race begins three seconds after the first car has come, and finishes
/// when all have, or a minute after the first.
struct Racing: Game {
    /// What a driver asks for from a tick on; holds until the next input.
    struct Input: GameInput, Equatable {
        var steer = 0
        var throttle = 0
        static var fields: [Field<Input>] {
            Field("steer", \.steer, .int(-1...1))
            Field("throttle", \.throttle, .int(-1...1))
        }
    }

    /// Where the race stands.
    enum Phase: Int, CaseIterable, FieldValue { case waiting, countdown, racing, over }

    struct Race: Sendable {
        var phase = Phase.waiting
        var laps = 3
        /// The tick at which the cars may go.
        var start = 0
    }

    static let name = "racing"
    static let rules = Rules(tickRate: 30, seats: 8)
    static var replicated: Replication<Racing> {
        Single(\.race, "race") {
            Field("phase", \.phase)
            Field("laps", \.laps, .int(1...50))
            Field("start", \.start, .int(0...16_777_215))
        }
        Entities(\.cars, "car") {
            Field("x", \.x, .int(0...Track.extent), .linear)
            Field("y", \.y, .int(0...Track.extent), .linear)
            Field("heading", \.heading, .int(0...1_023))
            Field("speed", \.speed, .int(0...Car.speedMax))
            Field("gate", \.gate, .int(0...15))
            Field("lap", \.lap, .int(0...50))
            Field("steer", \.steer, .int(-1...1))
            Field("throttle", \.throttle, .int(-1...1))
            Field("time", \.time, .int(0...1_048_575))
        }
    }

    static let countdownSeconds = 3
    /// What the first and those behind score.
    static let points = [10, 8, 6, 5, 4, 3, 2, 1]

    var race = Race()
    var cars = Table<Car>()
    /// When the race ends, whoever is still under way.
    private var endTick = 0

    init(_ context: inout GameContext, options: JSONValue) throws {
        race.laps = try OptionsError.integer("laps", in: 1...50, of: options) ?? 3
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        var car = Car()
        (car.x, car.y) = Track.grid(seat.number)
        cars[seat: seat.number] = car
        guard race.phase == .waiting else { return }
        race.phase = .countdown
        race.start = Int(context.tick) + Self.countdownSeconds * context.tickRate
        // Five minutes a lap are for those who have lost their way.
        endTick = race.start + race.laps * 300 * context.tickRate
    }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) {
        cars[seat: seat.number] = nil
        if cars.isEmpty, race.phase != .over { race.phase = .waiting }
    }

    /// A car whose driver is away rolls out.
    mutating func drop(_ seat: Seat, _ context: inout GameContext) {
        cars[seat: seat.number]?.steer = 0
        cars[seat: seat.number]?.throttle = 0
    }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            cars[seat: seat]?.steer = input.steer
            cars[seat: seat]?.throttle = input.throttle
        }
        if race.phase == .countdown, Int(context.tick) >= race.start { race.phase = .racing }
        guard race.phase == .racing else { return }
        for id in cars.ids {
            guard var car = cars[id], car.time == 0 else { continue }
            car.drive()
            if car.lap >= race.laps { arrive(&car, Int(id), &context) }
            cars[id] = car
        }
        if Int(context.tick) >= endTick || cars.allSatisfy({ $0.row.time > 0 }) { end(&context) }
    }

    private mutating func arrive(_ car: inout Car, _ seat: Int, _ context: inout GameContext) {
        car.time = Int(context.tick) - race.start + 1
        (car.speed, car.steer, car.throttle) = (0, 0, 0)
        endTick = min(endTick, Int(context.tick) + 60 * context.tickRate)
        context.emit("arrived", ["seat": .integer(Int64(seat)), "ticks": .integer(Int64(car.time))])
    }

    private mutating func end(_ context: inout GameContext) {
        race.phase = .over
        // Of two who are as fast, the one with the lower seat comes first.
        let ranked = cars.filter { $0.row.time > 0 }.sorted { ($0.row.time, $0.id) < ($1.row.time, $1.id) }
        var scores: [Int: Int] = [:]
        for (id, _) in cars { scores[Int(id)] = 0 }
        for ((id, _), points) in zip(ranked, Self.points) { scores[Int(id)] = points }
        let order = ranked.map { id, car -> JSONValue in
            ["seat": .integer(Int64(id)), "ticks": .integer(Int64(car.time))]
        }
        context.finish(
            ["winner": ranked.first.map { .integer(Int64($0.id)) } ?? .null, "order": .array(order)], scores: scores)
    }
}
