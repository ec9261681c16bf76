import BotCore
import ByteKit
import Determinism
import Testing

import SimulatedWorld

@Suite("Simulated streams")
struct PipeTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `every byte arrives once and in order, whatever the conditions and stalls`(_ seed: UInt64) {
        var plan = SeededRandom(seed: seed)
        let conditions = drawConditions(&plan)
        let wire = Wire(seed: seed, conditions, opens: false)
        var sent: [[UInt8]] = []
        for end in [wire.client, wire.server] {
            end.unsent = (0..<plan.int(in: 1...60)).map { pattern(plan.int(in: 0...500), $0) }
            sent.append(end.unsent.flatMap(\.self))
        }
        wire.server.closesWhenEnded = false
        for _ in 0..<plan.int(in: 0...6) {
            let at = wire.time.now + .milliseconds(plan.int(in: 0...3_000))
            let length = Interval.milliseconds(plan.int(in: 1...2_000))
            let (time, node) = (wire.time, plan.next() & 1 == 0 ? wire.clientNode : wire.serverNode)
            let kind = plan.int(in: 0...2)
            time.schedule(at: at) {
                switch kind {
                case 0: wire.pipe?.stall(for: length)
                case 1: wire.pipe?.setReadingStalled(true, at: .server)
                default: node.pause()
                }
            }
            time.schedule(at: at + length) {
                if kind == 1 { wire.pipe?.setReadingStalled(false, at: .server) }
                if kind == 2 { node.resume() }
            }
        }
        wire.run(120_000)
        #expect(differ(wire.server.received, sent[0]) == nil, "seed \(seed)")
        #expect(differ(wire.client.received, sent[1]) == nil, "seed \(seed)")
        #expect(wire.client.stream?.isBlocked == false && wire.server.stream?.isBlocked == false)

        // Now the client closes: the last byte is followed by FIN, and nothing is left of the connection.
        wire.client.unsent = [pattern(700)]
        wire.client.closesWhenSent = true
        wire.clientNode.call(at: wire.time.now) { wire.client.sendMore() }
        wire.run(60_000)
        #expect(differ(wire.server.received, sent[0] + pattern(700)) == nil, "seed \(seed)")
        #expect(wire.server.notes.last == .ended && wire.client.notes.last == .closed)
        wire.server.stream?.close(.now)
        wire.run(1_000)
        #expect(wire.server.notes.last == .closed && wire.network.livePipes.isEmpty)
        #expect(wire.client.notes.count { $0 == .closed } == 1)
    }

    @Test func `nothing arrives before the latency, and a line of so many bytes a second takes its time`() {
        var link = LinkConditions()
        link.latency = .milliseconds(40)
        link.bytesPerSecond = 10_000
        link.segmentBytesMax = 500
        let wire = Wire(NetworkConditions(both: link))
        let start = wire.time.now
        wire.send(pattern(5_000), from: wire.client)
        wire.run(10_000)
        #expect(wire.server.receivedAt.first == start + .milliseconds(90))
        #expect(wire.server.receivedAt.last == start + .milliseconds(540))
    }

    @Test func `reads are split down to one byte and joined across sends`() {
        var link = LinkConditions()
        link.splitChance = 0.8
        link.jitter = .milliseconds(5)
        let wire = Wire(seed: 5, NetworkConditions(both: link))
        for _ in 0..<300 {
            wire.send(pattern(100), from: wire.client)
            wire.run(1)
        }
        wire.run(100)
        #expect(wire.server.received.count == 30_000)
        #expect(wire.server.readCounts.contains(1))
        #expect(wire.server.readCounts.contains { $0 > 100 })
    }

    @Test func `a stream that is paused delivers nothing, not even the end, until it is resumed`() throws {
        let wire = Wire()
        let server = try #require(wire.server.stream)
        server.pauseReading()
        server.pauseReading()
        wire.send([1, 2], from: wire.client)
        wire.client.stream?.finishSending()
        wire.run(10_000)
        #expect(wire.server.received.isEmpty && wire.server.notes.isEmpty)

        wire.pipe?.setReadingStalled(true, at: .server)
        server.resumeReading()
        wire.run(10)
        #expect(wire.server.received.isEmpty, "the fault still holds")
        wire.pipe?.setReadingStalled(false, at: .server)
        wire.run(10)
        server.resumeReading()
        #expect(wire.server.received == [1, 2] && wire.server.notes.contains(.ended))
    }

    @Test func `a writer is blocked by a reader that stalls and drained when it reads again`() throws {
        let wire = Wire()
        let pipe = try #require(wire.pipe)
        pipe.setReadingStalled(true, at: .server)
        wire.send(pattern(65_536), from: wire.client)
        wire.run(10)
        wire.send(pattern(65_536), from: wire.client)
        #expect(wire.client.stream?.isBlocked == false, "the window and the send buffer hold 128 KiB")
        wire.send([1], from: wire.client)
        #expect(wire.client.stream?.isBlocked == true)
        wire.run(10_000)
        #expect(wire.client.notes.isEmpty && wire.server.received.isEmpty)

        pipe.setReadingStalled(false, at: .server)
        #expect(wire.client.stream?.isBlocked == true, "until streamDrained says otherwise")
        wire.run(10)
        #expect(wire.client.notes == [.drained] && wire.client.stream?.isBlocked == false)
        #expect(differ(wire.server.received, pattern(65_536) + pattern(65_536) + [1]) == nil)
    }

    @Test func `a paused process receives into its kernel and hears everything in order when it goes on`() {
        let wire = Wire()
        wire.serverNode.pause()
        wire.send([1, 2], from: wire.client)
        wire.run(5_000)
        wire.send([3], from: wire.client)
        wire.client.stream?.close(.afterSending)
        wire.run(5_000)
        #expect(wire.server.notes.isEmpty)
        #expect(wire.client.notes == [.closed], "its kernel has sent everything")
        wire.serverNode.resume()
        wire.run(1)
        #expect(wire.server.received == [1, 2, 3])
        #expect(wire.server.events == [.ended, .closed])
    }

    @Test func `a reset closes both ends, once, on a later turn, and loses what is under way`() throws {
        let wire = Wire(.broadband)
        wire.send([1, 2, 3], from: wire.client)
        let pipe = try #require(wire.pipe)
        pipe.reset()
        #expect(wire.client.notes.isEmpty && wire.server.notes.isEmpty)
        wire.send([4], from: wire.server)
        wire.run(1_000)
        #expect(wire.client.notes == [.closed] && wire.server.notes == [.closed])
        #expect(wire.client.stream?.handler == nil && wire.network.livePipes.isEmpty)
        pipe.reset()
        wire.client.stream?.close(.now)
        wire.send([5], from: wire.client)
        wire.run(1_000)
        #expect(wire.client.notes == [.closed] && wire.server.notes == [.closed])
    }

    @Test func `a reset by one side comes after the bytes that were under way`() {
        let wire = Wire(.broadband)
        wire.send([1, 2, 3], from: wire.client)
        wire.pipe?.reset(by: .client)
        wire.run(1_000)
        #expect(wire.client.notes == [.closed])
        #expect(wire.server.received == [1, 2, 3] && wire.server.notes.last == .closed)
        #expect(!wire.server.notes.contains(.ended))
    }

    @Test func `a half-closed stream goes on receiving`() {
        let wire = Wire()
        wire.server.closesWhenEnded = false
        wire.send([1], from: wire.client)
        wire.client.stream?.finishSending()
        wire.send([2], from: wire.client)
        wire.run(10)
        #expect(wire.server.notes == [.received(1), .ended])
        wire.send([7, 8], from: wire.server)
        wire.run(10)
        #expect(wire.client.notes == [.received(2)])
        wire.server.stream?.close(.afterSending)
        wire.run(10)
        #expect(wire.client.events == [.ended, .closed] && wire.server.events == [.ended, .closed])
        #expect(wire.network.livePipes.isEmpty)
    }

    @Test func `a silent cut delivers nothing, closes nothing, and blocks the writer in the end`() {
        let wire = Wire(.lan)
        wire.send([1], from: wire.client)
        wire.pipe?.cut()
        wire.client.unsent = (0..<10).map { pattern(20_000, $0) }
        wire.client.sendMore()
        wire.send([2], from: wire.server)
        wire.run(3_600_000)
        #expect(wire.client.notes.isEmpty && wire.server.notes.isEmpty)
        #expect(wire.client.stream?.isBlocked == true)
        wire.client.stream?.close(.now)
        wire.run(3_600_000)
        #expect(wire.client.notes == [.closed], "an end that gives up closes")
        #expect(wire.server.notes.isEmpty, "and the other never hears of it")
        wire.server.stream?.close(.afterSending)
        wire.run(1_999)
        #expect(wire.server.notes.isEmpty, "it waits for the peer's end")
        wire.run(1)
        #expect(wire.server.notes == [.closed] && wire.network.livePipes.isEmpty)
    }

    @Test func `a cut of one direction leaves the other alive`() {
        let wire = Wire()
        wire.pipe?.cut(sentBy: .client)
        wire.send([1], from: wire.client)
        wire.send([2], from: wire.server)
        wire.run(1_000)
        #expect(wire.server.notes.isEmpty && wire.client.received == [2])
    }

    @Test func `a stall keeps everything and lets it through together`() {
        let wire = Wire()
        let start = wire.time.now
        wire.pipe?.stall(for: .seconds(2))
        for byte in 1...5 as ClosedRange<UInt8> {
            wire.send([byte], from: wire.client)
            wire.run(100)
        }
        wire.run(5_000)
        #expect(wire.server.notes == [.received(5)] && wire.server.received == [1, 2, 3, 4, 5])
        #expect(wire.server.receivedAt == [start + .seconds(2)])
    }

    @Test func `closing after sending waits for what is pending; closing now discards it`() throws {
        for manner in [StreamCloseManner.afterSending, .now] {
            let wire = Wire()
            let pipe = try #require(wire.pipe)
            pipe.setReadingStalled(true, at: .server)
            wire.send(pattern(200_000), from: wire.client)
            wire.client.stream?.close(manner)
            #expect(wire.client.notes.isEmpty, "never from within the call")
            wire.run(1_000)
            #expect(wire.client.notes == (manner == .now ? [.closed] : []))
            pipe.setReadingStalled(false, at: .server)
            wire.run(1_000)
            #expect(wire.client.notes == [.closed], "not drained: it was closed")
            let count = manner == .now ? 131_072 : 200_000
            #expect(differ(wire.server.received, Array(pattern(200_000).prefix(count))) == nil)
            #expect(wire.server.events == [.ended, .closed])
        }
    }

    @Test func `closing now after closing after sending takes effect`() {
        let wire = Wire()
        wire.pipe?.setReadingStalled(true, at: .server)
        wire.send(pattern(200_000), from: wire.client)
        wire.client.stream?.close(.afterSending)
        wire.run(1_000)
        #expect(wire.client.notes.isEmpty)
        wire.client.stream?.close(.now)
        wire.run(1)
        #expect(wire.client.notes == [.closed])
    }

    @Test func `a closed end delivers nothing more and answers bytes with a reset`() {
        let wire = Wire(.broadband)
        wire.server.closesWhenEnded = false
        wire.send([1], from: wire.server)
        wire.client.stream?.close(.afterSendingLast)
        wire.run(1_000)
        #expect(wire.client.notes == [.closed])
        #expect(wire.server.notes == [.ended, .closed])
        #expect(wire.network.livePipes.isEmpty)
    }

    @Test func `an end closed after sending drops what comes, so that the peer reads its last bytes`() {
        let wire = Wire(.broadband)
        wire.client.closesWhenEnded = false
        wire.send([9, 9], from: wire.server)
        wire.server.stream?.close(.afterSending)
        wire.send(pattern(300_000), from: wire.client)
        wire.run(1_500)
        #expect(wire.client.received == [9, 9] && wire.client.events.contains(.ended))
        #expect(wire.server.notes.isEmpty, "nothing is delivered, and it waits for the end")
        wire.client.stream?.close(.afterSending)
        wire.run(400)
        #expect(wire.server.notes == [.closed] && wire.client.events.last == .closed)
        #expect(wire.network.livePipes.isEmpty)
    }

    @Test(arguments: [0, 1])
    func `what a closed end drops is bounded: beyond that the peer gets a reset (H-02)`(_ over: Int) {
        let wire = Wire()
        wire.client.closesWhenEnded = false
        wire.server.stream?.close(.afterSending)
        let most = ClosingInput.bytesMax
        wire.client.unsent = [pattern(most - 1_000_000), pattern(1_000_000 + over)]
        wire.client.sendMore()
        wire.run(1_000)
        #expect(wire.server.notes == (over > 0 ? [.closed] : []), "in less than the time")
        #expect(wire.client.notes.contains(.closed) == (over > 0))
        wire.run(1_100)
        #expect(wire.server.notes == [.closed] && wire.server.received.isEmpty)
    }

    @Test func `a short write blocks and is drained a little later, with nothing lost`() {
        var link = LinkConditions()
        link.shortWriteChance = 1
        let wire = Wire(NetworkConditions(both: link))
        wire.client.unsent = (0..<20).map { pattern(50, $0) }
        let sent = wire.client.unsent.flatMap(\.self)
        wire.client.sendMore()
        #expect(wire.client.stream?.isBlocked == true)
        wire.run(1_000)
        #expect(wire.client.events == Array(repeating: .drained, count: 20))
        #expect(differ(wire.server.received, sent) == nil)
    }
}
