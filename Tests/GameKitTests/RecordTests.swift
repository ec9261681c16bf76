import SnapshotCore
import Testing

@testable import GameKit

/// A row with a field of every sort, and things between them that no field names.
private struct Sorts: Entity, Equatable {
    enum Side: Int, CaseIterable, FieldValue { case left, middle, right }

    /// Has a case that `allCases` leaves out, and raw values with gaps.
    enum Rank: Int, CaseIterable, FieldValue {
        case low = 1
        case high = 7
        case hidden = 9
        static var allCases: [Rank] { [.low, .high] }
    }

    struct Inner: Equatable {
        var label = "inner"
        var level = 3
    }

    var name = "a name that is kept on the heap"
    var real = 0.0
    var single: Float = 0
    var isOn = false
    var inner = Inner()
    var whole = 0
    var side = Side.left
    var rank = Rank.low
    var watched = 0 { didSet { changes += 1 } }
    var changes = 0
    var doubled: Int {
        get { whole * 2 }
        set { whole = newValue / 2 }
    }
}

private struct Mover: Entity, Equatable {
    var at = SIMD3<Double>(0, 0, 0)
    var way = SIMD2<Float>(0, 0)
    var name = ""
}

private struct Tagged: Entity, Equatable {
    var tag: [UInt8] = []
    var level = 0
}

@Suite("Bytes are captured by their words")
struct BytesFieldTests {
    private let record = Record<Tagged>(Field.bytes("tag", \.tag, 6) + [Field("level", \.level, .int(0...9))])

    @Test(
        arguments: [
            ([], [0, 0, 0]), ([7], [1, 7, 0]), ([1, 2, 3, 4, 255], [5, 0x0403_0201, 255]),
            ([1, 2, 3, 4, 5, 6], [6, 0x0403_0201, 0x0605]), ([1, 2, 3, 4, 5, 6, 7, 8], [6, 0x0403_0201, 0x0605]),
        ] as [([UInt8], [UInt32])])
    func `bytes are a count and words, and come back as many as may be sent`(bytes: [UInt8], expected: [UInt32]) {
        #expect(record.declarations.map(\.name) == ["tag.count", "tag.word1", "tag.word2", "level"])
        var values: [UInt32] = []
        record.capture(Tagged(tag: bytes, level: 3), into: &values)
        #expect(values == expected + [3])
        var other = Tagged(tag: [9, 9, 9, 9, 9, 9, 9, 9], level: 0)
        record.restore(values, into: &other)
        #expect(other == Tagged(tag: Array(bytes.prefix(6)), level: 3))
    }
}

@Suite("Vectors are captured by their components")
struct VectorFieldTests {
    @Test func `a vector is as many fields as it has components, and comes back`() {
        let record = Record<Mover>(
            Field.vector("at", \.at, -8...8, step: 0.5, .linear) + Field.vector("way", \.way, -1...1, step: 0.25))
        #expect(record.declarations.map(\.name) == ["at.x", "at.y", "at.z", "way.x", "way.y"])
        #expect(record.declarations.map(\.predictor) == [.linear, .linear, .linear, .stay, .stay])
        let mover = Mover(at: [-8, 0.4, 99], way: [0.25, -2], name: "kept")
        var values: [UInt32] = []
        record.capture(mover, into: &values)
        #expect(values == [0, 17, 32, 5, 0])
        var other = Mover(name: "kept")
        record.restore(values, into: &other)
        #expect(other == Mover(at: [-8, 0.5, 8], way: [0.25, -1], name: "kept"))
    }
}

@Suite("Fields are captured and restored by their places")
struct RecordTests {
    private let fields: [Field<Sorts>] = [
        Field("real", \.real, .fixed(-8...8, step: 0.25)), Field("single", \.single, .fixed(-8...8, step: 0.5)),
        Field("isOn", \.isOn), Field("level", \.inner.level, .int(-4...4)), Field("whole", \.whole, .int(0...1_000)),
        Field("side", \.side), Field("rank", \.rank), Field("watched", \.watched, .int(0...9)),
        Field("doubled", \.doubled, .int(0...2_000)), Field("wide", \.side, .int(0...70_000)),
        Field("angle", \.real, .angle(bits: 8)),
    ]

    /// What the kinds say, through the properties themselves.
    private func expected(_ row: Sorts) -> [UInt32] {
        let numbers = [
            row.real, Double(row.single), row.isOn ? 1 : 0, Double(row.inner.level), Double(row.whole),
            Double(row.side.rawValue), Double(row.rank.rawValue), Double(row.watched), Double(row.doubled),
            Double(row.side.rawValue), row.real,
        ]
        return zip(fields, numbers).map { Quantiser($0.declaration.kind).quantise($1) }
    }

    private func randomRow(_ random: inout SeededRandom) -> Sorts {
        var row = Sorts()
        row.real = random.double(in: -10...10)
        row.single = Float(random.double(in: -10...10))
        row.isOn = random.int(in: 0...1) == 1
        row.inner.level = random.int(in: -6...6)
        row.whole = random.int(in: -10...1_100)
        row.side = Sorts.Side.allCases[random.int(in: 0...2)]
        row.rank = random.int(in: 0...2) == 0 ? .hidden : .high
        row.watched = random.int(in: 0...12)
        return row
    }

    @Test func `only properties with observers or without storage, and wide enumerations, go through their accessors`()
    {
        #expect(Record(fields).computed.map(\.index) == [7, 8, 9])
    }

    @Test func `a capture is what the fields' kinds make of the properties, however many rows`() {
        var random = SeededRandom(seed: 11)
        let record = Record(fields)
        var values: [UInt32] = [1, 2, 3]
        for count in [3, 0, 40, 1] {
            let rows = (0..<count).map { _ in randomRow(&random) }
            record.capture(rows, into: &values)
            #expect(values == rows.flatMap(expected))
            for row in rows {
                var one: [UInt32] = []
                record.capture(row, into: &one)
                #expect(one == expected(row))
            }
        }
    }

    @Test func `what is restored captures to the same values, and nothing else has changed`() {
        var random = SeededRandom(seed: 12)
        // A field for each property, or the later one decides.
        let record = Record(Array(fields.prefix(8)))
        let rows = (0..<20).map { _ in
            var row = randomRow(&random)
            row.rank = .high
            return row
        }
        var values: [UInt32] = []
        record.capture(rows, into: &values)
        var restored = [Sorts](repeating: Sorts(), count: rows.count)
        record.restore(values, into: &restored)
        var again: [UInt32] = []
        record.capture(restored, into: &again)
        #expect(again == values)
        for row in restored {
            #expect(row.name == Sorts().name && row.inner.label == "inner")
            #expect(row.changes == 1)
        }
        var one = Sorts()
        record.restore(Array(values.prefix(8)), into: &one)
        #expect(one == restored[0])
    }

    @Test func `a number that no case has leaves an enumeration as it was`() {
        let record = Record([Field("rank", \Sorts.rank)])
        var row = Sorts()
        row.rank = .high
        for (value, rank) in [(0, Sorts.Rank.high), (1, .low), (3, .low), (7, .high), (6, .high)]
            as [(UInt32, Sorts.Rank)]
        {
            record.restore([value], into: &row)
            #expect(row.rank == rank)
        }
    }
}
