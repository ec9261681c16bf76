import Determinism
import LobbyCore
import Testing

@Suite("StepBudget: what a lobby may take of its loop")
struct StepBudgetTests {
    private let start = Instant.zero + .seconds(10)

    /// Takes turns of one step each, and returns each change of the verdict with the second in which it came.
    private func changes(
        _ budget: inout StepBudget, rate: Int = 20, from: Int = 0, seconds: Int, share: (Int) -> Double
    ) -> [(second: Int, verdict: StepBudget.Verdict)] {
        var changes: [(second: Int, verdict: StepBudget.Verdict)] = []
        for turn in from * rate..<(from + seconds) * rate {
            let cost = Interval(nanoseconds: Int64(share(turn) * 1e9 / Double(rate)))
            let now = start + Interval(nanoseconds: Int64(turn) * 1_000_000_000 / Int64(rate))
            if let change = budget.note(cost, steps: 1, at: now) { changes.append((turn / rate, change)) }
        }
        return changes
    }

    @Test(arguments: [1, 20, 60, 128])
    func `a lobby within its budget is never touched, however its turns differ`(_ rate: Int) {
        var budget = StepBudget(0.8, rate: rate)
        let changes = changes(&budget, rate: rate, seconds: 120) { $0 % 2 == 0 ? 1.4 : 0.1 }
        #expect(changes.isEmpty && (0.6...0.9).contains(budget.share))
    }

    @Test(arguments: [20, 60, 128])
    func `one that takes too much is degraded within four seconds, and exhausted eight seconds later`(_ rate: Int) {
        var budget = StepBudget(0.8, rate: rate)
        let changes = changes(&budget, rate: rate, seconds: 20) { _ in 1.2 }
        #expect(changes.map(\.verdict) == [.degraded, .exhausted])
        #expect((2...4).contains(changes[0].second) && (8...9).contains(changes[1].second - changes[0].second))
    }

    @Test func `one that does with less once it is degraded stays degraded until it takes little, and is whole then`() {
        var budget = StepBudget(0.8, rate: 20)
        _ = changes(&budget, seconds: 5) { _ in 1.2 }
        #expect(budget.verdict == .degraded)
        #expect(changes(&budget, from: 5, seconds: 60) { _ in 0.7 }.isEmpty)
        #expect(changes(&budget, from: 65, seconds: 10) { _ in 0.3 }.map(\.verdict) == [.whole])
    }

    @Test func `a pause of the machine is not the lobby's, however long`() {
        var budget = StepBudget(0.8, rate: 20)
        #expect(changes(&budget, seconds: 60) { $0 == 100 ? 10_000 : 0.3 }.isEmpty)
    }

    @Test func `a turn of several steps counts as they do`() {
        var (one, three) = (StepBudget(0.8, rate: 20), StepBudget(0.8, rate: 20))
        for turn in 0..<60 { _ = one.note(.milliseconds(20), steps: 1, at: start + .milliseconds(50 * turn)) }
        for turn in 0..<20 { _ = three.note(.milliseconds(60), steps: 3, at: start + .milliseconds(150 * turn)) }
        #expect(abs(one.share - three.share) < 1e-9)
    }
}
