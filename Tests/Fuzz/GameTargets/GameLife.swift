internal import Determinism
internal import Games
internal import GameKit

/// The life of a built-in game in which players come, go, halt and play at chance, from a seed: the fingerprints of all ticks
/// in one, after each of `marks`. Nil for a name that no game has.
package func fingerprints(
    ofLife name: String, ticks: Int, seed: UInt64, marks: [Int]
) throws -> [(tick: Int, hash: UInt64)]? {
    guard let type = BuiltInGames.all.first(where: { $0.name == name }) else { return nil }
    let game = try type.make(options: .null, seed: seed)
    var random = SeededRandom(seed: seed &+ 1)
    var scratch = WorldState(schema: type.schema)
    var hash = WordHash()
    var found: [(tick: Int, hash: UInt64)] = []
    for tick in 1...UInt32(ticks) {
        meddle(game, &random)
        try game.step(inputs(of: game, at: tick, &random))
        _ = game.takeOutput()
        hash.feed(UInt64(game.fingerprint(&scratch)))
        if marks.contains(Int(tick)) { found.append((Int(tick), hash.value)) }
    }
    return found
}

/// What happens to seats between two steps.
private func meddle(_ game: any GameInstance, _ random: inout SeededRandom) {
    let seat = random.int(in: 0...game.type.rules.seats - 1)
    switch random.int(in: 0...199) {
    case 0...7 where !game.seats.contains { $0.number == seat }: game.join(seat: seat, name: "p\(seat)")
    case 8: game.leave(seat: seat)
    case 9...11: game.drop(seat: seat)
    case 12...20: game.resume(seat: seat)
    case 21: game.setCongested(true, seat: seat)
    case 22: game.setCongested(false, seat: seat)
    case 23...24:
        let latency = Latency(roundTrip: random.int(in: 0...500), clockOffset: random.int(in: -100...500))
        game.setLatency(latency, seat: seat)
    default: break
    }
}

private func inputs(of game: any GameInstance, at tick: UInt32, _ random: inout SeededRandom) -> [SeatInput] {
    game.seats.filter(\.isConnected).map { seat in
        let values = game.type.schema.inputLayout.quantisers.map { UInt32(random.int(in: 0...Int($0.maximum))) }
        // What it has seen: of late, long ago, or nothing.
        let seen = tick - min(tick, UInt32(random.int(in: 1...20)))
        return SeatInput(
            seat: seat.number, input: QuantisedInput(tick: tick, sequence: tick, values: values, seen: seen))
    }
}
