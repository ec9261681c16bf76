@testable import Fleet
import EventLoop
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

@Suite("Verbs and entries in a terminal (protocol/spec/admin.md)")
struct VerbTextTests {
    @Test func `words become data: texts stay texts, and the rest is what it looks like`() {
        let data = VerbText.data(["lobby=7", "seat=3", "locked=false", "text=a=b", "sort=cpu", "reason="])
        #expect(
            data.map { .object($0) }
                == ["lobby": "7", "seat": 3, "locked": false, "text": "a=b", "sort": "cpu", "reason": ""] as JSONValue)
        for words in [["x"], ["=3"], ["a=1", "b"]] { #expect(VerbText.data(words) == nil) }
    }

    @Test func `entries are lines of what they have`() {
        let joined: JSONValue = [
            "kind": "joined", "secondsAgo": 2.25, "session": 5, "lobby": "yard", "seat": 3, "name": "ann",
            "subject": "u7",
        ]
        #expect(JournalText.line(joined) == "2.3 s ago  joined  yard/3  ann  u7  session 5")
        let act: JSONValue = [
            "at": 0, "actor": "root", "address": "::1", "action": "kick", "target": "x/1", "reason": "rude",
            "outcome": "done",
        ]
        #expect(JournalText.line(act) == "1970-01-01T00:00:00Z  root  ::1  kick  x/1  done  (rude)")
        let ask = MonitorAction.ask("lock", ["lobby": "x"])
        #expect(ask.command.name == "lock" && ask.text(of: ["ok": true], asJSON: false) == "Done.")
        #expect(
            ask.text(of: ["error": "no"], asJSON: true) == nil
                && ask.text(of: ["users": []], asJSON: false) == #"{"users":[]}"#)
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
            [
                "id": "small", "game": "arena", "players": 0, "seats": 8, "connected": 0, "tick": 5, "tickRate": 30,
                "latenessMilliseconds": ["mean": 0.5, "max": 3.25],
            ],
            [
                "id": "large", "game": "arena", "seats": 8, "players": 2, "connected": 1, "tick": 1_234, "tickRate": 30,
                "stepsDropped": 7, "paused": true, "latenessMilliseconds": ["mean": 0.5, "max": 1.25],
                "cpuPercent": 2.5,
                "snapshotBytesPerSecond": 4_500,
            ],
        ],
    ]

    private let lobby: JSONValue = [
        "id": "large", "game": "arena", "tick": 1_234,
        "seatRows": [
            [
                "seat": 0, "name": "ann", "state": "connected", "resumes": 1, "address": "::1",
                "roundTripMilliseconds": 20.5, "snapshotAgeMilliseconds": 0, "queuedBytes": 0, "inputEarlyTicks": -1,
                "transport": "polling",
            ],
            ["seat": 4, "name": "bob", "state": "dropped", "resumes": 0],
        ],
    ]

    @Test func `lobbies come with the fullest first, and the rest is counted`() {
        let lines = OverviewText(overview, server: "h:1").lines.map(\.text)
        #expect(
            lines == [
                "muster h:1   up 1 min 01 s", "",
                "now            connections 1,200   lobbies 45   players 3, connected 2   seats 16",
                "a second       in 1.5 kB   out 2.0 MB   steps 60",
                "tick lateness  p50 0.05 ms   p99 0.50 ms   p99.9 1.25 ms   max 12.5 ms   of 100 steps",
                "players        joined 3   resumed 0   left 0   dropped 0   expired 0   kicked 0",
                "trouble        heartbeatsMissed 2", "",
                "LOBBY  GAME            PLAYERS  CONNECTED  SEATS   TICK   RATE     LATE    CPU       OUT  STEPS DROPPED",
                "large  arena (paused)        2          1      8  1,234  30 Hz  1.25 ms  2.5 %  4.5 kB/s              7",
                "small  arena                 0          0      8      5  30 Hz  3.25 ms  0.0 %     0 B/s              0",
                "… and 43 more",
            ])
    }

    @Test func `lobbies come in the order that is asked for`() {
        func first(_ order: MonitorOrder) -> String? {
            OverviewText(overview, server: "h:1", by: order).lines.dropLast(2).last.map { String($0.text.prefix(5)) }
        }
        #expect(MonitorOrder.allCases.map(first) == ["large", "small", "large", "large", "large"])
    }

    @Test func `one lobby is shown seat by seat`() {
        let lines = OverviewText(overview, server: "h:1", lobby: lobby).lines.suffix(3).map(\.text)
        #expect(
            lines == [
                "SEAT  NAME  STATE      RESUMES  ROUND TRIP  SNAPSHOT AGE  QUEUED  EARLY  TRANSPORT  ADDRESS",
                "   0  ann   connected        1     20.5 ms       0.00 ms     0 B     -1  polling    ::1",
                "   4  bob   dropped          0",
            ])
        var held = lobby.object ?? [:]
        held["paused"] = true
        func pauseLine() -> String { OverviewText(overview, server: "h:1", lobby: .object(held)).lines[9].text }
        #expect(pauseLine() == "Paused by its game")
        held["pause"] = ["by": "ann", "reason": "a look", "seconds": 61.5]
        #expect(pauseLine() == "Paused by ann for 1 min 01 s: a look")
        let refusal: JSONValue = ["error": "no such lobby", "code": "no-such-lobby"]
        #expect(OverviewText(overview, server: "h:1", lobby: refusal).lines.last?.text == "no such lobby")
    }

    private func lines(_ columns: Int, _ rows: Int, lobby: JSONValue? = nil) -> [String] {
        let size = TerminalSize(columns: columns, rows: rows)
        return OverviewText(overview, server: "h:1", lobby: lobby, on: size).lines.map(\.text)
    }

    @Test func `on a terminal columns that do not fit are left out, the least telling first, and figures wrap`() {
        let lines = lines(60, 40)
        #expect(lines.allSatisfy { $0.count <= 60 })
        #expect(
            lines.prefix(4) == [
                "muster h:1   up 1 min 01 s", "", "now            connections 1,200   lobbies 45",
                "               players 3, connected 2   seats 16",
            ])
        #expect(
            lines.suffix(4) == [
                "LOBBY  GAME            PLAYERS     LATE    CPU       OUT",
                "large  arena (paused)        2  1.25 ms  2.5 %  4.5 kB/s",
                "small  arena                 0  3.25 ms  0.0 %     0 B/s", "… and 43 more",
            ])
        let seats = self.lines(60, 40, lobby: lobby)
        #expect(
            seats.allSatisfy { $0.count <= 60 }
                && seats.suffix(2).allSatisfy { $0.contains("connected") || $0.contains("dropped") })
    }

    @Test func `on a terminal rows that do not fit are counted, and one is always there`() {
        for rows in 1...14 {
            let lines = lines(120, rows)
            #expect(lines.contains { $0.hasPrefix("large") })
            #expect(rows < 7 || lines.count <= rows)
        }
        #expect(lines(120, 7).suffix(2).first?.hasPrefix("large") == true && lines(120, 7).last == "… and 44 more")
        #expect(lines(120, 9, lobby: lobby).last?.hasPrefix("   4  bob") == true)
        #expect(lines(120, 8, lobby: lobby).last == "… and 1 more")
    }

    @Test func `on a small terminal figures give way to what is below them, but for troubles`() {
        func titles(_ rows: Int) -> [String] {
            lines(120, rows).dropFirst(2).prefix { $0 != "" }.map { $0.prefix(6) + "" }
        }
        #expect(titles(16) == ["now   ", "a seco", "tick l", "player", "troubl"])
        #expect(titles(12) == ["now   ", "tick l", "troubl"] && titles(7) == ["troubl"])
    }

    @Test func `what is drawn neither wraps nor scrolls, and has colours where they are wanted`() {
        var screen = Screen(size: TerminalSize(columns: 5, rows: 2), hasColors: false)
        let lines: [ScreenLine] = [ScreenLine("heading", .strong), ScreenLine("日本語", .alarm), "gone"]
        #expect(screen.drawing(lines) == "\u{1B}[Hheadi\u{1B}[K\n日本\u{1B}[K\u{1B}[J")
        screen.hasColors = true
        #expect(
            screen.drawing(lines)
                == "\u{1B}[H\u{1B}[1mheadi\u{1B}[0m\u{1B}[K\n\u{1B}[31m日本\u{1B}[0m\u{1B}[K\u{1B}[J")
        #expect(Console.takesColors([:]) && Console.takesColors(["NO_COLOR": "", "TERM": "xterm"]))
        #expect(!Console.takesColors(["NO_COLOR": "1"]) && !Console.takesColors(["TERM": "dumb"]))
    }

    @Test func `a lobby that is late by more than a tick, or held still, is to be seen`() {
        func style(_ row: JSONValue) -> ScreenLine.Style? {
            OverviewText(["lobbies": [row]], server: "h:1").lines.last?.style
        }
        #expect(style(["id": "a", "tickRate": 30, "latenessMilliseconds": ["max": 33]]) == .plain)
        #expect(style(["id": "a", "tickRate": 30, "latenessMilliseconds": ["max": 34]]) == .alarm)
        #expect(style(["id": "a", "tickRate": 30, "paused": true]) == .warning)
        #expect(style(["id": "a"]) == .plain)
    }

    @Test func `an overview of nothing is shown as nothing`() {
        for value in [JSONValue.null, [:], ["lobbies": 3, "seats": "x"]] {
            #expect(OverviewText(value, server: "h:1").lines.last?.text == "No lobby is open.")
        }
    }
}
