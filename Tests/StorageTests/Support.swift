import Dispatch
import Foundation
import GRDB
import StorageKit
import Synchronization

@testable import StorageSQLite

/// A folder of a test's own, removed with it.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "muster-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var file: String { path + "/muster.db" }
}

extension StoredMatch {
    /// A match of `racing` in which players scored.
    static func of(
        _ scores: [(String, Int)], id: String = UUID().uuidString, game: String = "racing", season: String = "",
        subjects: [String: String] = [:]
    ) -> StoredMatch {
        let players = scores.enumerated().map {
            Player(seat: $0, name: $1.0, subject: subjects[$1.0], score: $1.1)
        }
        return StoredMatch(
            id: id, game: game, lobby: "x", season: season, startedAt: 1_000, endedAt: 61_000, players: players,
            result: #"{"winner":0}"#)
    }
}

extension WriteBehind {
    /// Finishes on a thread of its own: a test's thread must not block, for the queue's task may need it.
    func end(within limit: Duration = .seconds(600)) async -> Int {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: self.finish(within: limit)) }
        }
    }
}

/// A storage that fails as a test tells it to, and keeps what it was given.
final class ScriptedStorage: Storage {
    struct Outage: Error, CustomStringConvertible {
        var description: String { "the disk is full" }
    }

    private struct State {
        var batches: [[StorageRecord]] = []
        var failures = 0
        var refused: String?
        var holds: CheckedContinuation<Void, Never>?
        var isHeld = false
        var isReached: CheckedContinuation<Void, Never>?
        var bans: [StoredBan] = []
        var banFailures = 0
        var settings: [String: String] = [:]
    }

    private let state = Mutex(State())

    /// How many further writes fail.
    func fail(_ count: Int) { state.withLock { $0.failures = count } }
    /// What it has, and how often it cannot say so.
    func keep(_ bans: [StoredBan], failures: Int = 0) {
        state.withLock { state in
            state.bans = bans
            state.banFailures = failures
        }
    }
    /// What a setting is.
    func keep(_ name: String, _ value: String) { state.withLock { $0.settings[name] = value } }
    /// A setting that can never be written.
    func refuse(_ name: String) { state.withLock { $0.refused = name } }

    var batches: [[StorageRecord]] { state.withLock(\.batches) }
    var names: [String] {
        batches.flatMap { $0 }.compactMap { if case .setting(let name, _) = $0 { name } else { nil } }
    }

    /// Has writes wait until ``release()``.
    func hold() { state.withLock { $0.isHeld = true } }

    /// Returns once a write waits.
    func held() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.holds == nil { state.isReached = continuation }
                return state.holds != nil
            }
            if isThere { continuation.resume() }
        }
    }

    func release() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.holds = nil }
            return state.holds
        }
        waiting?.resume()
    }

    func write(_ records: [StorageRecord]) async throws {
        await withCheckedContinuation { continuation in
            let (isHeld, reached) = state.withLock { state in
                if state.isHeld { state.holds = continuation }
                defer { state.isReached = nil }
                return (state.isHeld, state.isReached)
            }
            reached?.resume()
            if !isHeld { continuation.resume() }
        }
        try state.withLock { state in
            if state.failures > 0 {
                state.failures -= 1
                throw Outage()
            }
            for (index, record) in records.enumerated() {
                if case .setting(let name, _) = record, name == state.refused {
                    throw StorageRefusal(index: index, "no such thing")
                }
            }
            state.batches.append(records)
        }
    }

    func matches(of game: String?, before: Int64?, limit: Int) async throws -> StoredPage<StoredMatch> {
        StoredPage(rows: [], next: nil)
    }
    func leaderboard(_ query: LeaderboardQuery) async throws -> Leaderboard { Leaderboard(players: 0, rows: []) }
    func bans(at time: UnixMilliseconds) async throws -> [StoredBan] {
        try state.withLock { state in
            guard state.banFailures == 0 else {
                state.banFailures -= 1
                throw Outage()
            }
            return state.bans
        }
    }
    func audit(_ query: AuditQuery) async throws -> StoredPage<AuditEntry> { StoredPage(rows: [], next: nil) }
    func setting(_ name: String) async throws -> String? { state.withLock { $0.settings[name] } }
}

/// What a queue reports, and the waits that it asks for, which end when the test says so.
final class Desk: Sendable {
    private struct State {
        var events: [WriteBehindEvent] = []
        var waits: [Duration] = []
        var sleepers: [CheckedContinuation<Void, Never>] = []
        var watcher: (count: Int, CheckedContinuation<Void, Never>)?
        var waitWatcher: (count: Int, CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    var events: [WriteBehindEvent] { state.withLock(\.events) }
    var waits: [Duration] { state.withLock(\.waits) }

    func note(_ event: WriteBehindEvent) {
        let watcher = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.events.append(event)
            guard let watcher = state.watcher, state.events.count >= watcher.count else { return nil }
            state.watcher = nil
            return watcher.1
        }
        watcher?.resume()
    }

    /// Returns once so many events have been reported.
    func events(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.events.count < count { state.watcher = (count, continuation) }
                return state.events.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    @Sendable func wait(_ length: Duration) async {
        await withCheckedContinuation { continuation in
            let watcher = state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.waits.append(length)
                state.sleepers.append(continuation)
                guard let watcher = state.waitWatcher, state.waits.count >= watcher.count else { return nil }
                state.waitWatcher = nil
                return watcher.1
            }
            watcher?.resume()
        }
    }

    /// Returns once so many waits have been asked for.
    func waits(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.waits.count < count { state.waitWatcher = (count, continuation) }
                return state.waits.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    /// Ends all waits.
    func pass() {
        let sleepers = state.withLock { state in
            defer { state.sleepers = [] }
            return state.sleepers
        }
        for sleeper in sleepers { sleeper.resume() }
    }
}
