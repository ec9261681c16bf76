import GameKit

/// A client's own car, ahead of the server by what is under way: the last car it was shown, driven on with the inputs that it
/// has sent for the ticks since.
struct CarPrediction {
    /// The car at ``tick``.
    private(set) var car: Car
    private(set) var tick: UInt32
    /// Inputs for ticks that the server has not shown yet, ascending.
    private var pending: [(tick: UInt32, input: Racing.Input)] = []

    /// Begins with the car of a snapshot.
    init(_ car: Car, at tick: UInt32) {
        self.car = car
        self.tick = tick
    }

    /// Goes one tick on; an input is one that is sent for this very tick.
    mutating func advance(_ input: Racing.Input? = nil) {
        tick += 1
        if let input { pending.append((tick, input)) }
        step(tick)
    }

    /// The server has shown the car of an earlier tick: begins anew from there, and drives on to where it was.
    ///
    /// - Returns: whether it had been right all along.
    @discardableResult
    mutating func confirm(_ shown: Car, at shownTick: UInt32) -> Bool {
        pending.removeAll { $0.tick <= shownTick }
        let predicted = car
        let target = max(tick, shownTick)
        (car, tick) = (shown, shownTick)
        while tick < target {
            tick += 1
            step(tick)
        }
        return car == predicted
    }

    private mutating func step(_ tick: UInt32) {
        for entry in pending where entry.tick == tick {
            (car.steer, car.throttle) = (entry.input.steer, entry.input.throttle)
        }
        car.drive()
    }
}
