/// The arena's walls and directions, the same for every game.
enum ArenaMap {
    /// A point or a direction; x to the right, y up.
    struct Vector: Sendable, Equatable {
        var x: Double
        var y: Double
    }

    /// A wall, from its lower left to its upper right corner.
    struct Wall: Sendable {
        let low: Vector
        let high: Vector

        init(_ x: ClosedRange<Double>, _ y: ClosedRange<Double>) {
            low = Vector(x: x.lowerBound, y: y.lowerBound)
            high = Vector(x: x.upperBound, y: y.upperBound)
        }
    }

    /// The field reaches from minus to plus these.
    static let halfWidth = 20.0
    static let halfHeight = 12.0

    static let walls = [
        Wall(-1...1, -4...4), Wall(-14...(-8), 5...6), Wall(8...14, -6...(-5)), Wall(-14...(-13), -7...0),
        Wall(13...14, 0...7), Wall(-7...(-3), -9...(-8)), Wall(3...7, 8...9),
    ]

    /// Whether a square of that half width around a point touches a wall or leaves the field.
    static func isBlocked(_ x: Double, _ y: Double, _ half: Double) -> Bool {
        if x < half - halfWidth || x > halfWidth - half || y < half - halfHeight || y > halfHeight - half {
            return true
        }
        return walls.contains { wall in
            x > wall.low.x - half && x < wall.high.x + half && y > wall.low.y - half && y < wall.high.y + half
        }
    }

    /// Whether something of that half width could fly from one point to another.
    static func isClear(from: Vector, to: Vector, _ half: Double) -> Bool {
        let (dx, dy) = (to.x - from.x, to.y - from.y)
        let steps = Int((dx * dx + dy * dy).squareRoot() * 4) + 1
        return (1...steps).allSatisfy { step in
            let part = Double(step) / Double(steps)
            return !isBlocked(from.x + dx * part, from.y + dy * part, half)
        }
    }

    /// How many directions there are; 0 is to the right, counted counter-clockwise.
    static let directionCount = 256

    /// The unit vectors of all directions, from a series of our own: the C library's sine is not the same everywhere.
    static let directions: [Vector] = {
        let quarter = directionCount / 4
        let sines = (0...quarter).map { sine(Double($0) / Double(quarter) * (Double.pi / 2)) }
        return (0..<directionCount).map { index in
            let rest = index % quarter
            let (near, far) = (sines[rest], sines[quarter - rest])
            return switch index / quarter {
            case 0: Vector(x: far, y: near)
            case 1: Vector(x: -near, y: far)
            case 2: Vector(x: -far, y: -near)
            default: Vector(x: near, y: -far)
            }
        }
    }()

    /// The direction that points most nearly along a vector.
    static func direction(along vector: Vector) -> Int {
        var best = 0
        var reach = -Double.infinity
        for (index, direction) in directions.enumerated() {
            let along = direction.x * vector.x + direction.y * vector.y
            if along > reach { (best, reach) = (index, along) }
        }
        return best
    }

    /// Taylor's series up to the power of 21: exact to the last digits from 0 to a quarter turn.
    private static func sine(_ angle: Double) -> Double {
        var term = angle
        var sum = angle
        for power in stride(from: 3.0, through: 21, by: 2) {
            term = -term * angle * angle / (power * (power - 1))
            sum += term
        }
        return sum
    }
}
