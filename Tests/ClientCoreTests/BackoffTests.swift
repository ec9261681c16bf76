import ClientCore
import Determinism
import Testing

@Suite("Backoff: jittered, exponential, capped")
struct BackoffTests {
    @Test(arguments: 0..<50)
    func `each wait is its step, up to a half shorter or longer, and none over the limit`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var backoff = Backoff()
        for step in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000] {
            let wait = backoff.next(using: &random)
            #expect(wait >= .milliseconds(step / 2))
            #expect(wait <= .milliseconds(min(step * 3 / 2, 5_000)))
        }
    }

    @Test func `waits at the limit still differ`() {
        var random = SeededRandom(seed: 1)
        var backoff = Backoff()
        let waits = (0..<200).map { _ in backoff.next(using: &random) }
        #expect(Set(waits.suffix(100)).count > 90)
        #expect(backoff.attempts == 200)
    }

    @Test(arguments: [1_015, 1_016, 1_100, 2_000])
    func `after a night of attempts the wait is as at the limit, never none`(attempts: Int) {
        var random = SeededRandom(seed: UInt64(attempts))
        var backoff = Backoff(first: .seconds(1), longest: .seconds(5), jitter: 0.5)
        for _ in 0..<attempts { _ = backoff.next(using: &random) }
        for _ in 0..<50 {
            let wait = backoff.next(using: &random)
            #expect(wait >= .milliseconds(2_500))
            #expect(wait <= .seconds(5))
        }
    }

    @Test func `an attempt that succeeds makes the next wait short again`() {
        var random = SeededRandom(seed: 1)
        var backoff = Backoff()
        for _ in 0..<10 { _ = backoff.next(using: &random) }
        backoff.reset()
        #expect(backoff.next(using: &random) <= .milliseconds(150))
    }

    @Test func `waits of any size do not overflow`() {
        var random = SeededRandom(seed: 1)
        var backoff = Backoff(first: .seconds(86_400), longest: Interval(nanoseconds: .max / 2))
        for _ in 0..<100 {
            let wait = backoff.next(using: &random)
            #expect(wait > .zero)
            #expect(wait.nanoseconds <= .max / 2)
        }
    }
}
