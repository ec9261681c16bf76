import Determinism
import LobbyCore
import Testing

@Suite("SeatTransitions: the life of a seat")
struct SeatLifeTests {
    @Test func `the table has a row for every event, in their order`() {
        #expect(SeatTransitions.table.map(\.event) == SeatEvent.allCases)
    }

    @Test func `nobody sits down but by joined, nobody is gone but by left, and a free seat has nothing to lose`() {
        for event in SeatEvent.allCases where event != .dispose {
            for phase in SeatPhase.allCases {
                guard case .to(let next, let effect) = SeatTransitions.outcome(of: event, in: phase) else { continue }
                let (isHeld, wasHeld) = (holds(next), holds(phase))
                #expect((effect == .joined) == (isHeld && !wasHeld), "\(event) in \(phase)")
                #expect((effect == .left) == (!isHeld && wasHeld), "\(event) in \(phase)")
                #expect(phase != .free || [.reserve, .join].contains(event), "\(event) in \(phase)")
            }
        }
    }

    @Test func `every phase can be left for a free seat by leave, kick, ban and dispose`() {
        for phase in SeatPhase.allCases where phase != .free {
            for event in [SeatEvent.leave, .kick, .ban, .dispose] {
                guard case .to(.free, _) = SeatTransitions.outcome(of: event, in: phase) else {
                    Issue.record("\(event) in \(phase)")
                    continue
                }
            }
        }
    }

    private func holds(_ phase: SeatPhase) -> Bool { phase == .connected || phase == .dropped }

    @Test func `a reservation is used once, and only by its own number`() throws {
        var table = SeatTable(count: 1)
        let first = table.reserve(until: .zero + .seconds(15))
        let kept = try #require(first)
        #expect(table.takenCount == 1 && table.heldCount == 0 && table.reservedCount == 1)
        #expect(table.take(name: "a", token: [1]) == nil, "a reserved seat counts as taken")
        #expect(table.reserve(until: .zero) == nil)
        var refused: SeatRefusal?
        do {
            try table.claim(kept.seat, reservation: kept.number + 1, name: "b", subject: nil, token: [2])
        } catch {
            refused = error
        }
        #expect(refused == .notReserved && table.heldCount == 0)
        try table.claim(kept.seat, reservation: kept.number, name: "a", subject: nil, token: [1])
        #expect(table.heldCount == 1 && table.seat(withToken: [1]) == 0)
        #expect(throws: SeatRefusal.notReserved) {
            try table.claim(kept.seat, reservation: kept.number, name: "a", subject: nil, token: [3])
        }
        table.free(0, by: .leave)
        let second = table.reserve(until: .zero + .seconds(15))
        #expect(second?.number == kept.number + 1)
        #expect(throws: SeatRefusal.notReserved, "of the seat's reservation before") {
            try table.claim(0, reservation: kept.number, name: "a", subject: nil, token: [4])
        }
    }

    @Test func `a dead token is told what became of it, as long as that is remembered`() {
        let endings: [(SeatEvent, TokenFate)] = [
            (.leave, .left), (.kick, .kicked), (.ban, .banned), (.expire, .expired),
        ]
        for (event, fate) in endings {
            var table = SeatTable(count: 1)
            _ = table.take(name: "a", token: [1])
            _ = table.resume(0, newToken: [2], presented: [1])
            table.confirm(0)
            #expect(table.fate(ofToken: [1]) == .used && table.fate(ofToken: [2]) == nil)
            if event == .expire { _ = table.drop(0, until: .zero) }
            table.free(0, by: event)
            #expect(table.fate(ofToken: [2]) == fate && table.seat(withToken: [2]) == nil)
            #expect(table.fate(ofToken: [3]) == nil && table.fate(ofToken: []) == nil)
            for index in 0..<64 {
                _ = table.take(name: "b", token: [9, UInt8(index)])
                table.free(0, by: .leave)
            }
            #expect(table.fate(ofToken: [2]) == nil, "forgotten")
        }
    }

    @Test func `who is known without a token keeps the seat, where that brings back`() {
        for returns in [false, true] {
            var table = SeatTable(count: 2)
            table.returnsBySubject = returns
            _ = table.take(name: "a", subject: "u1", token: [1])
            #expect(table.seat(of: "u1") == 0 && table.seat(of: "u2") == nil)
            let effect = table.drop(0, until: .zero + .seconds(5))
            #expect(effect == (returns ? .dropped : .left))
            guard returns else { continue }
            #expect(table.resume(0, newToken: [2], presented: nil) == .resumed)
            #expect(table.seat(withToken: [1]) == nil && table.fate(ofToken: [1]) == .used)
            #expect(table.resume(0, newToken: [3], presented: nil) == .replaced)
        }
    }

    @Test func `all interleavings of three clients and eight events keep the rules, to the last state`() {
        let start = LifeModel(seats: 2, clients: 3)
        var reached: Set<String> = [start.key]
        var frontier = [start]
        var steps = 0
        var next = 0
        // In the order in which they were found, so that few tokens are dead on the way to any of them.
        while next < frontier.count {
            let state = frontier[next]
            next += 1
            for client in 0..<3 {
                for event in LifeModel.Event.allCases {
                    var after = state
                    after.apply(event, by: client)
                    steps += 1
                    // What follows from a state that was reached before has been, or will be, seen from there.
                    if reached.insert(after.key).inserted { frontier.append(after) }
                }
            }
        }
        #expect(reached.count > 1_000 && steps == reached.count * 24, "\(reached.count) states")
        print("seats: \(reached.count) states of three clients on two seats, \(steps) events")
    }
}

/// A seat table beside a plain model of it: clients that reserve, come, drop, return, wait and are thrown out.
///
/// A client shows that it has its token as soon as it has one; what comes of not doing so is in ``SeatTableTests``.
private struct LifeModel {
    enum Event: CaseIterable {
        /// Two of the same client never stand: a client comes by its reservation if it has one.
        case reserve, enter, drop, comeBack, leave, kick, ban, wait
    }

    private enum Place: Equatable {
        case reserved(client: Int, until: Int)
        case held(client: Int, until: Int?)

        var client: Int {
            switch self {
            case .reserved(let client, _), .held(let client, _): client
            }
        }
    }

    private struct Ticket {
        var seat: Int
        var number: UInt64
    }

    private var table: SeatTable
    private var places: [Place?]
    private var tokens: [Int?]
    private var tickets: [Ticket?]
    /// Who was kicked or banned: nothing of theirs brings them back.
    private var isBarred: [Bool]
    /// Whether the game counts somebody in the seat: told once when they come, and once when they go.
    private var isSeated: [Bool]
    private var issued = 0
    private var now = 0

    init(seats: Int, clients: Int) {
        table = SeatTable(count: seats)
        places = Array(repeating: nil, count: seats)
        tokens = Array(repeating: nil, count: clients)
        tickets = Array(repeating: nil, count: clients)
        isBarred = Array(repeating: false, count: clients)
        isSeated = Array(repeating: false, count: seats)
    }

    private func digest(_ token: Int) -> [UInt8] { [UInt8(truncatingIfNeeded: token >> 8), UInt8(token & 255), 7] }
    private func instant(_ time: Int) -> Instant { .zero + .seconds(time) }
    private func place(of client: Int) -> Int? { places.firstIndex { $0?.client == client } }

    private mutating func issue(to client: Int) -> [UInt8] {
        issued += 1
        tokens[client] = issued
        return digest(issued)
    }

    mutating func apply(_ event: Event, by client: Int) {
        let seat = place(of: client)
        switch event {
        case .reserve: reserve(client)
        case .enter: enter(client)
        case .drop: if let seat { drop(seat) }
        case .comeBack: comeBack(client)
        case .leave: if let seat { free(seat, .leave) }
        case .kick, .ban:
            if let seat {
                free(seat, event == .kick ? .kick : .ban)
                isBarred[client] = true
            }
        case .wait: wait()
        }
        check()
    }

    private mutating func reserve(_ client: Int) {
        guard place(of: client) == nil, !isBarred[client] else { return }
        let kept = table.reserve(until: instant(now + 2))
        #expect(kept?.seat == places.firstIndex { $0 == nil }, "the first free seat, or none")
        guard let kept else { return }
        places[kept.seat] = .reserved(client: client, until: now + 2)
        tickets[client] = Ticket(seat: kept.seat, number: kept.number)
    }

    private mutating func enter(_ client: Int) {
        if let ticket = tickets[client] { return claim(ticket, client) }
        guard place(of: client) == nil, !isBarred[client] else { return }
        let seat = table.take(name: "\(client)", token: digest(issued + 1))
        #expect(seat == places.firstIndex { $0 == nil }, "the first free seat, or none")
        guard let seat else { return }
        _ = issue(to: client)
        sat(seat, client)
    }

    private mutating func claim(_ ticket: Ticket, _ client: Int) {
        let token = digest(issued + 1)
        var isGood = true
        do {
            try table.claim(
                ticket.seat, reservation: ticket.number, name: "\(client)", subject: nil, token: token)
        } catch {
            isGood = false
        }
        var isKept = false
        if case .reserved(client, _) = places[ticket.seat] { isKept = true }
        #expect(isGood == isKept, "a ticket is good while its seat is kept, once")
        guard isGood else { return tickets[client] = nil }
        _ = issue(to: client)
        sat(ticket.seat, client)
    }

    private mutating func sat(_ seat: Int, _ client: Int) {
        #expect(!isSeated[seat])
        isSeated[seat] = true
        table.confirm(seat)
        places[seat] = .held(client: client, until: nil)
    }

    private mutating func comeBack(_ client: Int) {
        guard let token = tokens[client] else { return }
        let seat = table.seat(withToken: digest(token))
        guard let seat else {
            #expect(table.fate(ofToken: digest(token)) != nil || issued > 32, "it was good once")
            return
        }
        #expect(!isBarred[client], "whoever was thrown out never returns")
        guard case .held(client, let until) = places[seat] else {
            Issue.record("a token brings back whom it was handed to")
            return
        }
        let effect = table.resume(seat, newToken: issue(to: client), presented: digest(token))
        #expect(effect == (until == nil ? .replaced : .resumed))
        table.confirm(seat)
        places[seat] = .held(client: client, until: nil)
    }

    private mutating func drop(_ seat: Int) {
        let effect = table.drop(seat, until: instant(now + 2))
        guard case .held(let client, nil) = places[seat] else {
            #expect(effect == .none)
            return
        }
        #expect(effect == .dropped)
        places[seat] = .held(client: client, until: now + 2)
    }

    private mutating func free(_ seat: Int, _ event: SeatEvent) {
        let effect = table.free(seat, by: event)
        #expect((effect == .left) == isSeated[seat], "who has come goes once")
        isSeated[seat] = false
        places[seat] = nil
        #expect(table.free(seat, by: event) == .none)
    }

    private mutating func wait() {
        now += 1
        while let seat = table.expired(at: instant(now)) {
            switch places[seat] {
            case .reserved(_, let until)?, .held(_, let until?)?: #expect(until <= now, "only what is over expires")
            default: Issue.record("a seat without an end has expired")
            }
            free(seat, .expire)
        }
    }

    private func check() {
        // One expectation for all: there are thousands of these.
        if let fault { Issue.record("\(fault): \(table.rows.map(\.state)) for \(places)") }
    }

    private var fault: String? {
        let taken = places.count { $0 != nil }
        if table.takenCount != taken { return "the count is not that of the seats taken" }
        if table.takenCount != table.rows.count(where: { $0.state != .free }) {
            return "the count is not that of the rows"
        }
        if table.heldCount != isSeated.count(where: { $0 }) || table.heldCount + table.reservedCount != taken {
            return "holders and reservations are not those of the seats"
        }
        for (seat, place) in places.enumerated() {
            let state: SeatTable.State =
                switch place {
                case nil: .free
                case .reserved(_, let until): .reserved(until: instant(until))
                case .held(_, nil): .connected
                case .held(_, let until?): .dropped(until: instant(until))
                }
            if table.rows[seat].state != state || table.rows[seat].isHeld != isSeated[seat] { return "seat \(seat)" }
        }
        if Set(places.compactMap { $0?.client }).count != taken { return "a seat has not exactly one holder" }
        return nil
    }

    /// All that decides what can happen next. Clients are alike, so it does not matter which of them is where.
    var key: String {
        tokens.indices.map { client -> String in
            let place = places.firstIndex { $0?.client == client }
            let seat =
                switch place.flatMap({ places[$0] }) {
                case nil: "none"
                case .reserved(_, let until): "kept \(until - now)"
                case .held(_, let until): "held \(until.map { $0 - now } ?? -1)"
                }
            // A ticket or a token whose time is over is as good as any other such.
            let ticket = tickets[client].map { isKept(for: client, $0) ? "good" : "old" } ?? "none"
            let token = tokens[client].map { table.seat(withToken: digest($0)) == nil ? "old" : "good" } ?? "none"
            return "\(place ?? -1) \(seat) \(ticket) \(token) \(isBarred[client])"
        }.sorted().joined(separator: ", ")
    }

    private func isKept(for client: Int, _ ticket: Ticket) -> Bool {
        guard case .reserved(client, _) = places[ticket.seat] else { return false }
        return table.rows[ticket.seat].reservation == ticket.number
    }
}
