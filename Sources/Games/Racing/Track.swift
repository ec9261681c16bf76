/// The race track, the same for every race: a road of 16 m along a closed line, in whole units of 1/64 m.
enum Track {
    /// Coordinates are 0 to this.
    static let extent = 32_767

    /// The corners of the line, each of which has to be passed: gate 0 is start and finish.
    static let gates: [(x: Int, y: Int)] = [
        (100, 75), (250, 60), (380, 90), (430, 190), (380, 280), (280, 260), (210, 300), (90, 280), (50, 175),
    ].map { ($0.0 * 64, $0.1 * 64) }

    static let halfWidth = 8 * 64
    static let gateRadius = 14 * 64

    /// Where the cars stand at the start: on the straight behind gate 0, in rows of two, looking to the right.
    static func grid(_ place: Int) -> (x: Int, y: Int) {
        return (gates[0].x + (28 - place / 2 * 5) * 64, gates[0].y + (place % 2 == 0 ? 3 : -3) * 64)
    }

    /// A quarter turn's sines, of 1,024.
    private static let sines = [
        0, 100, 200, 297, 392, 483, 569, 650, 724, 792, 851, 903, 946, 980, 1_004, 1_019, 1_024,
    ]

    /// The vector of length 1,024 along a heading; there are 64 of them.
    static func direction(_ heading: Int) -> (x: Int, y: Int) {
        let index = heading / 16 % 64
        let (near, far) = (sines[index % 16], sines[16 - index % 16])
        return switch index / 16 {
        case 0: (far, near)
        case 1: (-near, far)
        case 2: (-far, -near)
        default: (near, -far)
        }
    }

    static func isReached(_ gate: Int, _ x: Int, _ y: Int) -> Bool {
        let (dx, dy) = (gates[gate].x - x, gates[gate].y - y)
        return dx * dx + dy * dy <= gateRadius * gateRadius
    }

    /// Whether a point is no further from the line than half the road's width.
    static func isRoad(_ x: Int, _ y: Int) -> Bool {
        gates.indices.contains { index in
            let (from, to) = (gates[index], gates[(index + 1) % gates.count])
            let (dx, dy) = (to.x - from.x, to.y - from.y)
            let length = dx * dx + dy * dy
            let along = min(length, max(0, (x - from.x) * dx + (y - from.y) * dy))
            let (offX, offY) = (from.x + dx * along / length - x, from.y + dy * along / length - y)
            return offX * offX + offY * offY <= halfWidth * halfWidth
        }
    }
}
