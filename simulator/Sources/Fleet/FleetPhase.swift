import BotCore
import Determinism

/// Kinds in proportion: `websocket` to `socketio` as 3 to 1.
package struct FleetMix<Kind: Sendable>: Sendable {
    /// Each kind with its weight, 1 or more.
    private(set) var parts: [(kind: Kind, weight: Int)]

    /// A mix of kinds by their weights.
    ///
    /// - Precondition: there is one, and every weight is positive.
    package init(_ parts: [(kind: Kind, weight: Int)]) {
        precondition(!parts.isEmpty && parts.allSatisfy { $0.weight > 0 }, "a mix has something in it")
        self.parts = parts
    }

    /// One kind alone.
    package init(_ kind: Kind) { parts = [(kind, 1)] }

    /// All kinds that are in it.
    var kinds: [Kind] { parts.map(\.kind) }

    /// The first `count` of a series that keeps the proportions as well as it can at every point.
    func series(_ count: Int) -> [Kind] {
        let total = parts.reduce(0) { $0 + $1.weight }
        var debts = parts.map { _ in 0 }
        return (0..<count).map { _ in
            for index in parts.indices { debts[index] += parts[index].weight }
            let next = debts.indices.max { (debts[$0], -$0) < (debts[$1], -$1) } ?? 0
            debts[next] -= total
            return parts[next].kind
        }
    }
}

/// Something that is done to connections on purpose.
package struct FleetFault: Sendable {
    /// What is done.
    package enum Kind: String, CaseIterable, Sendable {
        /// The connection is dropped, as by a crash; the bot comes back to its seat.
        case cut
        /// Nothing arrives for a while, then everything.
        case stall
        /// What the bot sends is lost from now on, and nobody is told.
        case loseUp = "lose_up"
        /// What the server sends is lost from now on.
        case loseDown = "lose_down"
        /// Both are lost.
        case halfOpen = "half_open"

        /// Whether only the relay can do it.
        var needsRelay: Bool { self != .cut }
    }

    /// What is done.
    package var kind: Kind
    /// To which part of the connections, more than 0 to 1.
    package var share = 1.0
    /// How long after the phase's beginning.
    package var at = Interval.zero
    /// How long it lasts: of a stall.
    package var length = Interval.seconds(1)
}

/// A part of a run.
package struct FleetPhase: Sendable {
    /// What it is called in reports.
    package var name: String
    /// How long it is.
    package var length: Interval
    /// How many bots there are once those that join have joined; those over it leave, the last first.
    package var bots: Int
    /// How many join or leave in a second.
    package var rampPerSecond = 250.0
    /// How bots that join in it speak.
    package var dialects = FleetMix(ClientDialect.plain)
    /// What bots that join in it do.
    package var behaviours = FleetMix(BotBehaviour.play)
    /// The line between every bot and the server while it lasts; nil for what there is.
    package var link: FleetLink?
    /// How far apart bots drop their connections while it lasts; nil for never.
    package var cutEvery: Interval?
    /// What is done to connections.
    package var faults: [FleetFault] = []
    /// What must hold for it.
    package var expect: [FleetThreshold] = []

    /// A phase that is called so.
    package init(_ name: String, length: Interval, bots: Int) {
        self.name = name
        self.length = length
        self.bots = bots
    }

    var needsRelay: Bool { link != nil || faults.contains { $0.kind.needsRelay } || behaviours.kinds.contains(.slow) }
}

/// A line, and what reports call it.
package struct FleetLink: Sendable, Equatable {
    /// The profile's name, with what was changed of it.
    package var name: String
    /// How it behaves.
    package var conditions: NetworkConditions

    /// A line that is called so.
    package init(_ name: String, _ conditions: NetworkConditions) {
        self.name = name
        self.conditions = conditions
    }

    /// A line of those that have a name.
    package init(_ profile: LinkProfile) { self.init(profile.rawValue, profile.conditions) }

    /// What a bot that reads slowly has: 2 kB a second, and room for hardly more than that.
    static var slowReader: NetworkConditions {
        var conditions = NetworkConditions.perfect
        (conditions.down.bytesPerSecond, conditions.down.receiveWindowBytes) = (2_000, 4_096)
        return conditions
    }
}
