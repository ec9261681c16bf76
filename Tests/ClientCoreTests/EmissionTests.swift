import ClientCore
import Determinism
import JSONCore
import ScriptedServer
import SocketIOCore
import Testing

@Suite("What a client says while it is not there, and what it awaits")
struct EmissionTests {
    private let bench = ManagerBench()

    private func event(_ name: String) -> Sent { .text(#"42["\#(name)"]"#) }

    /// The names of the events among packets.
    private func names(_ sent: [Sent]) -> [String] {
        sent.compactMap { packet in
            guard case .text(let text) = packet, let start = text.firstIndex(of: "[") else { return nil }
            return try? JSONValue.parse(Array(text[start...].utf8).span)[0]?.string
        }
    }

    // MARK: Offline

    @Test func `row 88: what is said without a connection goes out in its order, right after CONNECT`() {
        let socket = bench.socket("/")
        let answers = Answers()
        socket.emit(ClientEmission("one"))
        socket.emit(ClientEmission("two", [.binary([2])]))
        socket.emit(answers.emission("three"))
        bench.open()
        #expect(bench.sent() == [.text("40")])
        bench.text(#"40{"sid":"a"}"#)
        #expect(
            bench.sent() == [
                event("one"), .text(#"451-["two",{"_placeholder":true,"num":0}]"#), .binary([2]),
                .text(#"420["three"]"#),
            ])
        bench.text(#"430["ok"]"#)
        #expect(answers.lines == [#"three: ["ok"]"#])
    }

    @Test(arguments: [
        (NamespaceClientOptions.Overflow.dropsNewest, ["a", "b"], ["c", "d"]), (.dropsOldest, ["c", "d"], ["a", "b"]),
    ])
    func `the buffer has a bound, and a policy`(
        _ overflow: NamespaceClientOptions.Overflow, _ kept: [String], _ dropped: [String]
    ) {
        let socket = bench.socket("/") {
            $0.offlineEventsMax = 2
            $0.overflow = overflow
        }
        let answers = Answers()
        for name in ["a", "b", "c", "d"] { socket.emit(answers.emission(name)) }
        #expect(bench.told() == dropped.map { "/ dropped \($0): bufferFull" })
        #expect(answers.lines == dropped.map { "\($0): disconnected" })
        bench.open(#"40{"sid":"a"}"#)
        #expect(names(bench.sent()) == kept)
    }

    @Test func `a volatile event goes out at once or not at all`() {
        let socket = bench.socket("/")
        func say(_ name: String) {
            var emission = ClientEmission(name)
            emission.isVolatile = true
            socket.emit(emission)
        }
        say("early")
        bench.open(#"40{"sid":"a"}"#)
        #expect(bench.sent() == [.text("40")])
        say("one")
        say("two")
        #expect(bench.sent() == [event("one"), event("two")])
        bench.server.stream.isBlocked = true
        say("blocked")
        bench.server.stream.isBlocked = false
        #expect(bench.sent() == [])
        #expect(bench.told().filter { $0.contains("dropped") }.count == 2)
    }

    @Test func `what cannot be said in a packet is dropped with a word`() {
        let socket = bench.connected()
        let answers = Answers()
        socket.emit(answers.emission("many", [.array(Array(repeating: .binary([]), count: 11))]))
        #expect(bench.sent() == [])
        #expect(bench.told().map { $0.prefix(23) } == ["/ dropped many: illegal"])
        #expect(answers.lines == ["many: disconnected"])
    }

    // MARK: Acks

    @Test func `row 90: an ack is awaited for so long, and a late one is nobody's`() {
        let socket = bench.connected { $0.ackTimeout = .seconds(10) }
        let answers = Answers()
        socket.emit(answers.emission("default"))
        socket.emit(answers.emission("short", timeout: .milliseconds(100)))
        socket.emit(answers.emission("long", timeout: .seconds(20)))
        bench.run(.milliseconds(99))
        #expect(answers.lines == [])
        bench.run(.milliseconds(1))
        #expect(answers.lines == ["short: timed out"])
        bench.run(.milliseconds(9_900))
        bench.text("431[]")
        bench.text("432[]")
        #expect(answers.lines == ["short: timed out", "default: timed out", "long: []"])
    }

    @Test func `an event whose ack is no longer awaited does not go out later`() {
        let socket = bench.socket("/")
        let answers = Answers()
        socket.emit(answers.emission("a", timeout: .seconds(1)))
        socket.emit(ClientEmission("b"))
        let given = socket.emit(answers.emission("c"))
        socket.giveUp(given)
        bench.run(.seconds(1))
        #expect(answers.lines == ["a: timed out"])
        bench.open(#"40{"sid":"a"}"#)
        #expect(bench.sent() == [.text("40"), event("b")])
    }

    @Test func `acks fail with the connection, but for events that still wait`() {
        let socket = bench.connected()
        let answers = Answers()
        socket.emit(answers.emission("sent"))
        socket.emit(answers.emission("sent too"))
        bench.cut()
        socket.emit(answers.emission("kept"))
        #expect(answers.lines == ["sent: disconnected", "sent too: disconnected"])
        bench.run(.seconds(2))
        bench.open(#"40{"sid":"b"}"#)
        #expect(bench.sent().last == .text(#"422["kept"]"#))
        bench.text("432[1]")
        #expect(answers.lines.last == "kept: [1]")
    }

    @Test func `whoever gets an answer may ask again at once`() {
        let socket = bench.connected()
        var count = 0
        func ask() {
            socket.emit(
                ClientEmission("q") { _ in
                    count += 1
                    if count < 3 { ask() }
                })
        }
        ask()
        for id in 0..<3 { bench.text("43\(id)[]") }
        #expect(count == 3)
        #expect(bench.sent().count == 3)
    }

    @Test func `thousands of acks with deadlines are kept and forgotten`() {
        let socket = bench.connected()
        var failed = 0
        for index in 0..<5_000 {
            var emission = ClientEmission("q") { if case .failure = $0 { failed += 1 } }
            emission.timeout = .milliseconds(1_000 + index)
            socket.emit(emission)
            if index % 2 == 0 { bench.text("43\(index)[]") }
        }
        bench.run(.seconds(10))
        #expect(failed == 2_500)
    }

    // MARK: Retries

    @Test func `row 89: with retries events go one at a time, in order, until each is acknowledged`() {
        let socket = bench.connected {
            $0.retries = 2
            $0.ackTimeout = .seconds(1)
        }
        let answers = Answers()
        for name in ["a", "b"] { socket.emit(answers.emission(name)) }
        socket.emit(ClientEmission("c"))
        #expect(bench.sent() == [.text(#"420["a"]"#)])
        bench.run(.seconds(1))
        #expect(bench.sent() == [.text(#"421["a"]"#)])
        bench.text(#"430["late"]"#)
        bench.text(#"431["yes"]"#)
        #expect(answers.lines == [#"a: ["yes"]"#])
        #expect(bench.sent() == [.text(#"422["b"]"#)])
        bench.run(.seconds(3))
        #expect(answers.lines.last == "b: timed out")
        #expect(bench.sent() == [.text(#"423["b"]"#), .text(#"424["b"]"#), .text(#"425["c"]"#)])
        bench.text("435[]")
        bench.run(.seconds(5))
        #expect(bench.sent() == [])
    }

    @Test func `what was under way is sent again on the next connection, before what is newer`() {
        let socket = bench.connected { $0.retries = 1 }
        let answers = Answers()
        socket.emit(answers.emission("a"))
        socket.emit(answers.emission("b"))
        _ = bench.sent()
        bench.cut()
        bench.run(.seconds(2))
        bench.open(#"40{"sid":"b"}"#)
        #expect(bench.sent() == [.text("40"), .text(#"421["a"]"#)])
        bench.cut()
        #expect(answers.lines == ["a: disconnected"])
        bench.run(.seconds(2))
        bench.open(#"40{"sid":"c"}"#)
        #expect(bench.sent() == [.text("40"), .text(#"422["b"]"#)])
    }

    @Test func `giving up the one under way lets the next go`() {
        let socket = bench.connected { $0.retries = 1 }
        let first = socket.emit(ClientEmission("a"))
        socket.emit(ClientEmission("b"))
        _ = bench.sent()
        socket.giveUp(first)
        #expect(bench.sent() == [.text(#"421["b"]"#)])
    }
}
