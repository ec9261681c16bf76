import GameKit
import Testing

@testable import Games

@Suite("Racing")
struct RacingTests {
    /// A race that has begun, with that many cars.
    static func begun(cars: Int, options: JSONValue = .null) throws -> TestTable {
        let table = try TestTable(GameType(Racing.self), players: cars, options: options)
        for _ in 0..<90 { try table.step() }
        return table
    }

    /// A seat's car as a client reads it out of the replicated state.
    static func car(_ table: TestTable, seat: Int) throws -> Car {
        let place = try #require(table.state.tables[1].ids.firstIndex(of: EntityID(seat)))
        let values = table.state.tables[1].values[(place * 9)..<(place * 9 + 9)].map(Int.init)
        var car = Car()
        (car.x, car.y, car.heading, car.speed, car.gate) = (values[0], values[1], values[2], values[3], values[4])
        (car.lap, car.steer, car.throttle, car.time) = (values[5], values[6] - 1, values[7] - 1, values[8])
        return car
    }

    /// An input's values: both are -1 to 1, counted from 0.
    static func values(_ input: Racing.Input) -> [UInt32] { [UInt32(input.steer + 1), UInt32(input.throttle + 1)] }

    @Test
    func `nobody moves before the start`() throws {
        let table = try TestTable(GameType(Racing.self), players: 1)
        let grid = Track.grid(0)
        for _ in 0..<89 { try table.step([(0, [1, 2])]) }
        #expect(try Self.car(table, seat: 0).x == grid.x && table.state.tables[0].values[0] == 1)
        try table.step()
        #expect(table.state.tables[0].values[0] == 2)
        for _ in 0..<5 { try table.step() }
        #expect(try Self.car(table, seat: 0).x > grid.x, "what was asked for before the start holds")
    }

    @Test
    func `the grid and the line between all gates are road, the middle of the track is not`() {
        for place in 0..<8 { #expect(Track.isRoad(Track.grid(place).x, Track.grid(place).y)) }
        for index in Track.gates.indices {
            let (from, to) = (Track.gates[index], Track.gates[(index + 1) % Track.gates.count])
            for part in 0...8 {
                #expect(Track.isRoad(from.x + (to.x - from.x) * part / 8, from.y + (to.y - from.y) * part / 8))
            }
        }
        #expect(!Track.isRoad(250 * 64, 170 * 64))
        #expect(!Track.isRoad(0, 0))
    }

    @Test
    func `directions are as long as one another, a quarter turn apart where they should be`() {
        for heading in stride(from: 0, to: 1_024, by: 16) {
            let (x, y) = Track.direction(heading)
            #expect((x * x + y * y - 1_024 * 1_024).magnitude < 3_000)
            let quarter = Track.direction((heading + 256) % 1_024)
            #expect(quarter == (-y, x))
        }
    }

    @Test
    func `off the road a car is slow, and nothing leaves the field`() {
        var car = Car()
        (car.x, car.y, car.speed, car.throttle) = (250 * 64, 170 * 64, Car.speedMax, 1)
        for _ in 0..<60 { car.drive() }
        #expect(car.speed == Car.offRoadSpeedMax)
        for heading in stride(from: 0, to: 1_024, by: 64) {
            (car.x, car.y, car.heading) = (250 * 64, 170 * 64, heading)
            for _ in 0..<3_000 { car.drive() }
            #expect((0...Track.extent).contains(car.x) && (0...Track.extent).contains(car.y))
        }
    }

    @Test
    func `the first to be done with all laps scores most, and the race finishes`() throws {
        let type = GameType(Racing.self)
        let table = try TestTable(type, players: 3, options: ["laps": 1])
        let brains = try (0..<2).map { try BrainType(RacingBrain.self).make(options: .null, seed: UInt64($0)) }
        var output = GameOutput()
        for _ in 0..<6_000 where output.result == nil {
            let state = table.state
            let inputs = brains.enumerated().compactMap { seat, brain in
                brain.decide(state: state, seat: seat).map { (seat: seat, values: $0) }
            }
            output = try table.stepOutput(inputs)
        }
        // The third never starts its engine: the race is over a minute after the first has arrived.
        #expect(output.scores.map(\.score).sorted() == [0, 8, 10] && output.scores[2].score == 0)
        #expect(output.result?["winner"] == .integer(Int64(output.scores[0].score == 10 ? 0 : 1)))
        #expect(output.result?["order"]?.array?.count == 2)
    }

    /// What a client predicts from the car of a snapshot and its own inputs is what the server comes to, tick for tick.
    @Test(arguments: [1, 7, 20], [1, 2, 3] as [UInt64])
    func `a client's prediction is right, however late its snapshots are`(delay: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let table = try Self.begun(cars: 2)
        var shown = [try Self.car(table, seat: 0)]
        var prediction = CarPrediction(shown[0], at: table.game.tick)
        let first = table.game.tick
        for step in 1...900 {
            var input: Racing.Input?
            if random.int(in: 0...4) == 0 {
                input = Racing.Input(steer: random.int(in: -1...1), throttle: random.int(in: -1...1))
            }
            prediction.advance(input)
            let other = (seat: 1, values: [UInt32(random.int(in: 0...2)), UInt32(random.int(in: 0...2))])
            try table.step((input.map { [(seat: 0, values: Self.values($0))] } ?? []) + [other])
            shown.append(try Self.car(table, seat: 0))
            #expect(prediction.car == shown[step] && prediction.tick == table.game.tick, "step \(step)")
            if step > delay {
                let isRight = prediction.confirm(shown[step - delay], at: first + UInt32(step - delay))
                #expect(isRight)
            }
        }
        #expect(shown[900].speed > 0 || shown[900] != shown[0])
    }

    @Test
    func `a prediction that was wrong is put right by the next snapshot`() throws {
        let table = try Self.begun(cars: 1)
        var prediction = CarPrediction(try Self.car(table, seat: 0), at: table.game.tick)
        // This input is lost on its way.
        prediction.advance(Racing.Input(steer: 1, throttle: 1))
        try table.step()
        let isRight = prediction.confirm(try Self.car(table, seat: 0), at: table.game.tick)
        #expect(!isRight)
        let car = try Self.car(table, seat: 0)
        #expect(prediction.car == car && prediction.tick == table.game.tick)
    }

    @Test(arguments: [["laps": 0], ["laps": 51], ["laps": "3"]] as [JSONValue])
    func `unusable options are refused`(options: JSONValue) {
        #expect(throws: OptionsError.self) { _ = try GameType(Racing.self).make(options: options, seed: 1) }
    }
}
