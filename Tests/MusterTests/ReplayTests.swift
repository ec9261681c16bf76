import Foundation
import GameKit
import Muster
import Testing

/// A game that does nothing.
private struct Idle: Game {
    struct Wish: GameInput {
        static var fields: [Field<Wish>] {}
    }
    struct Nothing: Sendable {
        var steps = 0
    }

    static let name = "idle"
    static let rules = Rules(tickRate: 20, seats: 1)
    static var replicated: Replication<Idle> {
        Single(\.nothing, "nothing") { Field("steps", \.steps, .int(0...1_000)) }
    }

    var nothing = Nothing()

    init(_ context: inout GameContext, options: JSONValue) {}
    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}
    mutating func step(_ inputs: Inputs<Wish>, _ context: inout GameContext) { nothing.steps += 1 }
}

@Suite("MusterServer.replay: recordings of one's own games")
struct ReplayTests {
    @Test func `what is no recording is refused with a sentence that names the file`() throws {
        let server = MusterServer(configuration: MusterConfiguration())
        server.serve(Idle.self)
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).recording").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: ReplayFailure.self) { try server.replay(path) }
        try Data("muster-recording 1\n{}\n".utf8).write(to: URL(filePath: path))
        do {
            _ = try server.replay(path)
            Issue.record("it was played")
        } catch let failure as ReplayFailure {
            #expect(failure.description.contains(path) && failure.description.contains("build"))
        }
    }
}
