import Determinism

/// Lines that players have, by the names by which scenarios, `muster bots --link` and `muster simulate --network` know them: round trip,
/// jitter, loss and bandwidth as they are met, not as they are sold.
package enum LinkProfile: String, CaseIterable, Sendable {
    /// A wire in the same building.
    case lan
    /// A home line by cable.
    case broadband
    /// A phone that moves.
    case cellular
    /// The worst that still is a connection, with small buffers and hardly a read or a write that is whole.
    case awful
    /// A microsecond, and nothing left to chance: no line that anybody has.
    case perfect
    /// Glass to the house, a server in the same country.
    case fiber
    /// A shared channel: mostly quick, at times late by a whole beat.
    case wifi
    /// A phone with a good signal.
    case mobile4G = "4g"
    /// A phone with a bad one: slow, and silent for a moment now and then.
    case mobile3G = "3g"
    /// A train through hills.
    case terrible

    /// How such a line behaves.
    package var conditions: NetworkConditions {
        switch self {
        case .lan: .lan
        case .broadband: .broadband
        case .cellular: .cellular
        case .awful: .awful
        case .perfect: .perfect
        case .fiber: Self.line(halfTrip: 5, jitter: 1, up: 12_500_000, down: 37_500_000, loss: 0.0001)
        case .wifi: Self.line(halfTrip: 12, jitter: 15, up: 2_500_000, down: 6_250_000, loss: 0.005, burst: 0.1)
        case .mobile4G: Self.line(halfTrip: 25, jitter: 20, up: 1_250_000, down: 3_750_000, loss: 0.005, burst: 0.15)
        case .mobile3G:
            Self.line(halfTrip: 75, jitter: 60, up: 50_000, down: 200_000, loss: 0.02, burst: 0.4) {
                ($0.stallEvery, $0.stallTime) = (.seconds(20), .milliseconds(500))
            }
        case .terrible:
            Self.line(halfTrip: 150, jitter: 200, up: 15_000, down: 50_000, loss: 0.05, burst: 0.5) {
                ($0.stallEvery, $0.stallTime) = (.seconds(10), .milliseconds(1_500))
                ($0.segmentBytesMax, $0.splitChance) = (1_400, 0.5)
            }
        }
    }

    /// A line both ways; half trips and jitter in milliseconds, bandwidths in bytes a second.
    private static func line(
        halfTrip: Int, jitter: Int, up: Int, down: Int, loss: Double, burst: Double = 0,
        _ more: (inout LinkConditions) -> Void = { _ in }
    ) -> NetworkConditions {
        var link = LinkConditions()
        (link.latency, link.jitter) = (.milliseconds(halfTrip), .milliseconds(jitter))
        (link.lossChance, link.burstChance, link.splitChance) = (loss, burst, 0.05)
        link.segmentBytesMax = 16_384
        more(&link)
        var conditions = NetworkConditions(both: link)
        (conditions.up.bytesPerSecond, conditions.down.bytesPerSecond) = (up, down)
        return conditions
    }
}
