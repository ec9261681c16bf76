import Determinism
import LobbyCore
import Testing

@Suite("SeatTable: the table in its doc comment")
struct SeatTableTests {
    @Test func `the revision changes exactly when a state or a name does`() throws {
        var seats = SeatTable(count: 2)
        var revisions = [seats.revision]
        let taken = seats.take(name: "Ann", token: [1])
        let seat = try #require(taken)
        revisions.append(seats.revision)
        seats.confirm(seat)
        _ = seats.resume(seat, newToken: [2], presented: [1])
        #expect(seats.revision == revisions.last, "the seat was connected before")
        _ = seats.drop(seat, until: .zero)
        revisions.append(seats.revision)
        _ = seats.drop(seat, until: .zero)
        #expect(seats.revision == revisions.last, "the seat was dropped before")
        _ = seats.resume(seat, newToken: [3], presented: [2])
        revisions.append(seats.revision)
        seats.free(seat, by: .leave)
        revisions.append(seats.revision)
        seats.free(seat, by: .leave)
        #expect(seats.revision == revisions.last, "the seat was free before")
        #expect(Set(revisions).count == revisions.count)
    }

    @Test func `every interleaving of three clients and eight events keeps the rules, to depth six`() {
        var reached: Set<String> = []
        var frontier = [SeatModel(seats: 2, clients: 3)]
        for _ in 0..<6 {
            var next: [SeatModel] = []
            for state in frontier {
                for client in 0..<3 {
                    for event in SeatModel.Event.allCases {
                        var after = state
                        after.apply(event, by: client)
                        // A state that was reached before has been, or will be, followed from there.
                        if reached.insert(after.key).inserted { next.append(after) }
                    }
                }
            }
            frontier = next
        }
        #expect(reached.count > 1_000)
    }

    @Test func `the same holds without leaving out any path, to depth three`() {
        var paths = 0
        func follow(_ state: SeatModel, _ depth: Int) {
            paths += 1
            guard depth > 0 else { return }
            for client in 0..<3 {
                for event in SeatModel.Event.allCases {
                    var after = state
                    after.apply(event, by: client)
                    follow(after, depth - 1)
                }
            }
        }
        follow(SeatModel(seats: 2, clients: 3), 3)
        #expect(paths == 1 + 24 + 24 * 24 + 24 * 24 * 24)
    }

    @Test func `an empty token belongs to no seat`() {
        var table = SeatTable(count: 1)
        _ = table.take(name: "a", token: [1])
        #expect(table.seat(withToken: []) == nil)
        #expect(table.seat(withToken: [1, 1]) == nil)
    }

    @Test func `the grace time ends at its instant, not before`() {
        var table = SeatTable(count: 1)
        _ = table.take(name: "a", token: [1])
        table.confirm(0)
        #expect(table.expired(at: .zero) == nil)
        let kept = table.drop(0, until: .zero + .seconds(5))
        #expect(kept == .dropped)
        #expect(table.expired(at: .zero + .milliseconds(4_999)) == nil)
        #expect(table.expired(at: .zero + .seconds(5)) == 0)
    }

    @Test func `resumes are counted for the present holder alone`() {
        var table = SeatTable(count: 1)
        _ = table.take(name: "a", token: [1])
        _ = table.resume(0, newToken: [2], presented: [1])
        _ = table.resume(0, newToken: [3], presented: [2])
        #expect(table.rows[0].resumes == 2)
        table.free(0, by: .leave)
        _ = table.take(name: "b", token: [4])
        #expect(table.rows[0].resumes == 0)
        #expect(table.rows[0].name == "b")
    }
}

/// A seat table beside a plain model of it, and the clients that know tokens.
private struct SeatModel {
    enum Event: CaseIterable {
        case take, resumeWithNewest, resumeWithOlder, confirm, drop, leave, kick, wait
    }

    struct Holder {
        var client: Int
        var until: Int?
        var token: Int
        var previous: Int?
        var isConfirmed = false
    }

    private var table: SeatTable
    private var holders: [Holder?]
    /// The tokens that each client was handed, the last two.
    private var known: [[Int]]
    /// To which client each token was handed.
    private var issued: [Int] = []
    private var now = 0

    init(seats: Int, clients: Int) {
        table = SeatTable(count: seats)
        holders = Array(repeating: nil, count: seats)
        known = Array(repeating: [], count: clients)
    }

    private func digest(_ token: Int) -> [UInt8] { [UInt8(token >> 8), UInt8(token & 255), 7] }
    private func instant(_ time: Int) -> Instant { .zero + .seconds(time) }
    private func seat(of client: Int) -> Int? { holders.firstIndex { $0?.client == client } }

    private mutating func issue(to client: Int) -> Int {
        issued.append(client)
        known[client] = known[client].suffix(1) + [issued.count - 1]
        return issued.count - 1
    }

    mutating func apply(_ event: Event, by client: Int) {
        let seat = seat(of: client)
        switch (event, seat) {
        case (.take, nil): take(client)
        case (.resumeWithNewest, _): known[client].last.map { resume(client, with: $0) }
        case (.resumeWithOlder, _): known[client].dropLast().last.map { resume(client, with: $0) }
        case (.confirm, let seat?) where holders[seat]?.until == nil:
            table.confirm(seat)
            holders[seat]?.isConfirmed = true
            holders[seat]?.previous = nil
        case (.drop, let seat?): drop(seat)
        case (.leave, let seat?), (.kick, let seat?):
            table.free(seat, by: event == .kick ? .kick : .leave)
            holders[seat] = nil
        case (.wait, _): wait()
        default: break
        }
        check()
    }

    private mutating func take(_ client: Int) {
        let token = issue(to: client)
        let seat = table.take(name: "\(client)", token: digest(token))
        #expect(seat == holders.firstIndex { $0 == nil }, "the first free seat, or none")
        if let seat { holders[seat] = Holder(client: client, token: token) }
    }

    private mutating func resume(_ client: Int, with token: Int) {
        guard let seat = table.seat(withToken: digest(token)) else { return }
        #expect(holders[seat]?.client == client, "a token brings back whom it was handed to")
        let fresh = issue(to: client)
        _ = table.resume(seat, newToken: digest(fresh), presented: digest(token))
        holders[seat] = Holder(client: client, token: fresh, previous: token)
    }

    private mutating func drop(_ seat: Int) {
        guard let holder = holders[seat] else { return }
        let kept = table.drop(seat, until: instant(now + 2))
        let canReturn = holder.isConfirmed || holder.previous != nil
        let expected: SeatEffect = holder.until != nil ? .none : canReturn ? .dropped : .left
        #expect(kept == expected, "a seat is kept when its holder can come back")
        if kept == .left { holders[seat] = nil } else if kept == .dropped { holders[seat]?.until = now + 2 }
    }

    private mutating func wait() {
        now += 1
        while let seat = table.expired(at: instant(now)) {
            #expect(holders[seat]?.until.map { $0 <= now } == true, "only what is over expires")
            table.free(seat, by: .expire)
            holders[seat] = nil
        }
        #expect(!holders.contains { ($0?.until ?? .max) <= now }, "what is over expires")
    }

    private func check() {
        let taken = holders.count { $0 != nil }
        let connected = holders.count { $0 != nil && $0?.until == nil }
        #expect(table.takenCount == taken && table.connectedCount == connected)
        #expect(taken <= holders.count && connected <= taken)
        for token in issued.indices {
            let expected = holders.firstIndex { $0.map { $0.token == token || $0.previous == token } ?? false }
            #expect(table.seat(withToken: digest(token)) == expected, "live tokens bring back, dead ones never")
        }
        for (seat, holder) in holders.enumerated() {
            let state: SeatTable.State =
                holder == nil ? .free : holder?.until.map { .dropped(until: instant($0)) } ?? .connected
            #expect(table.rows[seat].state == state)
            #expect(table.rows[seat].name == (holder.map { "\($0.client)" } ?? ""))
        }
    }

    /// All that decides what can happen next, with tokens called by who knows them.
    var key: String {
        let seats = holders.map { holder -> String in
            guard let holder else { return "free" }
            let tokens = [holder.token, holder.previous].map { token in
                token.map { "\(known[holder.client].firstIndex(of: $0) ?? -1)" } ?? "none"
            }
            return "\(holder.client) \(holder.until.map { $0 - now } ?? -1) \(tokens) \(holder.isConfirmed)"
        }
        return "\(seats) \(known.map(\.count))"
    }
}
