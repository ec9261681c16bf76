import GameKit
import Testing

@Suite("SnapshotPace: snapshots a second among ticks (lobby.md §2)")
struct SnapshotPaceTests {
    @Test
    func `each second has as many as the rate says, with the same number of ticks between two, or one more`() {
        for tickRate in 1...128 {
            for rate in 1...tickRate {
                let pace = SnapshotPace(tickRate: tickRate, rate: rate)
                var (last, gaps) = (0, Set<Int>())
                for tick in 1...3 * tickRate where pace.isDue(at: UInt32(tick)) {
                    gaps.insert(tick - last)
                    #expect(pace.tick(of: UInt32(pace.count(at: UInt32(tick)))) == tick)
                    last = tick
                }
                #expect(last == 3 * tickRate)
                #expect(gaps.isSubset(of: [tickRate / rate, (tickRate + rate - 1) / rate]))
                #expect(pace.count(at: UInt32(7 * tickRate)) == UInt64(7 * rate))
            }
        }
    }

    @Test func `nothing has gone out before the first, and a number that no tick can have is the last tick's`() {
        #expect(SnapshotPace(tickRate: 30, rate: 20).tick(of: 0) == 0)
        #expect(SnapshotPace(tickRate: 128, rate: 1).tick(of: .max) == .max)
    }

    @Test
    func `one is due where the count changes, to the last tick there can be`() {
        let pace = SnapshotPace(tickRate: 128, rate: 127)
        for tick in [UInt32(1), 2, 127, 128, 129, .max - 1, .max] {
            #expect(pace.isDue(at: tick) == (pace.count(at: tick) != pace.count(at: tick - 1)))
        }
    }
}
