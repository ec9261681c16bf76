import JSONCore
import Testing

@testable import BotCore

@Suite("What bots want of a match (protocol/spec/lobby.md §4.1)")
struct BotMatchTests {
    private func players(host: Int, _ rows: [(seat: Int, ready: Bool?, rematch: Bool?)]) -> JSONValue {
        [
            "host": .integer(Int64(host)),
            "players": .array(
                rows.map { row in
                    var object: JSONObject = ["seat": .integer(Int64(row.seat)), "connected": true]
                    if let ready = row.ready { object["ready"] = .bool(ready) }
                    if let rematch = row.rematch { object["rematch"] = .bool(rematch) }
                    return .object(object)
                }),
        ]
    }

    @Test func `one who is not ready says that it is, once`() {
        var match = BotMatch()
        #expect(match.wish(at: "players", players(host: 0, [(0, true, nil), (1, false, nil)]), seat: 1) == "ready")
        #expect(match.wish(at: "players", players(host: 0, [(0, true, nil), (1, true, nil)]), seat: 1) == nil)
        #expect(match.wish(at: "players", players(host: 0, []), seat: 1) == nil, "where nobody has to be")
    }

    @Test func `after the game each asks for another, the host last`() {
        var (guest, host) = (BotMatch(), BotMatch())
        let (open, voted) = (
            players(host: 0, [(0, nil, false), (1, nil, false)]), players(host: 0, [(0, nil, false), (1, nil, true)])
        )
        for wish in [guest.wish(at: "players", players(host: 0, []), seat: 1), host.wish(at: "players", open, seat: 0)]
        {
            #expect(wish == nil)
        }
        #expect(guest.wish(at: "phase", ["phase": "finished"], seat: 1) == "rematch")
        #expect(host.wish(at: "phase", ["phase": "finished"], seat: 0) == nil)
        #expect(host.wish(at: "players", voted, seat: 0) == "rematch")
    }
}
