import Determinism
import Foundation
import GameKit
import JSONCore
import LobbyCore
import ServerCore
import SnapshotCore
import SocketIOCore
import Testing
import WebSocketCore

/// A number whose 32 bits come up nowhere by themselves; the last three say whose secret it is.
private let canary: UInt32 = 0xB5C0_FDE8

/// A game with secrets: one of each seat, which that seat is told, and many that nobody is.
private struct Vault: Game {
    struct Chest: Entity { var inside = 0 }
    struct Thief: Entity {
        var at = 0
        var luck = 0
    }

    static let name = "vault"
    static let rules = Rules(tickRate: 60, seats: 4, grace: .seconds(5))
    static var replicated: Replication<Vault> {
        Entities(\.thieves, "thief") {
            Field("at", \.at, .int(-1_000_000...1_000_000))
            Field("luck", \.luck, .int(0...99))
        }
    }

    var thieves = Table<Thief>()
    /// What no client is ever told.
    private var chests = Table<Chest>()
    private var opened = 0
    /// Another secret of as many digits, for a twin of the game.
    private let shift: Int

    init(_ context: inout GameContext, options: JSONValue) {
        shift = options["shift"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        let inside = secret(of: 7)
        for _ in 0..<8 { chests.insert(Chest(inside: inside)) }
    }

    private func secret(of seat: Int) -> Int { (Int(canary) | seat) + shift }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {
        thieves[seat: seat.number] = Thief()
        context.emit("told", .integer(Int64(secret(of: seat.number))), to: seat.number)
    }
    mutating func leave(_ seat: Seat, _ context: inout GameContext) { thieves[seat: seat.number] = nil }

    mutating func step(_ inputs: Inputs<Push>, _ context: inout GameContext) {
        for (seat, input) in inputs {
            let id = EntityID(abs(input.by) % 8)
            opened &+= chests[id]?.inside ?? 0
            let inside = secret(of: 7)
            chests[id]?.inside = inside
            thieves[seat: seat]?.at += input.by
            if input.loud {
                context.emit("told", ["secret": .integer(Int64(secret(of: seat)))], to: seat)
                context.emit("heard", .integer(Int64(seat)))
            }
        }
        let luck = context.random.int(in: 0...99)
        thieves.update { _, thief in thief.luck = luck }
    }
}

/// Looks at every byte that one client is sent.
private final class Tap {
    /// Of all that has come, in order.
    private(set) var hash = WordHash()
    private(set) var byteCount = 0
    /// Canaries that are not the client's own, as bits at any place or as digits.
    private(set) var leaks = 0
    /// How often the client was told its own secret.
    private(set) var told = 0
    /// The client's seat; nil where it has none.
    var seat: Int?

    private var window: UInt64 = 0
    private var digits: UInt64 = 0

    func take(_ bytes: [UInt8]) {
        byteCount += bytes.count
        hash.feed(UInt64(bytes.count))
        for byte in bytes {
            hash.feed(UInt64(byte))
            window = window >> 8 | UInt64(byte) << 56
            for shift in 0..<8 as Range<UInt64> where found(UInt32(truncatingIfNeeded: window >> (shift + 24))) {
                leaks += 1
            }
            if found(UInt32(truncatingIfNeeded: window >> 32).byteSwapped) { leaks += 1 }
            read(byte)
        }
    }

    private func found(_ word: UInt32) -> Bool { word & ~7 == canary }

    /// Numbers as digits.
    private func read(_ byte: UInt8) {
        if byte >= 0x30, byte <= 0x39, digits < 1 << 40 {
            digits = digits * 10 + UInt64(byte - 0x30)
            return
        }
        if digits & ~7 == UInt64(canary) {
            if let seat, digits & 7 == UInt64(seat) { told += 1 } else { leaks += 1 }
        }
        digits = 0
    }
}

/// A lobby of the game in which two play at chance and two watch, each in its own way, with a tap on each.
private struct Heist {
    let world: World
    let taps: [Tap]
    private let players: [PlainClient]
    private let sockets: [SocketClient]
    private let polling: EngineClient
    /// The poll that waits, or has been answered.
    private var poll: WebExchange
    private let watching: [FakeStream]
    private var random: SeededRandom

    init(seed: UInt64, shift: Int) {
        let world = World(seed: seed, games: [GameType(Vault.self)]) { settings in
            settings.defaultGame = "vault"
            settings.messagesPerSecond = 1_000
            // Nobody here answers a ping.
            settings.heartbeatInterval = .seconds(1_000_000)
        }
        self.world = world
        random = SeededRandom(seed: seed)
        let first = PlainClient(world)
        first.join(["options": ["shift": .integer(Int64(shift))]])
        let second = SocketClient(world)
        second.join("x")
        let third = PlainClient(world)
        third.join()
        polling = EngineClient(world, path: "/socket.io/")
        _ = polling.post("40/lobby/x,")
        // The answer to the join, and the seat's own secret.
        poll = polling.get()
        players = [first, third]
        sockets = [second]
        watching = ["/api/lobbies/x/events", "/api/lobbies/x/events?format=snapshot"].map { target in
            let stream = world.connect()
            stream.receive(Array("GET \(target) HTTP/1.1\r\nHost: muster.test:7777\r\n\r\n".utf8))
            return stream
        }
        world.turn()
        taps = (0..<6).map { _ in Tap() }
        for (index, stream) in [first.stream, third.stream, second.stream].enumerated() {
            let tap = taps[index]
            tap.seat = [0, 2, 1][index]
            stream.tap = { tap.take($0) }
        }
        taps[3].seat = 3
        for (stream, tap) in zip(watching, taps[4...]) { stream.tap = { tap.take($0) } }
    }

    /// Some play at chance, and some time.
    mutating func play(tick: Int) {
        for (index, client) in players.enumerated() where random.int(in: 0...2) == 0 {
            let input: JSONValue = [
                "by": .integer(Int64(random.int(in: -8...8))), "loud": .bool(index == 0 && random.int(in: 0...19) == 0),
            ]
            client.stream.receive(
                client.frame(.text, Array(JSONValue.object(["event": "input", "data": ["input": input]]).text.utf8)))
        }
        if random.int(in: 0...3) == 0 {
            sockets[0].stream.receive(
                sockets[0].frame(.text, Array(#"42/lobby/x,["input",{"input":{"by":1}}]"#.utf8)))
        }
        // The state anew now and then, the public pages, and a poll.
        if tick % 700 == 0 { players[1].stream.receive(players[1].frame(.binary, [0x0A, 0])) }
        if tick % 100 == 0 {
            for target in ["/api/lobbies", "/api/lobbies/x", "/api/lobbies/x/state", "/health"] {
                taps[5].take(world.request("GET", target).bytes)
            }
        }
        if tick % 20 == 0 {
            if tick > 20 { taps[3].take(poll.bytes) }
            poll = polling.get()
        }
        world.steps(1)
    }
}

/// `scripts/check --long` plays a million ticks; without it some thousands are.
@Suite("What a game hides never leaves the server (abuse G-10)")
struct CanaryTests {
    private var ticks: Int { ProcessInfo.processInfo.environment["MUSTER_LONG"] == nil ? 3_000 : 1_000_000 }

    @Test func `no secret is in any byte of anybody's but its own seat's, and nobody else can tell one from another`() {
        var (first, twin) = (Heist(seed: 10, shift: 0), Heist(seed: 10, shift: 64))
        for tick in 1...ticks {
            first.play(tick: tick)
            twin.play(tick: tick)
        }
        #expect(first.taps.map(\.leaks) == [0, 0, 0, 0, 0, 0])
        #expect(first.taps[0].told > ticks / 200, "the taps see what there is")
        #expect(first.taps.allSatisfy { $0.byteCount > ticks * 2 }, "\(first.taps.map(\.byteCount))")
        // Bytes, lengths and order are those of the twin, whose secrets are others.
        #expect(first.taps.dropFirst().map(\.hash.value) == twin.taps.dropFirst().map(\.hash.value))
        #expect(first.taps[0].hash.value != twin.taps[0].hash.value)
    }
}
