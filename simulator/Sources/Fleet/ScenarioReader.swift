import BotCore
import ClientCore
import Determinism
import JSONCore

/// Makes a scenario of a document.
enum ScenarioReader {
    private static let phaseKeys = [
        "name", "seconds", "bots", "ramp", "protocol", "behaviour", "link", "cut_every_seconds", "faults", "expect",
    ]
    /// What a scenario says for all its phases.
    private static let sharedKeys = ["bots", "ramp", "protocol", "behaviour", "link", "cut_every_seconds"]
    private static let seconds = 0.1...86_400.0 * 30

    static func read(_ file: ScenarioValue) -> Scenario {
        let own = ["name", "about", "game", "options", "lobbies", "seed", "compression", "phases", "expect"]
        file.members(knowing: own + sharedKeys)
        var scenario = Scenario(name: file["name"]?.text(1...64) ?? "bots")
        scenario.about = file["about"]?.text(0...4_096) ?? ""
        scenario.game = file["game"]?.text(1...64)
        scenario.gameOptions = file["options"]?.value ?? .null
        scenario.lobbies = file["lobbies"]?.integer(1...100_000) ?? 10
        scenario.seed = file["seed"]?.integer(0...Int.max).map(UInt64.init)
        scenario.compresses = file["compression"]?.bool ?? false
        scenario.expect = thresholds(file["expect"])
        var model = FleetPhase("", length: .seconds(1), bots: 0)
        share(file, &model)
        scenario.phases = phases(file, model)
        if let most = scenario.phases.map(\.bots).max(), most < scenario.lobbies {
            scenario.lobbies = max(1, most)
            if let lobbies = file["lobbies"] { lobbies.refuse("must be at most the number of bots, \(most).") }
        }
        return scenario
    }

    private static func phases(_ file: ScenarioValue, _ model: FleetPhase) -> [FleetPhase] {
        guard let list = file["phases"] else {
            file.refuse("\"phases\" is missing: an array of objects with \"seconds\".")
            return []
        }
        var phases: [FleetPhase] = []
        for (number, value) in list.elements.prefix(1_000).enumerated() {
            value.members(knowing: phaseKeys)
            var phase = model
            phase.bots = phases.last?.bots ?? model.bots
            share(value, &phase)
            phase.name = value["name"]?.text(1...64) ?? "phase \(number + 1)"
            if let length = value["seconds"] {
                phase.length = length.seconds(seconds) ?? .seconds(1)
            } else {
                value.refuse("has no \"seconds\".")
            }
            phase.faults = value["faults"]?.elements.compactMap(fault) ?? []
            phase.expect = thresholds(value["expect"])
            phases.append(phase)
        }
        if phases.isEmpty { list.refuse("must have a phase in it.") }
        if let first = phases.first, first.bots == 0, list.elements.first?["bots"] == nil {
            list.refuse("must say how many \"bots\" there are, here or for the whole scenario.")
        }
        return phases
    }

    /// What phases and the whole scenario can say.
    private static func share(_ value: ScenarioValue, _ phase: inout FleetPhase) {
        if let bots = value["bots"]?.integer(0...100_000) { phase.bots = bots }
        if let ramp = value["ramp"]?.number(0.1...1_000_000) { phase.rampPerSecond = ramp }
        if let dialects = value["protocol"].flatMap(dialects) { phase.dialects = dialects }
        if let behaviours = value["behaviour"]?.mix(BotBehaviour.self) { phase.behaviours = behaviours }
        if let line = value["link"] { phase.link = link(line) }
        if let cut = value["cut_every_seconds"] { phase.cutEvery = cut.value.isNull ? nil : cut.seconds(1...86_400) }
    }

    private static func dialects(_ value: ScenarioValue) -> FleetMix<ClientDialect>? {
        guard let mix = value.mix(FleetProtocol.self) else { return nil }
        if mix.kinds.contains(.mixed), mix.kinds.count > 1 { value.refuse("says mixed beside others.") }
        return mix.dialects
    }

    private static func fault(_ value: ScenarioValue) -> FleetFault? {
        value.members(knowing: ["fault", "share", "at_seconds", "seconds"])
        guard let named = value["fault"] else {
            value.refuse("has no \"fault\".")
            return nil
        }
        guard let kind = named.word(FleetFault.Kind.self) else { return nil }
        var fault = FleetFault(kind: kind)
        fault.share = value["share"]?.number(0...1) ?? 1
        fault.at = value["at_seconds"]?.seconds(0...86_400) ?? .zero
        if kind != .stall, let length = value["seconds"] { length.refuse("is said of a stall alone.") }
        fault.length = value["seconds"]?.seconds(0.001...3_600) ?? .seconds(1)
        return fault
    }

    private static func thresholds(_ value: ScenarioValue?) -> [FleetThreshold] {
        guard let value else { return [] }
        guard let object = value.value.object else {
            value.refuse("must be an object.")
            return []
        }
        return object.members.compactMap { member in
            guard let entry = value[member.key], let bound = entry.number(0...1e15) else { return nil }
            let threshold = FleetThreshold(member.key, bound)
            if threshold == nil { entry.refuse("is unknown; there are: \(FleetThreshold.names).") }
            return threshold
        }
    }

    // MARK: Lines

    /// A profile's name, `null` for none, or numbers that differ from those of a profile, or of a line that only keeps order.
    private static func link(_ value: ScenarioValue) -> FleetLink? {
        if value.value.isNull { return nil }
        guard value.value.object != nil else { return value.word(LinkProfile.self).map { FleetLink($0) } }
        let keys = [
            "profile", "delay_ms", "jitter_ms", "loss", "burst", "retransmit_ms", "up_bytes_per_second",
            "down_bytes_per_second", "stall_every_seconds", "stall_ms", "slice", "segment_bytes",
        ]
        value.members(knowing: keys)
        let profile = value["profile"]?.word(LinkProfile.self)
        var conditions = profile?.conditions ?? .perfect
        change(value, &conditions.up)
        change(value, &conditions.down)
        conditions.up.bytesPerSecond =
            value["up_bytes_per_second"]?.integer(100...1_000_000_000) ?? conditions.up.bytesPerSecond
        conditions.down.bytesPerSecond =
            value["down_bytes_per_second"]?.integer(100...1_000_000_000) ?? conditions.down.bytesPerSecond
        return FleetLink((profile.map { $0.rawValue + ", " } ?? "") + "by numbers", conditions)
    }

    private static func change(_ value: ScenarioValue, _ link: inout LinkConditions) {
        func milliseconds(_ key: String, _ range: ClosedRange<Double>) -> Interval? {
            value[key]?.number(range).map { FleetOptions.interval($0 / 1_000) }
        }
        if let delay = milliseconds("delay_ms", 0...60_000) { link.latency = delay }
        if let jitter = milliseconds("jitter_ms", 0...60_000) { link.jitter = jitter }
        if let again = milliseconds("retransmit_ms", 1...60_000) { link.retransmitDelay = again }
        if let stall = milliseconds("stall_ms", 1...600_000) { link.stallTime = stall }
        if let every = value["stall_every_seconds"]?.seconds(0.1...86_400) { link.stallEvery = every }
        if let loss = value["loss"]?.number(0...1) { link.lossChance = loss }
        if let burst = value["burst"]?.number(0...1) { link.burstChance = burst }
        if let slice = value["slice"]?.number(0...1) { link.splitChance = slice }
        if let segment = value["segment_bytes"]?.integer(1...65_536) { link.segmentBytesMax = segment }
    }
}
