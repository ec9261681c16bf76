import GameKit

/// The match around a game: who has come, who is ready, in which team and who leads, and how far the lobby is on its way
/// from waiting to a rematch.
///
/// | from | by | to |
/// |---|---|---|
/// | waiting | all present ready and enough of them, or the host's word | starting |
/// | starting | somebody not ready any more, too few left | waiting |
/// | starting | the countdown's last tick | running: the game is made anew, and everyone joins it |
/// | running | the game has finished, a rematch may be | finished |
/// | running | the game has finished | over |
/// | finished | a vote of all present, or the host's | waiting; starting where there is no ready check |
/// | finished | the time for a rematch has passed | over |
///
/// It knows seats by number, counts in ticks, and has no clock: the same calls in the same order give the same match.
package struct MatchTable: Sendable {
    /// One player's part.
    package struct Player: Sendable, Equatable {
        /// How many have come before, since the lobby was opened.
        package let order: Int
        package fileprivate(set) var isConnected = true
        package fileprivate(set) var isReady = false
        /// Whether the player wants a rematch.
        package fileprivate(set) var wantsRematch = false
        /// From 0; nil where there are no teams.
        package fileprivate(set) var team: Int?
    }

    /// What players have not been told of yet.
    package struct Changes: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The phase.
        package static let phase = Changes(rawValue: 1)
        /// Who is there, ready, in which team, and who leads.
        package static let players = Changes(rawValue: 2)
    }

    /// What a tick is for.
    package enum Turn: Sendable, Equatable {
        /// Nothing but time passes.
        case idle
        /// The game begins: it is made, everyone joins it, and it takes its first step.
        case begin
        /// The game takes a step.
        case play
    }

    /// The game's rules about it.
    package let rules: MatchRules
    /// How many teams there are; 0 for none.
    package let teams: Int
    /// The most players of one team.
    package let teamSizeMax: Int
    /// Where the match stands.
    package private(set) var phase: MatchPhase
    /// Ticks until the game begins, or until the time for a rematch is over; 0 in other phases.
    package private(set) var ticksLeft = 0
    /// How many games have begun.
    package private(set) var round: Int
    /// Ticks since the lobby was opened, whatever they were for.
    package private(set) var tick: UInt64 = 0
    /// The tick before the first of the present or last game.
    package private(set) var startedTick: UInt64 = 0
    /// Who leads, where somebody does.
    package private(set) var host: Int?
    /// Whether the host lets nobody new in.
    package private(set) var isLocked = false
    /// By seat; nil where nobody sits.
    package private(set) var players: [Player?]
    private var joinedCount = 0
    private var changes: Changes = []
    private let countdownTicks: Int
    private let rematchTicks: Int

    /// A match that nobody has come to.
    ///
    /// - Parameters:
    ///   - teams: How many teams there are, when they are fewer than the rules'.
    ///   - playersMax: The most players, when there are fewer than the game's seats.
    package init(_ rules: Rules, teams: Int? = nil, playersMax: Int? = nil) {
        self.rules = rules.match
        self.teams = teams ?? rules.match.teams
        teamSizeMax = self.teams == 0 ? 0 : ((playersMax ?? rules.seats) + self.teams - 1) / self.teams
        players = Array(repeating: nil, count: rules.seats)
        let second = Int64(1_000_000_000)
        func ticks(_ nanoseconds: Int64) -> Int { Int((nanoseconds * Int64(rules.tickRate) + second - 1) / second) }
        if case .whenReady(_, let countdown) = rules.match.start {
            phase = .waiting
            round = 0
            countdownTicks = ticks(countdown.nanoseconds)
        } else {
            phase = .running
            round = 1
            countdownTicks = 0
        }
        rematchTicks = ticks(rules.match.rematchTime?.nanoseconds ?? 0)
    }

    /// Whether the game runs: what happens to seats happens to the game as well.
    package var isGameOn: Bool { phase == .running }

    /// The team of a seat.
    package func team(of seat: Int) -> Int? { players[seat]?.team }

    /// Who a seat's holder is to the lobby; nil for somebody without a seat.
    package func role(of seat: Int?) -> MatchRole {
        guard let seat, players.indices.contains(seat), players[seat] != nil else { return .outsider }
        return seat == host ? .host : .player
    }

    /// What has changed since this was last asked.
    package mutating func takeChanges() -> Changes {
        let taken = changes
        changes = []
        return taken
    }

    // MARK: Ticks

    /// Passes one tick.
    package mutating func advance() -> Turn {
        tick += 1
        switch phase {
        case .running: return .play
        case .waiting, .over: return .idle
        case .starting:
            ticksLeft -= 1
            guard ticksLeft <= 0 else { return .idle }
            round += 1
            startedTick = tick - 1
            enter(.running)
            return .begin
        case .finished:
            ticksLeft -= 1
            if ticksLeft <= 0 { enter(.over) }
            return .idle
        }
    }

    /// The game has finished.
    package mutating func gameFinished() {
        guard phase == .running else { return }
        enter(rules.rematchTime == nil ? .over : .finished, ticks: rematchTicks)
    }

    private mutating func enter(_ phase: MatchPhase, ticks: Int = 0) {
        self.phase = phase
        ticksLeft = ticks
        changes.insert(.phase)
    }

    // MARK: Who is there

    /// Somebody has taken a seat, and is in the smallest team unless `team` has room.
    package mutating func join(_ seat: Int, team wanted: Int? = nil) {
        var player = Player(order: joinedCount)
        joinedCount += 1
        if teams > 0 {
            let sizes = teamSizes
            let smallest = sizes.indices.min { sizes[$0] < sizes[$1] } ?? 0
            player.team = wanted.flatMap { hasRoom($0) ? $0 : nil } ?? smallest
        }
        players[seat] = player
        if rules.hasHost, host == nil { host = seat }
        changed()
    }

    /// A seat is empty.
    package mutating func leave(_ seat: Int) {
        players[seat] = nil
        if host == seat { host = successor }
        changed()
    }

    /// A player's connection is gone; who leads stays the host for as long as the seat is kept.
    package mutating func drop(_ seat: Int) {
        players[seat]?.isConnected = false
        players[seat]?.isReady = false
        players[seat]?.wantsRematch = false
        changed()
    }

    /// A player is back.
    package mutating func resume(_ seat: Int) {
        players[seat]?.isConnected = true
        changed()
    }

    /// The first of those present to have come, else the first of all.
    private var successor: Int? {
        func first(_ isMeant: (Player) -> Bool) -> Int? {
            players.indices.filter { players[$0].map(isMeant) ?? false }.min { left, right in
                (players[left]?.order ?? 0) < (players[right]?.order ?? 0)
            }
        }
        return first(\.isConnected) ?? first { _ in true }
    }

    /// How many are in each team, dropped players too.
    package var teamSizes: [Int] {
        var sizes = Array(repeating: 0, count: teams)
        for case let player? in players { if let team = player.team { sizes[team] += 1 } }
        return sizes
    }

    private func hasRoom(_ team: Int) -> Bool {
        (0..<teams).contains(team) && teamSizes[team] < teamSizeMax
    }

    // MARK: Beginning

    /// Whether enough are present, and somebody of every team.
    private var isComplete: Bool {
        var present = 0
        var isManned = Array(repeating: false, count: teams)
        for case let player? in players where player.isConnected {
            present += 1
            if let team = player.team { isManned[team] = true }
        }
        return present >= rules.minimum && isManned.allSatisfy { $0 }
    }

    /// Goes on or back where who is there, or what they want, asks for it.
    private mutating func changed() {
        if rules.isStaged { changes.insert(.players) }
        switch phase {
        case .waiting:
            if isComplete, players.allSatisfy({ $0.map { $0.isReady || !$0.isConnected } ?? true }) {
                enter(.starting, ticks: countdownTicks)
            }
        case .starting:
            // Where there is no ready check, a rematch begins for whoever is there.
            if rules.start != .atOnce, !isComplete { enter(.waiting) }
        case .finished:
            let present = players.compactMap { $0 }.filter(\.isConnected)
            if !present.isEmpty, present.allSatisfy(\.wantsRematch) { playAgain() }
        case .running, .over: break
        }
    }

    private mutating func playAgain() {
        for seat in players.indices {
            guard var player = players[seat] else { continue }
            // Who wants a rematch is ready for it.
            player.isReady = player.wantsRematch
            player.wantsRematch = false
            players[seat] = player
        }
        enter(rules.start == .atOnce ? .starting : .waiting)
        changed()
    }

    // MARK: What players ask for

    /// Says that a player is ready, or not any more.
    package mutating func setReady(_ isReady: Bool, _ seat: Int) throws(MatchRefusal) {
        try MatchVerb.ready.check(role(of: seat), in: phase)
        guard players[seat]?.isReady != isReady else { return }
        players[seat]?.isReady = isReady
        if !isReady, phase == .starting { enter(.waiting) }
        changed()
    }

    /// Puts a player into a team. Who changes is not ready any more.
    ///
    /// - Parameter seat: Whose team it is.
    package mutating func setTeam(_ team: Int, of seat: Int, by asker: MatchRole, isOwn: Bool) throws(MatchRefusal) {
        let verb: MatchVerb = isOwn ? .team : .assign
        try verb.check(asker, in: phase)
        guard teams > 0 else { throw .notInRules }
        guard role(of: seat) != .outsider else { throw .noSuchSeat }
        guard self.team(of: seat) != team else { return }
        guard hasRoom(team) else { throw .teamFull }
        players[seat]?.team = team
        players[seat]?.isReady = false
        changed()
    }

    /// Begins the countdown although not everyone is ready.
    package mutating func start(by asker: MatchRole) throws(MatchRefusal) {
        try MatchVerb.start.check(asker, in: phase)
        guard isComplete else { throw .tooFew }
        enter(.starting, ticks: countdownTicks)
    }

    /// Votes for a rematch, or against it again; the host's vote decides.
    package mutating func voteRematch(_ wants: Bool, _ seat: Int) throws(MatchRefusal) {
        let role = role(of: seat)
        try MatchVerb.rematch.check(role, in: phase)
        guard players[seat]?.wantsRematch != wants else { return }
        players[seat]?.wantsRematch = wants
        if wants, role == .host {
            changes.insert(.players)
            playAgain()
        } else {
            changed()
        }
    }

    /// Lets nobody new in, or lets them in again.
    package mutating func setLocked(_ isLocked: Bool, by asker: MatchRole) throws(MatchRefusal) {
        try MatchVerb.lock.check(asker, in: phase)
        guard self.isLocked != isLocked else { return }
        self.isLocked = isLocked
        changes.insert(.players)
    }

    /// Makes another player the host.
    package mutating func setHost(_ seat: Int, by asker: MatchRole) throws(MatchRefusal) {
        try MatchVerb.host.check(asker, in: phase)
        guard rules.hasHost else { throw .notInRules }
        guard role(of: seat) != .outsider else { throw .noSuchSeat }
        guard players[seat]?.isConnected == true else { throw .away }
        guard host != seat else { return }
        host = seat
        changes.insert(.players)
    }
}
