import GameKit
import LobbyCore
import RecordingCore
import Testing

@Suite("RecordingComparison: where two games part")
struct ComparisonTests {
    /// A recording of 30 steps, in which `meddle` may do something before each.
    private func recording(
        seed: UInt64 = 5, options: JSONValue = .null, steps: Int = 30, _ meddle: (Lobby) -> Void = { _ in }
    ) throws -> [UInt8] {
        let sink = MemorySink()
        let lobby = try Lobby(
            id: "l", game: GameType(Walk.self), options: options, seed: seed, now: .zero, record: recorder(sink))
        _ = lobby.take(name: "a", token: [1])
        for _ in 0..<steps {
            meddle(lobby)
            try lobby.step()
        }
        lobby.endRecording("over")
        return sink.bytes
    }

    private func compare(_ first: [UInt8], _ second: [UInt8]) throws -> RecordingComparison {
        try RecordingComparison(try player(first, isStrict: false), try player(second, isStrict: false))
    }

    @Test func `a recording is the same as itself`() throws {
        let bytes = try recording { _ = $0.offer(seat: 0, tick: nil, sequence: nil, values: [4]) }
        let comparison = try compare(bytes, bytes)
        #expect(comparison.isSame && comparison.lastTick == 30)
    }

    @Test func `another input is found, and the first tick and field that it changes`() throws {
        let plain = try recording { _ = $0.offer(seat: 0, tick: nil, sequence: nil, values: [3]) }
        let other = try recording {
            _ = $0.offer(seat: 0, tick: nil, sequence: nil, values: [$0.tick == 11 ? 4 : 3])
        }
        let comparison = try compare(plain, other)
        #expect(!comparison.isSame && comparison.lastTick == 12 && comparison.header.isEmpty)
        #expect(comparison.entered?.tick == 12)
        #expect(comparison.entered?.second == "seat 0's [4] for tick 12")
        #expect(comparison.state?.tick == 12 && comparison.state?.difference.type == "walker")
        #expect(comparison.state?.difference.field == "at" && comparison.state?.difference.id == 0)
    }

    @Test func `an input that changes nothing is told apart from one that does`() throws {
        let other = try recording { lobby in
            if lobby.tick == 20 { _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: [3]) }
        }
        let comparison = try compare(try recording(), other)
        #expect(comparison.entered?.tick == 21 && comparison.entered?.first == "no input")
        #expect(comparison.state == nil && comparison.lastTick == 30 && !comparison.isSame)
    }

    @Test func `another seed shows in the header and then in the state`() throws {
        let comparison = try compare(try recording(), try recording(seed: 6))
        #expect(comparison.header == ["seed"] && comparison.fingerprint != nil && !comparison.isSame)
    }

    @Test func `a longer one goes on`() throws {
        let comparison = try compare(try recording(), try recording(steps: 41))
        #expect(comparison.rest == 11 && comparison.lastTick == 30)
        let reverse = try compare(try recording(steps: 41), try recording())
        #expect(reverse.rest == -11)
    }

    @Test func `what enters between two steps is compared as well`() throws {
        let other = try recording { lobby in
            if lobby.tick == 4 { lobby.setCongested(true, seat: 0) }
            if lobby.tick == 4 { lobby.setCongested(false, seat: 0) }
        }
        let comparison = try compare(try recording(), other)
        #expect(comparison.entered?.tick == 5 && comparison.entered?.second == "seat 0 falls behind")
        #expect(comparison.state == nil)
    }
}
