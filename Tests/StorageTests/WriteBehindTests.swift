import StorageKit
import Testing

@Suite("Write-behind")
struct WriteBehindTests {
    private let storage = ScriptedStorage()
    private let desk = Desk()

    private func makeQueue() -> WriteBehind {
        WriteBehind(storage, wait: desk.wait) { [desk] in desk.note($0) }
    }

    private func setting(_ name: String) -> StorageRecord { .setting(name: name, value: "v") }

    @Test func `records are written in their order, and what comes during a write is the next batch`() async {
        storage.hold()
        let queue = makeQueue()
        #expect(queue.add(setting("a")))
        await storage.held()
        for name in ["b", "c", "d"] { #expect(queue.add(setting(name))) }
        storage.release()
        await desk.events(2)
        #expect(storage.batches.map(\.count) == [1, 3] && storage.names == ["a", "b", "c", "d"])
        #expect(desk.events == [.written(1), .written(3)] && queue.count == 0)
        #expect(await queue.end() == 0)
    }

    @Test func `a batch has a bound`() async {
        storage.hold()
        let queue = makeQueue()
        for number in 0...600 { _ = queue.add(setting("\(number)")) }
        await storage.held()
        storage.release()
        #expect(await queue.end() == 0)
        #expect(storage.names == (0...600).map { "\($0)" })
        #expect(storage.batches.allSatisfy { $0.count <= WriteBehind.batchMax })
    }

    @Test func `an outage raises one alarm, is tried again less and less often, and nothing is lost`() async {
        storage.fail(4)
        let queue = makeQueue()
        _ = queue.add(setting("a"))
        for count in 1...4 {
            await desk.waits(count)
            // What comes meanwhile waits its turn, and does not make it try sooner.
            _ = queue.add(setting("\(count)"))
            desk.pass()
        }
        await desk.events(6)
        let waits = [500, 1_000, 2_000, 4_000].map { Duration.milliseconds($0) }
        #expect(desk.waits == waits)
        let alarm = "the disk is full"
        #expect(
            desk.events == [
                .failed(alarm, isFirst: true), .failed(alarm, isFirst: false), .failed(alarm, isFirst: false),
                .failed(alarm, isFirst: false), .recovered(tries: 4), .written(5),
            ])
        #expect(storage.names == ["a", "1", "2", "3", "4"])
        #expect(await queue.end() == 0)
    }

    @Test func `waits between tries grow to half a minute and no further`() {
        #expect(WriteBehind.retryWait(after: 6) == .seconds(16))
        #expect(WriteBehind.retryWait(after: 7) == .seconds(30))
        #expect(WriteBehind.retryWait(after: 1_000_000) == .seconds(30))
    }

    @Test func `when it is full the newest is not taken, by number or by bytes`() async {
        storage.hold()
        let queue = makeQueue()
        for number in 0..<WriteBehind.recordsMax { #expect(queue.add(setting("\(number)"))) }
        #expect(!queue.add(setting("one too many")))
        await storage.held()
        storage.release()
        #expect(await queue.end() == 0)
        #expect(storage.names.count == WriteBehind.recordsMax && !storage.names.contains("one too many"))

        let heavy = ScriptedStorage()
        heavy.hold()
        let other = WriteBehind(heavy, wait: desk.wait) { _ in }
        let megabyte = String(repeating: "x", count: 1 << 20)
        let taken = (0..<20).count { _ in other.add(.setting(name: "big", value: megabyte)) }
        #expect(taken == 15)
        await heavy.held()
        heavy.release()
        _ = await other.end()
    }

    @Test func `a record that can never be written is left out, and the others are written`() async {
        storage.hold()
        storage.refuse("bad")
        let queue = makeQueue()
        for name in ["a", "bad", "b"] { _ = queue.add(setting(name)) }
        await storage.held()
        storage.release()
        #expect(await queue.end() == 0)
        #expect(storage.names == ["a", "b"])
        #expect(desk.events.contains(.refused("no such thing")))
    }

    @Test func `the end waits for what is left, and takes nothing more`() async {
        let queue = makeQueue()
        for number in 0..<1_000 { _ = queue.add(setting("\(number)")) }
        #expect(await queue.end() == 0)
        #expect(storage.names.count == 1_000 && !queue.add(setting("late")))
        #expect(await queue.end() == 0, "and may be asked for twice")
    }

    @Test func `the end comes at its time, with what could not be written counted`() async {
        storage.hold()
        let queue = makeQueue()
        _ = queue.add(setting("a"))
        await storage.held()
        #expect(await queue.end(within: .zero) == 1)
        storage.release()
    }

    @Test func `in an outage the end tries once more, and then gives up`() async {
        storage.fail(2)
        let queue = makeQueue()
        _ = queue.add(setting("a"))
        await desk.waits(1)
        #expect(await queue.end() == 1)
        #expect(desk.events.count == 2 && storage.batches.isEmpty)
    }
}
