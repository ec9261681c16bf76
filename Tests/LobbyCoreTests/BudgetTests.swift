import Determinism
import GameKit
import LobbyCore
import Testing

@testable import SnapshotCore

/// Animals that walk about on a grid of cells, come and go; a player sees the cells around where it stands, which are all near ones.
private struct Savanna: Game {
    struct Animal: Entity {
        var x = 0
        var y = 0
        var mood = 0
    }
    struct Clock: Sendable { var tick = 0 }
    struct Input: GameInput {
        var idle = false
        static var fields: [Field<Input>] { Field("idle", \.idle) }
    }

    static let name = "savanna"
    static let size = 120
    static let cell = 20
    static let rules = Rules(
        tickRate: 20, seats: 2, watch: WatchRules(seesEverything: true),
        snapshotBudget: SnapshotBudget(bytesPerSecond: 128))
    static var replicated: Replication<Savanna> {
        Single(\.clock, "clock") { Field("tick", \.tick, .int(0...1_000_000)) }
        Entities(\.animals, "animal", in: { _, _, animal in group(x: animal.x, y: animal.y) }) {
            Field("x", \.x, .int(0...119), .linear)
            Field("y", \.y, .int(0...119), .linear)
            Field("mood", \.mood, .int(0...65_535))
        }
    }

    static func group(x: Int, y: Int) -> Group { .own(y / cell * (size / cell) + x / cell) }

    private(set) var clock = Clock()
    private(set) var animals = Table<Animal>()
    private let lively: Int

    init(_ context: inout GameContext, options: JSONValue) {
        lively = Int(options["lively"]?.integer ?? 2)
        let count = Int(options["count"]?.integer ?? 150)
        for _ in 0..<count {
            let animal = Animal(x: context.random.int(in: 0...119), y: context.random.int(in: 0...119))
            animals.insert(animal)
        }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) {}
    mutating func leave(_ seat: Seat, _ context: inout GameContext) {}

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        clock.tick += 1
        for id in animals.ids where context.random.int(in: 0...9) < lively {
            guard var animal = animals[id] else { continue }
            animal.x = min(119, max(0, animal.x + context.random.int(in: -3...3)))
            animal.y = min(119, max(0, animal.y + context.random.int(in: -3...3)))
            if context.random.int(in: 0...7) == 0 { animal.mood = context.random.int(in: 0...65_535) }
            animals[id] = context.random.int(in: 0...199) == 0 ? nil : animal
        }
        if context.random.int(in: 0...3) == 0 {
            animals.insert(Animal(x: context.random.int(in: 0...119), y: context.random.int(in: 0...119)))
        }
    }

    /// Where a player stands.
    static func eye(_ tick: Int) -> (x: Int, y: Int) { (tick / 3 % 120, tick / 7 % 120) }

    /// All cells at most two away, and those at most one away above all.
    func view(of seat: Seat, _ view: inout View) {
        view.add(.all, priority: 10, maxAge: .milliseconds(100))
        let eye = Self.eye(clock.tick)
        for (reach, priority, age) in [(1, 8, 300), (2, 1, 1_000)] {
            for row in eye.y / 20 - reach...eye.y / 20 + reach where (0..<6).contains(row) {
                for column in eye.x / 20 - reach...eye.x / 20 + reach where (0..<6).contains(column) {
                    view.add(.own(row * 6 + column), priority: priority, maxAge: .milliseconds(age))
                }
            }
        }
    }
}

/// A client, and what it must have by what it has been told.
private struct Told {
    var receiver: SnapshotReceiver
    var basis: SnapshotBasis
    /// By group: its entities' rows by id, as of the last message that had them.
    var groups: [UInt16: [UInt16: [UInt32]]] = [:]
    /// By group: the tick when what it has was the newest, for those that wait.
    var since: [UInt16: UInt32] = [:]
}

private func rows(of state: WorldState) -> [UInt16: [UInt16: [UInt32]]] {
    var groups: [UInt16: [UInt16: [UInt32]]] = [0: [:]]
    let table = state.tables[1]
    for (row, id) in table.ids.enumerated() {
        let values = Array(table.values[row * 3..<row * 3 + 3])
        groups[Savanna.group(x: Int(values[0]), y: Int(values[1])).number, default: [:]][id] = values
    }
    return groups
}

private func segments(of message: [UInt8]) throws -> [(group: UInt16, isEmpty: Bool)] {
    var found: [(UInt16, Bool)] = []
    var (offset, least) = (try GroupMessage.header(of: message.span).bodyOffset, 0)
    while offset < message.count {
        let segment = try GroupMessage.nextSegment(of: message.span, at: &offset, least: &least)
        found.append((segment.group, segment.payload.isEmpty))
    }
    return found
}

/// One run: a lobby, a client that is sent what it may be, and the bytes so far.
private struct Safari {
    let lobby: Lobby
    private let rate: Double
    private var random: SeededRandom
    var client: Told
    private var older: [Told] = []
    private var level = 0.0
    private(set) var byteCount = 0
    private(set) var (messages, cut, late, overdrawn, resumes, keyframes) = (0, 0, 0, 0, 0, 0)

    init(seed: UInt64, codec: UInt8, bytesPerSecond: Int, options: JSONValue = .null) throws {
        var rules = Savanna.rules
        rules.snapshotBudget = SnapshotBudget(bytesPerSecond: bytesPerSecond)
        let game = GameType(Savanna.self).with(rules: rules).withSnapshotTables()
        lobby = try Lobby(id: "x", game: game, options: options, seed: seed, now: .zero)
        rate = Double(bytesPerSecond)
        random = SeededRandom(seed: seed)
        client = Told(receiver: SnapshotReceiver(schema: game.schema), basis: SnapshotBasis(codec: codec))
        if codec > 0 { client.receiver.codec1 = game.snapshotTables?.codec }
        _ = lobby.take(name: "a", token: [1])
    }

    /// A step, and a message unless the line is blocked; with `faults` it is now and then, and the client comes back with an older
    /// state, or has lost it.
    mutating func step(faults: Bool) throws {
        try lobby.step()
        lobby.captureSnapshot()
        level = max(0, level - rate / 20)
        if faults {
            switch random.int(in: 0...39) {
            case 0...7: return
            case 8:
                client.basis.forget()
                keyframes += 1
            case 9:
                guard let old = older.randomElement(using: &random) else { break }
                client = old
                client.basis = SnapshotBasis(codec: old.basis.codec, tick: old.basis.tick)
                resumes += 1
            default: break
            }
        }
        try send()
        older = older.suffix(12) + [client]
    }

    private mutating func send() throws {
        var message: [UInt8] = []
        guard let sent = lobby.appendSnapshot(for: 0, client.basis, to: &message) else {
            return #expect(message.isEmpty)
        }
        let state = try #require(lobby.newestSnapshot)
        let now = rows(of: state)
        messages += 1
        (cut, late) = (cut + (sent.isCut ? 1 : 0), late + sent.lateGroups)
        level += Double(message.count)
        byteCount += message.count
        if sent.isOverdrawn {
            overdrawn += 1
        } else if overdrawn == 0 {
            #expect(level <= rate / 2 + 1, "a broken budget")
        }
        if sent.kind == .keyframe { (client.groups, client.since) = ([:], [:]) }
        let before = client.groups.values.reduce(into: Set<UInt16>()) { $0.formUnion($1.keys) }
        for segment in try segments(of: message) {
            client.groups[segment.group] = segment.isEmpty ? nil : now[segment.group]
            #expect(segment.isEmpty || now[segment.group] != nil)
        }
        try client.receiver.receive(message.span)
        client.basis.sent(state.tick, isKeyframe: sent.kind == .keyframe)
        check(state, now, before, sent)
    }

    /// The client has what it was told and nothing else, nobody has vanished who is seen still, and nothing is older than it may be.
    private mutating func check(
        _ state: WorldState, _ now: [UInt16: [UInt16: [UInt32]]], _ before: Set<UInt16>, _ sent: Lobby.SeatSnapshot
    ) {
        let has = client.groups.values.reduce(into: [UInt16: [UInt32]]()) { $0.merge($1) { first, _ in first } }
        let table = client.receiver.state?.tables[1]
        #expect(table?.ids == has.keys.sorted())
        #expect(table?.values == has.keys.sorted().flatMap { has[$0] ?? [] })
        let tick = Int(state.tick)
        var view = View()
        lobby.look(seat: 0, into: &view)
        let seen = now.filter { view.numbers.contains($0.key) }
        for (group, animals) in seen {
            for id in animals.keys where before.contains(id) && sent.kind != .keyframe {
                #expect(has[id] != nil, "\(id) of \(group) has vanished at \(tick)")
            }
        }
        var late = 0
        for group in Set(seen.keys).union(client.groups.keys) {
            let current = view.numbers.contains(group) ? now[group] : nil
            if client.groups[group] == current || group == 0 {
                client.since[group] = state.tick
            } else {
                let since = client.since[group] ?? state.tick
                client.since[group] = since
                let most = view.wish(for: group).maxAge ?? .milliseconds(500)
                if Double(state.tick - since) / 20 > most.seconds + 0.001 { late += 1 }
            }
        }
        client.since = client.since.filter { seen.keys.contains($0.key) || client.groups.keys.contains($0.key) }
        #expect(sent.lateGroups >= late, "\(sent) \(late) at \(tick)")
        if !sent.isCut { #expect(late == 0) }
    }
}

@Suite("Budgets of snapshots (protocol/spec/snapshot.md §8.5)")
struct BudgetTests {
    @Test(arguments: [0, 1] as [UInt8], 1...6 as ClosedRange<UInt64>)
    func `no budget is broken, no group starves, and the client has what it was told`(codec: UInt8, seed: UInt64) throws
    {
        var random = SeededRandom(seed: seed &+ 99)
        let options: JSONValue = [
            "lively": .integer(Int64(random.int(in: 1...6))), "count": .integer(Int64(random.int(in: 60...250))),
        ]
        var safari = try Safari(
            seed: seed, codec: codec, bytesPerSecond: random.int(in: 1_500...6_000), options: options)
        for _ in 0..<500 { try safari.step(faults: seed > 2) }
        #expect(safari.messages > 300)
        if seed > 2 { #expect(safari.resumes > 3 && safari.keyframes > 3) }
        // The line is open now, and the world goes on: whatever waits is told some time.
        for _ in 0..<100 { try safari.step(faults: false) }
        #expect(safari.overdrawn == 0)
    }

    @Test(arguments: [0, 1] as [UInt8])
    func `where there is room for all nothing waits, and the bytes are those without a budget`(codec: UInt8) throws {
        var safari = try Safari(seed: 3, codec: codec, bytesPerSecond: 1_000_000)
        for _ in 0..<100 { try safari.step(faults: false) }
        #expect(safari.cut == 0 && safari.late == 0 && safari.messages == 100)
    }

    @Test(arguments: [0, 1] as [UInt8], 4...8 as ClosedRange<UInt64>)
    func `with room for most some wait, and none for longer than it may`(codec: UInt8, seed: UInt64) throws {
        var free = try Safari(seed: seed, codec: codec, bytesPerSecond: 1_000_000)
        for _ in 0..<400 { try free.step(faults: false) }
        // 400 snapshots are 20 s.
        var safari = try Safari(seed: seed, codec: codec, bytesPerSecond: free.byteCount / 20 * 95 / 100)
        for _ in 0..<400 { try safari.step(faults: false) }
        #expect(safari.cut > 50 && safari.late == 0, "\(safari.cut) \(safari.late) \(safari.byteCount)")
    }

    @Test(arguments: [0, 1] as [UInt8])
    func `with room for too little the budget holds, and what is late is counted`(codec: UInt8) throws {
        var safari = try Safari(
            seed: 5, codec: codec, bytesPerSecond: 1_600, options: ["lively": 9, "count": 200])
        for _ in 0..<400 { try safari.step(faults: false) }
        #expect(safari.late > 100 && safari.overdrawn == 0, "\(safari.late) \(safari.overdrawn)")
    }

    @Test func `one group that is more than half a second's worth goes alone when its time has come, and is counted`()
        throws
    {
        var safari = try Safari(
            seed: 6, codec: 0, bytesPerSecond: 128, options: ["lively": 9, "count": 600])
        for _ in 0..<400 { try safari.step(faults: false) }
        #expect(safari.overdrawn > 3 && safari.messages > 50)
    }
}
