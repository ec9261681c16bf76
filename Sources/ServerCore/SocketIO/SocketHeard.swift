/// How far one loop has heard the events of each loop of its process, by the numbers that they have there
/// (``SocketOffset/number``).
///
/// What one loop tells another keeps its order, and nothing else does: of what a third loop says, one may have heard what the other has
/// not. So a place that goes from one loop to another goes with this (docs/decisions/0019-recovery-over-loops.md).
struct SocketHeard: Sendable, Equatable {
    /// For each loop, the number up to which its events have been heard.
    private var ends: [UInt64]

    /// Nothing has been heard of so many loops; of none where nobody says how far.
    init(loops: Int = 0) { ends = Array(repeating: 0, count: loops) }

    /// Whether nobody says how far.
    var isEmpty: Bool { ends.isEmpty }

    /// An event of that number has been heard, or made. Those of one loop come in their order.
    mutating func note(_ number: UInt64) { ends[Int(number % UInt64(ends.count))] = number + 1 }

    /// Whether the event of that number has been heard, if it was for this loop at all; false for one without a number.
    func contains(_ number: UInt64?) -> Bool {
        guard let number, !isEmpty else { return false }
        return number < ends[Int(number % UInt64(ends.count))]
    }

    /// Whether all has been heard that another loop has heard of others than itself: its own events come in one order with
    /// everything else that it says.
    func covers(_ other: SocketHeard, of loop: Int) -> Bool {
        other.ends.indices.allSatisfy { $0 == loop || ends[$0] >= other.ends[$0] }
    }
}
