import GameKit

/// Drives from gate to gate, and brakes for those that it does not look at.
struct RacingBrain: Brain {
    private var last: Racing.Input?
    /// How far from a gate's middle it aims, so that not all drive the same line.
    private let offset: Int

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        offset = random.int(in: -300...300)
    }

    mutating func decide(_ game: Racing, seat: Int, tick: UInt32) -> Racing.Input? {
        guard let car = game.cars[seat: seat], game.race.phase == .racing, car.time == 0 else { return nil }
        let input = wish(car)
        // An input holds until the next: the same one need not be said again.
        guard input != last || (input.steer, input.throttle) != (car.steer, car.throttle) else { return nil }
        last = input
        return input
    }

    private func wish(_ car: Car) -> Racing.Input {
        let gate = Track.gates[car.gate]
        let (dx, dy) = (gate.x + offset - car.x, gate.y + offset - car.y)
        let direction = Track.direction(car.heading)
        let ahead = direction.x * dx + direction.y * dy
        let aside = direction.x * dy - direction.y * dx
        var input = Racing.Input()
        // Straight enough within a tenth.
        if aside.magnitude * 10 > ahead.magnitude || ahead < 0 { input.steer = aside > 0 ? 1 : -1 }
        let isSharp = ahead < 0 || aside.magnitude * 2 > ahead.magnitude
        input.throttle = isSharp && car.speed > 700 ? -1 : isSharp && car.speed > 500 ? 0 : 1
        return input
    }
}
