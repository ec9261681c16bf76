import Dispatch
import StorageKit
import Synchronization
import Testing

@Suite("What earlier processes have left")
struct StartLoaderTests {
    private let storage = ScriptedStorage()
    private let desk = Desk()
    private let restored = Restored()

    private final class Restored: Sendable {
        private let records = Mutex<[StartRecords]>([])
        var all: [StartRecords] { records.withLock { $0 } }
        func take(_ more: StartRecords) { records.withLock { $0.append(more) } }
    }

    private func ban(_ subject: String, since: UnixMilliseconds) -> StoredBan {
        StoredBan(.subject(subject), reason: "", actor: "root", since: since)
    }

    /// Loads at the time 100, and says what is reported.
    private func load() -> (StartLoader, AsyncStream<StartLoadEvent>) {
        let (events, continuation) = AsyncStream.makeStream(of: StartLoadEvent.self)
        let bans = StartLoader(
            storage, now: { 100 }, wait: { [desk] in await desk.wait($0) },
            restore: { [restored] in restored.take($0) },
            report: { continuation.yield($0) })
        return (bans, events)
    }

    private func firstTry(_ bans: StartLoader) async -> Bool {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: bans.firstTry(within: .seconds(600))) }
        }
    }

    @Test func `all are there by the time that the first try is over`() async {
        storage.keep([ban("a", since: 5), ban("b", since: 100)])
        storage.keep(StartRecords.seasonSetting, "spring")
        let (bans, _) = load()
        #expect(await firstTry(bans))
        #expect(restored.all.map(\.bans) == [[ban("a", since: 5), ban("b", since: 100)]])
        #expect(restored.all.map(\.season) == ["spring"])
    }

    @Test func `a storage that fails is asked again, with one alarm; what was said since the start is left out`() async
    {
        storage.keep([ban("a", since: 99), ban("b", since: 100)], failures: 3)
        let (bans, events) = load()
        #expect(await firstTry(bans))
        #expect(restored.all.isEmpty)
        for count in 1...3 {
            await desk.waits(count)
            desk.pass()
        }
        var seen: [StartLoadEvent] = []
        for await event in events {
            seen.append(event)
            if case .loaded = event { break }
        }
        #expect(seen == [.failed("the disk is full"), .loaded(bans: 1, failures: 3)])
        #expect(restored.all.map(\.bans) == [[ban("a", since: 99)]] && restored.all.first?.season == nil)
        #expect(desk.waits == [.milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test func `a server that ends asks no more`() async {
        storage.keep([], failures: 1)
        let (bans, _) = load()
        await desk.waits(1)
        bans.cancel()
        desk.pass()
        #expect(await firstTry(bans))
        #expect(await firstTry(bans), "it has ended")
        #expect(restored.all.isEmpty)
    }
}
