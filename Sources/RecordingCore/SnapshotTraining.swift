import SnapshotCore

/// Learns tables for codec 1 from a game's snapshots, as its clients would be sent them: mostly in step, at times skipping some or
/// catching up, now and then from nothing.
package struct SnapshotTraining {
    /// How many snapshots back a client may go on from: the state before the baseline of one that is furthest behind.
    private static let keptMax = 34

    private var trainer: TableTrainer
    /// The last snapshots, the newest last.
    private var last: [WorldState] = []
    /// How many snapshots have been learnt from.
    private var count = 0

    /// - Precondition: ``Schema/hasCodingTables``.
    package init(schema: Schema) {
        trainer = TableTrainer(schema: schema)
    }

    /// Another game begins: nothing leads on from the last one.
    package mutating func beginGame() { last.removeAll() }

    /// Learns from the next snapshot of a game.
    package mutating func take(_ state: WorldState) {
        count += 1
        if last.count == Self.keptMax { last.removeFirst() }
        last.append(state)
        learn(1, step: 1)
        if count.isMultiple(of: 2) { learn(2, step: 2) }
        if count.isMultiple(of: 3) { learn(3, step: 3) }
        if count.isMultiple(of: 5) { learn(6, step: 1) }
        if count.isMultiple(of: 7) { learn(12, step: 1) }
        if count.isMultiple(of: 11) { learn(30, step: 1) }
        if count.isMultiple(of: 20) { trainer.learn(state, since: nil, before: nil) }
    }

    /// Learns from the message to the newest snapshot for a client that is so many behind, and had the one so many before that.
    private mutating func learn(_ distance: Int, step: Int) {
        let base = last.count - 1 - distance
        guard base >= 0 else { return }
        trainer.learn(
            last[base + distance], since: last[base], before: base >= step ? last[base - step] : nil)
    }

    /// What has been learnt.
    package func tables() -> CodingTables { trainer.tables() }
}
