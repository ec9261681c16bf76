import Determinism
import GameKit
import LobbyCore
import Testing

/// Whether a call was refused, and how.
private func refusal(_ body: () throws(MatchRefusal) -> Void) -> MatchRefusal? {
    do throws(MatchRefusal) {
        try body()
        return nil
    } catch {
        return error
    }
}

@Suite("What may be asked in which phase, by whom (protocol/spec/lobby.md §4.1)")
struct MatchVerbTests {
    /// The table of the page, written down once more: for each verb the phases in which it may be asked, and by whom.
    private static let page: [(MatchVerb, phases: Set<MatchPhase>, roles: Set<MatchRole>)] = [
        (.players, [.waiting, .starting, .running, .finished], [.player, .host]),
        (.chat, [.waiting, .starting, .running, .finished], [.player, .host]),
        (.ready, [.waiting, .starting], [.player, .host]),
        (.team, [.waiting], [.player, .host]),
        (.assign, [.waiting], [.host, .admin]),
        (.start, [.waiting], [.host, .admin]),
        (.rematch, [.finished], [.player, .host]),
        (.kick, [.waiting, .starting, .running, .finished], [.host, .admin]),
        (.lock, [.waiting, .starting, .running, .finished], [.host, .admin]),
        (.terms, [.waiting, .starting, .running, .finished], [.host, .admin]),
        (.host, [.waiting, .starting, .running, .finished], [.host, .admin]),
        (.mute, [.waiting, .starting, .running, .finished], [.host, .admin]),
    ]

    @Test func `every verb in every phase by everyone is as the page says`() {
        #expect(Self.page.map(\.0).count == MatchVerb.allCases.count)
        for (verb, phases, roles) in Self.page {
            for phase in MatchPhase.allCases {
                for role in MatchRole.allCases {
                    let refused = refusal { () throws(MatchRefusal) in try verb.check(role, in: phase) }
                    let expected: MatchRefusal? =
                        if role == .outsider {
                            .notHere
                        } else if !phases.contains(phase) {
                            .notNow
                        } else if roles.contains(role) {
                            nil
                        } else {
                            role == .admin ? .notHere : .notHost
                        }
                    #expect(refused == expected, "\(verb) in \(phase) by \(role)")
                }
            }
        }
    }

    @Test func `refusals are told apart by their codes`() {
        let all: [MatchRefusal] = [
            .notNow, .notHost, .notHere, .notInRules, .noSuchSeat, .teamFull, .tooFew, .malformed("x"),
            .muted(reason: "", seconds: 1), .tooFast, .tooLong, .empty, .repeated, .away,
        ]
        #expect(Set(all.map(\.code)).count == all.count && Set(all.map(\.message)).count == all.count)
    }
}

@Suite("The match around a game")
struct MatchTableTests {
    /// A match of four seats at 10 Hz that begins a second after everyone is ready.
    private func match(
        minimum: Int = 2, teams: Int = 0, rematch: Interval? = .seconds(10), host: Bool? = nil
    ) -> MatchTable {
        let rules = MatchRules(
            start: .whenReady(minimum: minimum, countdown: .seconds(1)), teams: teams, hasHost: host,
            rematchTime: rematch)
        return MatchTable(Rules(tickRate: 10, seats: 4, match: rules))
    }

    /// Such a match whose game runs, with that many players.
    private func running(_ players: Int = 2, teams: Int = 0, rematch: Interval? = .seconds(10)) throws -> MatchTable {
        var match = match(teams: teams, rematch: rematch)
        for seat in 0..<players { match.join(seat) }
        for seat in 0..<players { try match.setReady(true, seat) }
        for _ in 0..<10 { _ = match.advance() }
        return match
    }

    @Test func `a game without a match around it runs from the first tick, and is over when it finishes`() {
        var match = MatchTable(Rules(tickRate: 10, seats: 4))
        #expect(match.phase == .running && match.round == 1 && match.host == nil)
        match.join(0)
        match.join(1)
        match.drop(0)
        match.leave(1)
        #expect(match.takeChanges() == [] && match.advance() == .play)
        match.gameFinished()
        #expect(match.phase == .over)
    }

    @Test func `it waits until all present are ready and enough, counts down, and begins`() throws {
        var match = match()
        match.join(0)
        try match.setReady(true, 0)
        #expect(match.phase == .waiting, "one is not enough")
        match.join(1)
        #expect(match.phase == .waiting && match.advance() == .idle)
        try match.setReady(true, 1)
        #expect(match.phase == .starting && match.ticksLeft == 10)
        #expect((0..<9).map { _ in match.advance() } == Array(repeating: .idle, count: 9))
        #expect(match.advance() == .begin && match.phase == .running && match.round == 1)
        #expect(match.startedTick == 10 && match.advance() == .play)
    }

    @Test func `a countdown ends when somebody is not ready any more, has gone, or was lost`() throws {
        for change in 0..<3 {
            var match = match()
            for seat in 0..<2 { match.join(seat) }
            for seat in 0..<2 { try match.setReady(true, seat) }
            switch change {
            case 0: try match.setReady(false, 1)
            case 1: match.leave(1)
            default: match.drop(1)
            }
            #expect(match.phase == .waiting && match.ticksLeft == 0, "change \(change)")
        }
    }

    @Test func `who comes while the countdown runs does not hold it up`() throws {
        var match = match()
        for seat in 0..<2 { match.join(seat) }
        for seat in 0..<2 { try match.setReady(true, seat) }
        match.join(2)
        match.leave(2)
        #expect(match.phase == .starting && match.ticksLeft == 10)
    }

    @Test func `those who are not ready hold a match up until they go or are lost`() throws {
        var match = match()
        for seat in 0..<4 { match.join(seat) }
        for seat in 0..<2 { try match.setReady(true, seat) }
        match.drop(2)
        #expect(match.phase == .waiting)
        match.leave(3)
        #expect(match.phase == .starting, "who is dropped is not waited for")
    }

    @Test func `the host begins without waiting, but not with too few`() throws {
        var match = match()
        match.join(0)
        #expect(refusal { () throws(MatchRefusal) in try match.start(by: .host) } == .tooFew)
        match.join(1)
        #expect(refusal { () throws(MatchRefusal) in try match.start(by: match.role(of: 1)) } == .notHost)
        try match.start(by: match.role(of: 0))
        #expect(match.phase == .starting)
    }

    @Test func `players come into the smallest team, and a match needs somebody in each`() throws {
        var match = match(teams: 2)
        for seat in 0..<3 { match.join(seat) }
        #expect((0..<3).map { match.team(of: $0) } == [0, 1, 0] && match.teamSizeMax == 2)
        #expect(
            refusal { () throws(MatchRefusal) in
                try match.setTeam(0, of: 1, by: .player, isOwn: true)
            } == .teamFull)
        #expect(
            refusal { () throws(MatchRefusal) in
                try match.setTeam(7, of: 1, by: .player, isOwn: true)
            } == .teamFull)
        match.leave(2)
        try match.setReady(true, 0)
        try match.setTeam(0, of: 1, by: .player, isOwn: true)
        try match.setReady(true, 1)
        #expect(match.phase == .waiting, "team 1 is empty")
        #expect(refusal { () throws(MatchRefusal) in try match.start(by: .host) } == .tooFew)
        try match.setTeam(1, of: 0, by: .host, isOwn: true)
        #expect(match.players[0]?.isReady == false, "who changes says so anew")
        try match.setReady(true, 0)
        #expect(match.phase == .starting)
        match.join(3, team: 1)
        #expect(match.team(of: 3) == 1, "where it was awaited")
        match.join(2, team: 1)
        #expect(match.team(of: 2) == 0, "that team is full")
    }

    @Test func `only the host puts others into teams`() throws {
        var match = match(teams: 2)
        for seat in 0..<2 { match.join(seat) }
        #expect(
            refusal { () throws(MatchRefusal) in
                try match.setTeam(1, of: 0, by: match.role(of: 1), isOwn: false)
            } == .notHost)
        try match.setTeam(0, of: 1, by: match.role(of: 0), isOwn: false)
        #expect(match.teamSizes == [2, 0])
        #expect(
            refusal { () throws(MatchRefusal) in
                try match.setTeam(0, of: 3, by: .host, isOwn: false)
            } == .noSuchSeat)
    }

    @Test func `the first to come leads, then the first of those present, whatever seats they have`() {
        var match = match()
        for seat in [2, 0, 3, 1] { match.join(seat) }
        #expect(match.host == 2)
        match.drop(2)
        #expect(match.host == 2, "the seat is kept, and with it the lead")
        match.drop(0)
        match.leave(2)
        #expect(match.host == 3, "seat 0 came before, and is away")
        match.leave(3)
        match.leave(1)
        #expect(match.host == 0, "nobody else is left")
        match.leave(0)
        #expect(match.host == nil)
        match.join(1)
        #expect(match.host == 1)
    }

    @Test func `the lead may be handed on to somebody who is there`() throws {
        var match = match()
        for seat in 0..<3 { match.join(seat) }
        match.drop(2)
        #expect(refusal { () throws(MatchRefusal) in try match.setHost(2, by: .host) } == .away)
        #expect(refusal { () throws(MatchRefusal) in try match.setHost(3, by: .host) } == .noSuchSeat)
        #expect(refusal { () throws(MatchRefusal) in try match.setHost(1, by: .player) } == .notHost)
        try match.setHost(1, by: .host)
        #expect(match.host == 1 && match.role(of: 0) == .player)
    }

    @Test func `a rematch is played when all present want it, who was lost is not asked`() throws {
        var match = try running(3)
        match.gameFinished()
        #expect(match.phase == .finished && match.ticksLeft == 100)
        match.drop(0)
        try match.voteRematch(true, 1)
        try match.voteRematch(true, 2)
        #expect(match.phase == .starting, "who has voted is ready")
        for _ in 0..<10 { _ = match.advance() }
        #expect(match.phase == .running && match.round == 2)
    }

    @Test func `the host's vote decides, and the others are asked whether they are ready`() throws {
        var match = try running()
        match.gameFinished()
        try match.voteRematch(true, 0)
        #expect(match.phase == .waiting && match.players[0]?.isReady == true && match.players[1]?.isReady == false)
        try match.setReady(true, 1)
        #expect(match.phase == .starting)
    }

    @Test func `without a rematch in time it is over`() throws {
        var match = try running(3)
        match.gameFinished()
        try match.voteRematch(true, 1)
        try match.voteRematch(false, 1)
        for _ in 0..<99 { #expect(match.advance() == .idle) }
        #expect(match.phase == .finished)
        _ = match.advance()
        #expect(match.phase == .over)
        #expect(refusal { () throws(MatchRefusal) in try match.voteRematch(true, 1) } == .notNow)
    }

    @Test func `a game without a ready check plays again on the tick after the vote`() throws {
        var match = MatchTable(Rules(tickRate: 10, seats: 2, match: MatchRules(rematchTime: .seconds(5))))
        match.join(0)
        match.gameFinished()
        try match.voteRematch(true, 0)
        #expect(match.advance() == .begin && match.round == 2)
    }

    /// Every sequence of up to six events of two players, against what must hold whatever happens.
    @Test func `whatever happens, a game begins only with enough players, and somebody present leads if anybody is`() {
        var seen = 0
        func walk(_ match: MatchTable, _ depth: Int, _ path: [Int]) {
            seen += 1
            let present = match.players.compactMap { $0 }.filter(\.isConnected)
            let taken = match.players.compactMap { $0 }
            #expect((match.host != nil) == !taken.isEmpty, "\(path)")
            if let host = match.host { #expect(match.players[host] != nil, "\(path)") }
            if match.phase == .starting { #expect(present.count >= 2, "\(path)") }
            #expect((match.phase == .starting || match.phase == .finished) || match.ticksLeft == 0, "\(path)")
            guard depth > 0 else { return }
            for event in 0..<14 {
                var next = match
                let seat = event % 2
                let isTaken = next.players[seat] != nil
                let isConnected = next.players[seat]?.isConnected ?? false
                switch event / 2 {
                case 0: if !isTaken { next.join(seat) }
                case 1: if isTaken { next.leave(seat) }
                case 2: if isConnected { next.drop(seat) }
                case 3: if isTaken, !isConnected { next.resume(seat) }
                case 4: try? next.setReady(true, seat)
                case 5: try? next.voteRematch(true, seat)
                default:
                    if seat == 0 {
                        let turn = next.advance()
                        if turn == .begin { #expect(present.count >= 2, "\(path)") }
                    } else {
                        next.gameFinished()
                    }
                }
                if next.phase != match.phase || next.players != match.players { walk(next, depth - 1, path + [event]) }
            }
        }
        let rules = MatchRules(start: .whenReady(minimum: 2, countdown: .zero), rematchTime: .seconds(1))
        walk(MatchTable(Rules(tickRate: 1, seats: 2, match: rules)), 7, [])
        #expect(seen > 5_000)
    }
}
