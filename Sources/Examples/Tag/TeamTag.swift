import GameKit

/// Tag with what may stand around a match: it begins a second after everyone is ready, in two teams, and ends after a while;
/// then its players may ask for a rematch.
///
/// Options: `seconds`, from 1 to 600, 60 unless told.
struct TeamTag: Game {
    typealias Input = Tag.Input

    static let name = "team-tag"
    static let rules = Rules(
        tickRate: 20, seats: 8,
        match: MatchRules(
            start: .whenReady(minimum: 2, countdown: .seconds(1)), teams: 2, rematchTime: .seconds(30)))
    static var replicated: Replication<TeamTag> {
        Entities(\.tag.runners, "runner") {
            Field("x", \.x, .fixed(-10...10, step: 1 / 64))
            Field("y", \.y, .fixed(-10...10, step: 1 / 64))
            Field("isIt", \.isIt)
        }
    }

    var tag: Tag
    private let seconds: Int64

    init(_ context: inout GameContext, options: JSONValue) throws {
        tag = Tag(&context, options: .null)
        seconds = options["seconds"]?.integer ?? 60
        guard (1...600).contains(seconds) else { throw OptionsError() }
    }

    struct OptionsError: Error, CustomStringConvertible {
        var description: String { "seconds is a whole number from 1 to 600" }
    }

    mutating func join(_ seat: Seat, _ context: inout GameContext) { tag.join(seat, &context) }

    mutating func leave(_ seat: Seat, _ context: inout GameContext) { tag.leave(seat, &context) }

    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) {
        tag.step(inputs, &context)
        if context.elapsed >= Double(seconds) { context.finish() }
    }
}
