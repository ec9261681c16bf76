import Determinism
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore
import Testing

@Suite("DelayLine: what those who watch see later (protocol/spec/lobby.md §6)")
struct DelayLineTests {
    /// A schema with one table of big rows.
    private let schema = Schema(
        types: [Schema.EntityType("thing", .table, [Schema.Field("value", .int(0...4_000_000_000))])], input: [])

    private func state(_ tick: UInt32, rows: Int = 3) -> WorldState {
        var state = WorldState(schema: schema)
        state.tick = tick
        state.tables[0] = EntityTable(
            ids: (0..<rows).map { UInt16($0) }, values: (0..<rows).map { UInt32($0) &+ tick &* 2_654_435_761 >> 8 })
        return state
    }

    private func message(_ tick: UInt32, since: UInt32?, rows: Int = 3) -> [UInt8] {
        // Two bytes in front, as of a frame's head.
        [0, 0]
            + Snapshot.encode(state(tick, rows: rows), since: since.map { state($0, rows: rows) }, schema: schema)
    }

    private func add(_ tick: UInt32, to line: DelayLine, at now: Instant, rows: Int = 3) {
        let since = line.baseline
        line.add(snapshot: message(tick, since: since, rows: rows), from: 2, since: since, tick: tick, at: now)
    }

    @Test func `what goes in comes out in the same order, once the delay has passed`() {
        let line = DelayLine(schema: schema, delay: .seconds(2), now: .zero)
        for step in 1...5 {
            let now = Instant.zero + .seconds(step)
            add(UInt32(step), to: line, at: now)
            _ = line.add(event: "e\(step)", .integer(Int64(step)), at: now)
        }
        #expect(line.next(at: .zero + .milliseconds(2_999)) == nil && line.newestTick == nil)
        var out: [String] = []
        for step in 3...7 {
            #expect(line.nextDue == .zero + .seconds(step))
            while let entry = line.next(at: .zero + .seconds(step)) {
                switch entry {
                case .snapshot(_, let since, _): out.append("\(line.newestTick ?? 0) from \(since ?? 0)")
                case .event(let name, _): out.append(name)
                }
            }
            #expect(line.newest == state(UInt32(step) - 2))
        }
        #expect(out == ["1 from 0", "e1", "2 from 1", "e2", "3 from 2", "e3", "4 from 3", "e4", "5 from 4", "e5"])
        #expect(line.isEmpty && line.byteCount == 0 && line.nextDue == nil)
    }

    @Test func `a message leads from any state of the last thirty-two to the newest`() throws {
        let line = DelayLine(schema: schema, delay: .milliseconds(1), now: .zero)
        for tick in 1...100 {
            add(UInt32(tick), to: line, at: .zero)
            _ = line.next(at: .zero + .milliseconds(1))
        }
        #expect(line.baseline(68) == nil && line.baseline(100) == nil && line.baseline(101) == nil)
        for tick in UInt32(69)...99 {
            #expect(line.baseline(tick) == tick)
            let bytes = line.message(since: tick)
            #expect(try Snapshot.apply(bytes.span, to: state(tick), schema: schema) == state(100))
        }
        let whole = line.message(since: nil)
        #expect(try Snapshot.apply(whole.span, to: nil, schema: schema) == state(100))
    }

    @Test func `a game that was begun anew goes on with a keyframe`() {
        let line = DelayLine(schema: schema, delay: .seconds(1), now: .zero)
        add(50, to: line, at: .zero)
        line.gameBegunAnew()
        #expect(line.baseline == nil)
        add(1, to: line, at: .zero)
        add(2, to: line, at: .zero)
        while line.next(at: .zero + .seconds(1)) != nil {}
        #expect(line.newestTick == 2 && line.baseline(50) == nil && line.baseline(1) == 1)
    }

    @Test func `a message that leads nowhere is left out, and the next is to be a keyframe`() {
        let line = DelayLine(schema: schema, delay: .seconds(1), now: .zero)
        add(1, to: line, at: .zero)
        line.add(snapshot: [0, 0, 0xFF], from: 2, since: 1, tick: 2, at: .zero)
        add(3, to: line, at: .zero)
        while line.next(at: .zero + .seconds(1)) != nil {}
        #expect(line.newestTick == 1 && line.baseline == nil)
        add(4, to: line, at: .zero)
        while line.next(at: .zero + .seconds(1)) != nil {}
        #expect(line.newest == state(4))
    }

    @Test func `snapshots that would not fit are thinned out evenly, and events have room`() {
        let seconds = 40
        let line = DelayLine(schema: schema, delay: .seconds(seconds), now: .zero)
        var taken: [Int] = []
        let rows = 1_500
        // Twice the delay, twenty a second, of some 6 kB each.
        for step in 1...(seconds * 40) {
            let now = Instant.zero + .milliseconds(50 * step)
            while line.next(at: now) != nil {}
            guard line.takesSnapshot(at: now) else { continue }
            add(UInt32(step), to: line, at: now, rows: rows)
            taken.append(step)
            #expect(line.byteCount <= DelayLine.bytesMax * 3 / 4)
        }
        let gaps = zip(taken, taken.dropFirst()).map { $1 - $0 }
        let late = gaps.suffix(gaps.count / 2)
        #expect((late.max() ?? 0) - (late.min() ?? 0) <= 1, "no gap while it fills")
        #expect(taken.count >= seconds / 2)
        let text = String(repeating: "x", count: 100_000)
        let now = Instant.zero + .milliseconds(50 * seconds * 40)
        #expect(line.add(event: "e", .string(text), at: now))
        for _ in 0..<50 { _ = line.add(event: "e", .string(text), at: now) }
        #expect(line.byteCount <= DelayLine.bytesMax)
        #expect(!line.add(event: "e", .string(text), at: now))
    }
}
