import BotCore
import ByteKit
import Determinism
import SimulatedWorld
import Testing

@Suite("Simulated network")
struct NetworkTests {
    @Test func `a connection is there after one round trip, and at the server half a round trip later`() {
        var link = LinkConditions()
        link.latency = .milliseconds(10)
        let wire = Wire(NetworkConditions(both: link), opens: false)
        wire.client.unsent = [[1]]
        wire.run(19)
        #expect(wire.client.stream == nil)
        wire.run(1)
        #expect(wire.client.stream != nil && wire.server.stream == nil)
        wire.run(9)
        #expect(wire.server.stream == nil)
        wire.run(1)
        #expect(wire.server.stream != nil && wire.server.received == [1], "accepted, then the first bytes")
    }

    @Test func `nobody listening is a refusal, on a later turn`() {
        let wire = Wire(opens: false)
        var results: [Bool] = []
        func connect(_ port: String) {
            wire.network.connect(from: wire.clientNode, to: port, .lan, handler: End(wire.time)) {
                results.append((try? $0.get()) != nil)
            }
        }
        connect("nowhere")
        #expect(results.isEmpty)
        wire.run(10)
        #expect(results == [false])
        connect("game")
        wire.network.stopListening(on: "game")
        wire.run(10)
        #expect(results == [false, false])
    }

    @Test func `a crashed process hears nothing, its peers get a reset, and its ports are free`() {
        let wire = Wire(.lan)
        wire.network.crash(wire.serverNode)
        wire.run(10)
        #expect(wire.client.notes == [.closed] && wire.server.notes.isEmpty)
        #expect(wire.network.livePipes.isEmpty)
        let again = wire.network.addNode("server")
        wire.network.listen(on: "game", node: again) { $0.close(.now) }
    }

    private func trace(_ seed: UInt64) -> (UInt64, [String]) {
        var plan = SeededRandom(seed: seed)
        let wire = Wire(seed: seed, drawConditions(&plan), opens: false)
        var lines: [String] = []
        wire.network.trace.line = { lines.append($0) }
        for end in [wire.client, wire.server] {
            end.unsent = (0..<40).map { pattern(plan.int(in: 0...500), $0) }
        }
        wire.run(20_000)
        if let pipe = wire.network.drawPipe(&plan) { pipe.reset() }
        wire.run(1_000)
        return (wire.network.trace.hash, lines)
    }

    @Test func `the same seed has the same trace, another seed another`() {
        var hashes = Set<UInt64>()
        for seed in 0..<50 as Range<UInt64> {
            let (first, second) = (trace(seed), trace(seed))
            #expect(first.0 == second.0 && first.1 == second.1, "seed \(seed)")
            hashes.insert(first.0)
        }
        #expect(hashes.count == 50)
    }

    @Test func `one connection's draws do not depend on what another does`() {
        func times(withOther: Bool) -> [Instant] {
            let wire = Wire(seed: 9, .cellular, opens: false)
            let other = wire.network.addNode("other")
            wire.network.listen(on: "elsewhere", node: other) { _ in }
            if withOther {
                let noisy = End(wire.time)
                noisy.unsent = [pattern(50_000)]
                wire.network.connect(from: other, to: "elsewhere", .awful, handler: noisy) {
                    noisy.stream = try? $0.get()
                    noisy.sendMore()
                }
            }
            wire.client.unsent = (0..<50).map { pattern(900, $0) }
            wire.run(10_000)
            return wire.server.receivedAt
        }
        let alone = times(withOther: false)
        #expect(!alone.isEmpty && alone == times(withOther: true))
    }

    @Test func `two connections of one node draw different numbers`() {
        let wire = Wire(seed: 3, .cellular)
        let second = End(wire.time)
        wire.network.connect(from: wire.clientNode, to: "game", .cellular, handler: second) {
            second.stream = try? $0.get()
        }
        let first = wire.server
        wire.run(2_000)
        for _ in 0..<20 {
            for end in [wire.client, second] { wire.send([1], from: end) }
            wire.run(500)
        }
        // Both connections end at the one recorder: with equal draws, every arrival would be one of a pair.
        #expect(first.received.count == 40)
        #expect(Set(first.receivedAt).count > 35)
    }
}
