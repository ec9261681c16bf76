/// Empty byte arrays with room in them, for connections that have something to send.
///
/// A connection owns an outbox only while there is something in it: ten thousand idle ones own none, and a busy one
/// allocates none.
struct SpareOutboxes {
    private var spares: [[UInt8]] = []

    /// How many are kept at most; streams leave up to 16 KiB of capacity in each.
    private static let countMax = 256
    private static let capacityAtFirst = 256

    /// An empty array with room.
    mutating func take() -> [UInt8] {
        if let spare = spares.popLast() { return spare }
        var fresh: [UInt8] = []
        fresh.reserveCapacity(Self.capacityAtFirst)
        return fresh
    }

    /// Takes an emptied array back, and leaves one without room in its place.
    mutating func giveBack(_ outbox: inout [UInt8]) {
        guard outbox.isEmpty else { return }
        if spares.count < Self.countMax {
            spares.append(outbox)
        }
        outbox = []
    }
}
