@testable import Fleet
import JSONCore
import MusterClient
import Testing

@testable import Fleet

@Suite("What people read of bots and servers")
struct TextTests {
    @Test func `counts have their thousands apart`() {
        #expect(
            [0, 999, 1_000, 1_234_567, -1_000].map { Readable.count(Int64($0)) }
                == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(Readable.count(UInt64.max) == "9,223,372,036,854,775,807")
        #expect(Readable.count(Int64.min) == "-9,223,372,036,854,775,808")
    }

    @Test func `decimals are rounded, never cut, and never trap`() {
        #expect(Readable.decimal(3.14159, 2) == "3.14")
        #expect(Readable.decimal(0.999, 2) == "1.00")
        #expect(Readable.decimal(-0.001, 2) == "0.00")
        #expect(Readable.decimal(-1.5, 1) == "-1.5")
        #expect(Readable.decimal(1_234.5, 0) == "1,235")
        #expect([Double.nan, .infinity, 1e300].map { Readable.decimal($0, 2) } == ["–", "–", "–"])
    }

    @Test func `bytes, times and durations take the unit that fits`() {
        #expect(
            [0, 999, 1_000, 999_960, 2.5e9, 7e12].map { Readable.bytes($0) }
                == ["0 B", "999 B", "1.0 kB", "1.0 MB", "2.5 GB", "7.0 TB"])
        #expect([0.05, 12.34, 4_560].map { Readable.milliseconds($0) } == ["0.05 ms", "12.3 ms", "4.56 s"])
        #expect(
            [42, 185, 7_380, 446_400].map { Readable.duration($0) }
                == ["42 s", "3 min 05 s", "2 h 03 min", "5 d 4 h"])
        #expect([Double.nan, .infinity, -1].map { Readable.duration($0) } == ["0 s", "11574074 d 1 h", "0 s"])
    }

    @Test func `columns are as wide as their widest cell`() {
        var table = Columns([.left])
        table.add(["name", "n"])
        table.add(["a", "100", "x"])
        #expect(table.lines == ["name    n", "a     100  x"])
    }

    @Test(arguments: [
        ("http://127.0.0.1:7777", "127.0.0.1", 7777), ("ws://example.org", "example.org", 80),
        ("https://example.org", "example.org", 443), ("WSS://example.org:1", "example.org", 1),
        ("localhost:9000/", "localhost", 9000), ("http://[::1]:81", "[::1]", 81), ("[::1]", "[::1]", 80),
    ])
    func `a server is named by host and port`(text: String, host: String, port: Int) {
        let address = ServerAddress(text)
        #expect(address?.host == host)
        #expect(address?.port == port)
        #expect(address?.isSecure == (text.lowercased().hasPrefix("https") || text.lowercased().hasPrefix("wss")))
    }

    @Test(arguments: ["", "http://", "a:0", "a:65536", "a:x", "::1", ":80", "ftp://a", "a/b", "u@a", "[::1]x:"])
    func `what names no server is refused`(text: String) {
        #expect(ServerAddress(text) == nil)
    }

    @Test func `a lobby and a seat say who, or a subject, or an address`() {
        typealias Whom = MonitorAction.Whom
        #expect(Whom("a.b/3") == .seat(3, lobby: "a.b") && Whom("subject:u/7") == .subject("u/7"))
        #expect(Whom("address:2001:db8::/64") == .address("2001:db8::/64"))
        for text in ["a", "/3", "a/", "a/-1", "a/x", "subject:", "address:", ""] { #expect(Whom(text) == nil) }
    }

    @Test func `what an admin does goes out as the specification has it`() {
        let ban = MonitorAction.ban(.seat(3, lobby: "x"), reason: "r", seconds: 60, everywhere: true)
        #expect(ban.command.name == "ban")
        #expect(ban.command.data == ["lobby": "x", "seat": 3, "reason": "r", "seconds": 60, "everywhere": true])
        let unban = MonitorAction.unban(.address("192.0.2.1"), from: nil)
        #expect(unban.command.name == "unban" && unban.command.data == ["address": "192.0.2.1"])
        let season = MonitorAction.beginSeason("spring")
        #expect(season.command.name == "season" && season.command.data == ["season": "spring"])
        #expect(season.text(of: ["ok": true], asJSON: false) == "Began season spring.")
        #expect(ban.text(of: ["error": "no"], asJSON: false) == nil)
        #expect(ban.text(of: ["ok": true], asJSON: false) == "Banned seat 3 of lobby x from all lobbies.")
        #expect(MonitorAction.bans.text(of: ["error": "no"], asJSON: false) == nil)
        #expect(MonitorAction.bans.text(of: [], asJSON: false) == "Nobody is kept out.")
        let rows: JSONValue = [
            ["subject": "ann", "kind": "ban", "reason": "cheating", "by": "admin", "seconds": 61.5],
            ["address": "192.0.2.1", "lobby": "x", "kind": "kick", "reason": ""],
        ]
        #expect(
            MonitorAction.bans.text(of: rows, asJSON: false) == """
                WHO                FROM         BY           LEFT  KIND  REASON
                subject:ann        all lobbies  admin  1 min 01 s  ban   cheating
                address:192.0.2.1  x                               kick
                """)
    }
}

@Suite("The monitor's screen (protocol/spec/admin.md)")
struct OverviewTextTests {
    private let overview: JSONValue = [
        "uptimeSeconds": 61.5, "draining": false, "connections": 1_200, "lobbyCount": 45,
        "seats": ["taken": 3, "connected": 2, "total": 16],
        "perSecond": ["bytesIn": 1_500, "bytesOut": 2_000_000, "steps": 60],
        "tickLatenessMilliseconds": ["count": 100, "p50": 0.05, "p99": 0.5, "p999": 1.25, "max": 12.5],
        "counters": ["joins": 3, "heartbeatsMissed": 2, "messagesMalformed": 0],
        "lobbies": [
            ["id": "small", "game": "arena", "players": [], "seats": 8, "connected": 0, "tick": 5, "tickRate": 30],
            [
                "id": "large", "game": "arena", "seats": 8, "connected": 1, "tick": 1_234, "tickRate": 30,
                "stepsDropped": 7,
                "players": [
                    ["seat": 0, "name": "ann", "connected": true, "resumes": 1, "address": "::1"],
                    ["seat": 4, "name": "bob", "connected": false, "resumes": 0, "address": ""],
                ],
            ],
        ],
    ]

    @Test func `lobbies come with the fullest first, and the rest is counted`() {
        let lines = OverviewText(overview, server: "h:1", lobby: nil).lines
        #expect(
            lines == [
                "muster h:1   up 1 min 01 s", "",
                "now            connections 1,200   lobbies 45   players 3, connected 2   seats 16",
                "a second       in 1.5 kB   out 2.0 MB   steps 60",
                "tick lateness  p50 0.05 ms   p99 0.50 ms   p99.9 1.25 ms   max 12.5 ms   of 100 steps",
                "players        joined 3   resumed 0   left 0   dropped 0   expired 0   kicked 0",
                "trouble        heartbeatsMissed 2", "",
                "LOBBY  GAME   PLAYERS  CONNECTED  SEATS   TICK   RATE  STEPS DROPPED",
                "large  arena        2          1      8  1,234  30 Hz              7",
                "small  arena        0          0      8      5  30 Hz              0", "… and 43 more",
            ])
    }

    @Test func `one lobby is shown seat by seat`() {
        let lines = OverviewText(overview, server: "h:1", lobby: "large").lines.suffix(3)
        #expect(
            lines == [
                "SEAT  NAME  STATE      RESUMES  ADDRESS", "   0  ann   connected        1  ::1",
                "   4  bob   kept             0",
            ])
        #expect(OverviewText(overview, server: "h:1", lobby: "x").lines.last == "There is no lobby x.")
    }

    @Test func `an overview of nothing is shown as nothing`() {
        for value in [JSONValue.null, [:], ["lobbies": 3, "seats": "x"]] {
            #expect(OverviewText(value, server: "h:1", lobby: nil).lines.last == "No lobby is open.")
        }
    }
}
