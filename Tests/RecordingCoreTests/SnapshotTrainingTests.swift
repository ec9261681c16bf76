import RecordingCore
import SnapshotCore
import Testing

@Suite("Tables of codec 1 are learnt from a game's snapshots")
struct SnapshotTrainingTests {
    private static let schema = Schema(
        types: [.init("thing", .table, [.init("x", .int(0...1_000_000), .linear), .init("mark", .int(0...99))])],
        input: [])

    /// Things that go on, each at its own speed, and turn back now and then.
    private static func states(_ count: Int, from tick: UInt32 = 1) -> [WorldState] {
        var state = WorldState(schema: schema)
        state.tables[0] = EntityTable(ids: Array(0..<12), values: (0..<12).flatMap { [500_000 + $0 * 100, $0] })
        return (0..<count).map { index in
            state.tick = tick + UInt32(index)
            for thing in 0..<12 {
                let isBack = (index / (7 + thing)).isMultiple(of: 2)
                state.tables[0].values[thing * 2] &+= isBack ? 0 &- UInt32(thing) * 3 : UInt32(thing) * 3
            }
            return state
        }
    }

    /// The bytes of all messages of a game to a client so many snapshots behind; of keyframes for 0.
    private func size(_ states: [WorldState], behind: Int, _ tables: CodingTables) -> Int {
        var codec = Codec1(schema: Self.schema, tables: tables)
        var bytes: [UInt8] = []
        for index in behind + 1..<states.count {
            codec.encode(
                states[index], since: behind > 0 ? states[index - behind] : nil,
                before: behind > 0 ? states[index - behind - 1] : nil, stateHash: nil, appendingTo: &bytes)
        }
        return bytes.count
    }

    @Test(arguments: [1, 2, 6, 12, 0])
    func `what was learnt makes messages smaller, in step, behind and from nothing`(behind: Int) {
        let states = Self.states(400)
        var training = SnapshotTraining(schema: Self.schema)
        for state in states { training.take(state) }
        let generic = TableTrainer(schema: Self.schema).tables()
        #expect(training.tables() != generic)
        #expect(size(states, behind: behind, training.tables()) * 10 < size(states, behind: behind, generic) * 9)
    }

    @Test func `one game does not lead on from another, though its ticks begin anew`() {
        var (both, one) = (SnapshotTraining(schema: Self.schema), SnapshotTraining(schema: Self.schema))
        for state in Self.states(3, from: 500) { one.take(state) }
        for state in Self.states(3, from: 500) { both.take(state) }
        both.beginGame()
        both.take(Self.states(1)[0])
        #expect(both.tables() == one.tables(), "the first snapshot of a game follows from nothing")
    }
}
