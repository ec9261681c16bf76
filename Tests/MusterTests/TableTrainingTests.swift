import Foundation
import GameKit
import LobbyCore
import Muster
import RecordingCore
import SnapshotCore
import Testing

/// Carts that roll on, each at its own speed, and turn at the ends of their track.
private struct Carts: Game {
    struct Cart: Entity {
        var at = 0
        var speed = 0
    }
    struct Push: GameInput {
        static var fields: [Field<Push>] {}
    }

    static let name = "carts"
    static let rules = Rules(tickRate: 20, seats: 1)
    static var replicated: Replication<Carts> {
        Entities(\.carts, "cart") { Field("at", \.at, .int(0...10_000), .linear) }
    }

    private(set) var carts = Table<Cart>()

    init(_ context: inout GameContext, options: JSONValue) {
        for number in 0..<12 { carts.insert(Cart(at: 5_000, speed: number * 3 - 18 + context.random.int(in: 0...2))) }
    }
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        carts.update { _, cart in
            if !(0...10_000).contains(cart.at + cart.speed) { cart.speed = -cart.speed }
            cart.at += cart.speed
        }
    }
}

/// Another game.
private struct Nothing: Game {
    struct Sum: Sendable { var steps = 0 }

    static let name = "nothing"
    static let rules = Rules(tickRate: 20, seats: 1)
    static var replicated: Replication<Nothing> {
        Single(\.sum, "sum") { Field("steps", \.steps, .int(0...1_000_000)) }
    }

    private(set) var sum = Sum()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Carts.Push>, _ context: inout GameContext) { sum.steps += 1 }
}

/// Writes what is recorded into a file.
private final class FileSink: RecordingSink {
    private let path: String
    private var bytes = Data()

    init(_ path: String) { self.path = path }

    func write(_ bytes: [UInt8]) -> Bool {
        self.bytes += bytes
        return true
    }

    func end() { _ = FileManager.default.createFile(atPath: path, contents: bytes) }
}

@Suite("MusterServer.trainTables: tables from recordings of one's own game (protocol/spec/snapshot.md §9.4)")
struct TableTrainingTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    private let server = MusterServer(configuration: MusterConfiguration())

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        server.serve(Carts.self)
        server.serve(Nothing.self)
    }

    /// Records so many steps of a lobby without players.
    private func record(_ game: GameType, seed: UInt64, steps: Int = 300) throws -> String {
        let path = folder.appending(path: "\(game.name)-\(seed).recording").path
        let lobby = try Lobby(
            id: "x", game: game, options: .null, seed: seed, now: .zero,
            record: Recorder(build: "test") { _ in FileSink(path) })
        for _ in 0..<steps { try lobby.step() }
        lobby.endRecording("over")
        return path
    }

    /// The bytes of all snapshots of a game, each led on from the one before it.
    private func size(_ game: GameType, _ tables: CodingTables, seed: UInt64) throws -> Int {
        let lobby = try Lobby(id: "y", game: game, options: .null, seed: seed, now: .zero)
        var codec = Codec1(schema: game.schema, tables: tables)
        var (states, bytes): ([WorldState], [UInt8]) = ([], [])
        for _ in 0..<200 {
            try lobby.step()
            lobby.captureSnapshot()
            states.append(try #require(lobby.newestSnapshot))
        }
        for index in 2..<states.count {
            codec.encode(
                states[index], since: states[index - 1], before: states[index - 2], stateHash: nil, appendingTo: &bytes)
        }
        return bytes.count
    }

    @Test func `what recordings taught makes the snapshots of another match smaller, and the game takes the bytes`()
        throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        let game = GameType(Carts.self)
        let paths = try [record(game, seed: 1), record(game, seed: 2)]
        let bytes = try server.trainTables(on: paths)
        #expect(try server.trainTables(on: paths) == bytes, "the same recordings teach the same")
        let trained = try CodingTables(bytes, for: game.schema)
        let generic = TableTrainer(schema: game.schema).tables()
        #expect(try size(game, trained, seed: 9) * 10 < size(game, generic, seed: 9) * 9)
        let given = game.with(givenTables: bytes).withSnapshotTables().snapshotTables
        #expect(given?.problem == nil && given?.hash == trained.hashText)
    }

    @Test func `recordings of two games, none at all, and files that are none are refused in words`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let carts = try record(GameType(Carts.self), seed: 1, steps: 5)
        let other = try record(GameType(Nothing.self), seed: 1, steps: 5)
        let text = folder.appending(path: "text").path
        try Data("hello\n".utf8).write(to: URL(filePath: text))
        let cases: [([String], String)] = [
            ([carts, other], "another game, nothing"), ([], "nothing to train on"), ([carts, text], text),
            ([folder.appending(path: "absent").path], "cannot be read"),
        ]
        for (paths, words) in cases {
            do {
                _ = try server.trainTables(on: paths)
                Issue.record("\(words): it was trained")
            } catch let failure as ReplayFailure {
                #expect(failure.description.contains(words), "\(failure)")
            }
        }
    }
}
