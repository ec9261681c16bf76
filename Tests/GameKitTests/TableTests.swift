import GameKit
import Testing

private struct Thing: Entity, Equatable {
    var value = 0
    init() {}
    init(_ value: Int) { self.value = value }
}

@Suite("Tables of entities")
struct TableTests {
    @Test
    func `ids grow, and those given back are used last`() {
        var table = Table<Thing>()
        #expect(table.insert(Thing(1)) == 0)
        #expect(table.insert(Thing(2)) == 1)
        table[1] = nil
        #expect(table.insert(Thing(3)) == 2)
        #expect(table.ids == [0, 2])
        for _ in 0..<65_533 { table[table.insert(Thing())] = nil }
        #expect(table.insert(Thing(4)) == 1)
        #expect(table.insert(Thing(5)) == 3)
        #expect(table.ids == [0, 1, 2, 3])
        #expect(table.map(\.row.value) == [1, 4, 3, 5])
    }

    @Test
    func `after the last id the search goes on at the first free one`() {
        var table = Table<Thing>()
        table[65_535] = Thing(9)
        for expected in 0..<65_534 as Range<EntityID> { #expect(table.insert(Thing()) == expected) }
        table[0] = nil
        table[7] = nil
        #expect(table.insert(Thing()) == 65_534)
        #expect(table.insert(Thing()) == 0)
        #expect(table.count == 65_535)
        #expect(table.ids == table.ids.sorted())
    }

    @Test
    func `rows are set, changed and removed by id or seat`() {
        var table = Table<Thing>()
        table[seat: 5] = Thing(50)
        table[3] = Thing(30)
        table[9] = Thing(90)
        table[3]?.value += 1
        table[4]?.value += 1
        #expect(table.map(\.id) == [3, 5, 9])
        #expect(table[3] == Thing(31))
        #expect(table[seat: -1] == nil)
        table.update { id, thing in thing.value = Int(id) }
        table.removeAll { id, thing in id == 5 && thing.value == 5 }
        #expect(table.ids == [3, 9])
        #expect(table.map(\.row.value) == [3, 9])
        table[9] = nil
        table[9] = nil
        #expect(table.count == 1)
    }
}
