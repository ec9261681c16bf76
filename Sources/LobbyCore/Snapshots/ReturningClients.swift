/// Which snapshots those may have whose connections are gone, until their seats are taken up again or given up.
package struct ReturningClients {
    private var flows: [(seat: Int, flow: SnapshotFlow)] = []

    /// Nobody is gone.
    package init() {}

    /// The connection of a seat's holder is gone.
    ///
    /// - Parameter flow: What was under way to it.
    package mutating func add(_ flow: SnapshotFlow, of seat: Int) {
        flows.removeAll { $0.seat == seat }
        flows.append((seat, flow))
    }

    /// Forgets those who are not awaited any more.
    package mutating func forget(where isOver: (Int) -> Bool) {
        if !flows.isEmpty { flows.removeAll { isOver($0.seat) } }
    }

    /// Nobody comes back with anything.
    package mutating func removeAll() { flows = [] }

    /// Whether one of them may have the snapshot of that number.
    package func mayHave(_ number: UInt32) -> Bool {
        flows.contains { $0.flow.mayHave(number, isLost: true) }
    }
}
