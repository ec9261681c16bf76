import GameKit

/// A car, under the id of its seat, and everything that its next tick depends on.
///
/// It is all whole numbers, and all of it is replicated without loss: a client that has the car of some tick and the inputs
/// it has sent since gets, by the same ``drive()``, the car that the server will have.
struct Car: Entity, Equatable {
    /// In units of 1/64 m.
    var x = 0
    var y = 0
    /// 1,024 to the turn, counter-clockwise from the right.
    var heading = 0
    /// In sixteenths of a unit a tick.
    var speed = 0
    /// The gate to be reached next.
    var gate = 1
    var lap = 0
    /// What the player asks for, which holds until something else comes: -1 to the right, 1 to the left; -1 brakes.
    var steer = 0
    var throttle = 0
    /// When it was done with all laps, in ticks since the start; 0 while it is under way.
    var time = 0

    static let speedMax = 1_600
    static let offRoadSpeedMax = 480

    /// Moves on by one tick. A pure function of the car and the track: this is what a client runs to predict.
    mutating func drive() {
        heading = (heading + steer * 10 + 1_024) % 1_024
        let gain = throttle > 0 ? 12 : throttle < 0 ? -32 : -4
        speed = min(Self.speedMax, max(0, speed + gain))
        if !Track.isRoad(x, y), speed > Self.offRoadSpeedMax { speed = max(Self.offRoadSpeedMax, speed - 48) }
        let direction = Track.direction(heading)
        x = min(Track.extent, max(0, x + speed * direction.x / 16_384))
        y = min(Track.extent, max(0, y + speed * direction.y / 16_384))
        guard Track.isReached(gate, x, y) else { return }
        if gate == 0 { lap += 1 }
        gate = (gate + 1) % Track.gates.count
    }
}
