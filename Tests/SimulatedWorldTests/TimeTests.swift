import Determinism
import SimulatedWorld
import Testing

@Suite("Simulated time")
struct TimeTests {
    private func milliseconds(_ count: Int) -> Instant { .zero + .milliseconds(count) }

    @Test func `events run in order of time, then of scheduling`() {
        var random = SeededRandom(seed: 11)
        let time = SimulatedTime()
        var ran: [(Int, Int)] = []
        for number in 0..<5_000 {
            let at = random.int(in: 0...300)
            time.schedule(at: milliseconds(at)) {
                #expect(time.now == milliseconds(at))
                ran.append((at, number))
            }
        }
        time.runUntil(milliseconds(150))
        #expect(time.now == milliseconds(150) && ran.allSatisfy { $0.0 <= 150 })
        time.runUntil(milliseconds(1_000))
        #expect(time.now == milliseconds(1_000) && ran.count == 5_000 && time.waitingCount == 0)
        #expect(zip(ran, ran.dropFirst()).allSatisfy { $0 < $1 })
    }

    /// A node that writes down its turns.
    private final class Diary {
        var lines: [String] = []
        var wake: Instant?
        var nextWakeCount = 0
    }

    private func world(_ diary: Diary) -> (SimulatedTime, SimulatedNetwork, SimulatedNode) {
        let time = SimulatedTime()
        var random = SeededRandom(seed: 1)
        let network = SimulatedNetwork(time: time, random: &random)
        var hooks = SimulatedNode.Hooks()
        hooks.advance = { diary.lines.append("advance \($0.nanoseconds / 1_000_000)") }
        hooks.afterTurn = { _ in diary.lines.append("after") }
        hooks.nextWake = {
            diary.nextWakeCount += 1
            return diary.wake
        }
        return (time, network, network.addNode("node", hooks))
    }

    @Test func `a node is flushed once after all events of an instant, then asked for its next wake`() {
        let diary = Diary()
        let (time, _, node) = world(diary)
        time.runUntil(.zero)
        #expect(diary.lines == ["after"] && diary.nextWakeCount == 1)
        diary.lines = []
        for number in 1...3 { node.call(at: milliseconds(5)) { diary.lines.append("\(number)") } }
        node.call(at: milliseconds(5)) {
            node.call(at: milliseconds(5)) { diary.lines.append("next turn") }
        }
        time.runUntil(milliseconds(10))
        #expect(diary.lines == ["1", "2", "3", "after", "next turn", "after"])
        #expect(diary.nextWakeCount == 3, "asked after its turns only")
    }

    @Test func `a node is woken at its instant, follows a wake that moves, and is not woken twice`() {
        let diary = Diary()
        let (time, _, node) = world(diary)
        diary.wake = milliseconds(50)
        time.runUntil(milliseconds(1))
        // Sooner: 20. Then, from within that turn, back to 50, for which an old wake event is still queued.
        node.call(at: milliseconds(2)) { diary.wake = milliseconds(20) }
        node.call(at: milliseconds(19)) { diary.wake = milliseconds(20) }
        node.call(at: milliseconds(20)) { diary.wake = milliseconds(50) }
        node.call(at: milliseconds(50)) { diary.wake = nil }
        time.runUntil(milliseconds(200))
        #expect(diary.lines.filter { $0.hasPrefix("advance") } == ["advance 20", "advance 50"])
        #expect(time.waitingCount == 0)
    }

    @Test func `a wake that moves away is not served early`() {
        let diary = Diary()
        let (time, _, node) = world(diary)
        diary.wake = milliseconds(10)
        time.runUntil(milliseconds(1))
        node.call(at: milliseconds(5)) { diary.wake = milliseconds(30) }
        node.call(at: milliseconds(30)) { diary.wake = nil }
        time.runUntil(milliseconds(100))
        #expect(diary.lines.filter { $0.hasPrefix("advance") } == ["advance 30"])
    }

    @Test func `nodes that wake at one instant run in the order they asked`() {
        let time = SimulatedTime()
        var random = SeededRandom(seed: 1)
        let network = SimulatedNetwork(time: time, random: &random)
        var order: [String] = []
        for name in ["c", "a", "b"] {
            var hooks = SimulatedNode.Hooks()
            var ticks = 0
            hooks.advance = { _ in
                order.append(name)
                ticks += 1
            }
            hooks.nextWake = { ticks < 3 ? milliseconds((ticks + 1) * 50) : nil }
            _ = network.addNode(name, hooks)
        }
        time.runUntil(milliseconds(1_000))
        #expect(order == ["c", "a", "b", "c", "a", "b", "c", "a", "b"])
    }

    @Test func `a paused node gets no turn, and all it missed in one turn when it goes on`() {
        let diary = Diary()
        let (time, _, node) = world(diary)
        diary.wake = milliseconds(10)
        time.runUntil(milliseconds(1))
        diary.lines = []
        node.pause()
        node.call(at: milliseconds(5)) { diary.lines.append("five") }
        node.call(at: milliseconds(20)) {
            diary.lines.append("twenty")
            diary.wake = nil
        }
        time.runUntil(milliseconds(40))
        #expect(diary.lines.isEmpty)
        node.resume()
        time.runUntil(milliseconds(90))
        #expect(diary.lines == ["five", "advance 40", "twenty", "after"])
    }

    @Test func `a pause that follows a resume at once wins`() {
        let diary = Diary()
        let (time, _, node) = world(diary)
        time.runUntil(milliseconds(1))
        diary.lines = []
        node.pause()
        node.resume()
        node.pause()
        node.call(at: milliseconds(5)) {}
        time.runUntil(milliseconds(10))
        #expect(diary.lines.isEmpty && node.condition == .paused)
    }

    @Test func `scheduling for the past is our own mistake and ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let time = SimulatedTime()
            time.runUntil(.zero + .seconds(1))
            time.schedule(at: .zero) {}
        }
    }
}
