import ByteKit
import ClientCore
import Determinism
import JSONCore
import ScriptedServer
import SocketIOCore
import Testing

@Suite("A client that loses its connection")
struct ReconnectionTests {
    private let bench = ManagerBench()

    @Test func `row 86: it comes back by itself, after a wait, and tells of it`() {
        let socket = bench.connected()
        bench.cut()
        #expect(bench.told() == ["/ disconnected: transport close", "ended: closed", "waits 1"])
        #expect(!socket.isConnected && socket.id == nil)
        #expect((Interval.milliseconds(500)...(.milliseconds(1_500))).contains(bench.notes.waits[0]))
        bench.run(bench.notes.waits[0])
        #expect(bench.server.streams.count == 2)
        bench.open(#"40{"sid":"b"}"#)
        #expect(bench.told() == ["opened", "/ connected"])
        #expect(socket.id == "b" && !socket.isRecovered)
    }

    @Test func `row 87: the waits grow to their limit, keep their jitter there, and never become none`() {
        bench.server.refusesDials = true
        _ = bench.socket("/")
        for _ in 0..<2_000 { bench.run(.seconds(5)) }
        let waits = bench.notes.waits
        #expect(waits.count > 2_000)
        for (wait, step) in zip(waits, [1_000, 2_000, 4_000]) {
            #expect(wait >= .milliseconds(step / 2) && wait <= .milliseconds(min(5_000, step * 3 / 2)))
        }
        #expect(waits.dropFirst(3).allSatisfy { $0 >= .milliseconds(2_500) && $0 <= .seconds(5) })
        #expect(Set(waits.suffix(500)).count > 450)
        #expect(bench.told().suffix(3).contains("/ unreachable"))
    }

    @Test func `a success makes the waits short again`() {
        bench.server.refusesDials = true
        _ = bench.socket("/")
        bench.run(.seconds(60))
        bench.server.refusesDials = false
        bench.run(.seconds(5))
        bench.open(#"40{"sid":"a"}"#)
        bench.cut()
        #expect((bench.notes.waits.last ?? .zero) <= .milliseconds(1_500))
    }

    @Test func `after so many attempts it gives up, until connect is called again`() {
        let bench = ManagerBench { $0.attemptsMax = 3 }
        bench.server.refusesDials = true
        let socket = bench.socket("/")
        bench.run(.seconds(60))
        let attempt = ["/ unreachable", "ended: failed"]
        #expect(
            bench.told() == attempt + ["waits 1"] + attempt + ["waits 2"] + attempt + ["waits 3"] + attempt + [
                "gave up"
            ])
        bench.server.refusesDials = false
        socket.connect()
        bench.open(#"40{"sid":"a"}"#)
        #expect(socket.isConnected)
    }

    @Test func `with reconnection off nothing is tried again`() {
        let bench = ManagerBench { $0.reconnects = false }
        _ = bench.connected()
        bench.cut()
        bench.run(.seconds(60))
        #expect(bench.told() == ["/ disconnected: transport close", "ended: closed", "gave up"])
        #expect(bench.server.streams.count == 1)
    }

    @Test func `a server that takes the connection and says nothing is given up after a while`() {
        _ = bench.socket("/")
        bench.context.queue.flush()
        bench.run(.milliseconds(19_999))
        #expect(bench.told() == [])
        bench.run(.milliseconds(1))
        #expect(bench.told() == ["/ unreachable", "ended: failed", "waits 1"])
        #expect(bench.server.stream.closed == .now)
    }

    @Test func `one that leaves while it waits waits no longer`() {
        let socket = bench.connected()
        bench.cut()
        socket.disconnect()
        bench.run(.seconds(60))
        #expect(bench.server.streams.count == 1)
    }

    @Test func `many that lost their server together do not come back together`() {
        let waits = (0..<200).map { seed in
            let bench = ManagerBench(seed: UInt64(seed))
            _ = bench.connected()
            bench.cut()
            return bench.notes.waits[0].nanoseconds / 1_000_000
        }
        for tenth in stride(from: Int64(500), to: 1_500, by: 100) {
            let count = waits.count { $0 >= tenth && $0 < tenth + 100 }
            #expect((5...45).contains(count), "\(count) of 200 in the tenth from \(tenth) ms")
        }
    }

    // MARK: Connection state recovery

    @Test func `row 79: what was missed comes before the namespace is confirmed, and is told before it`() {
        let socket = bench.socket("/") { $0.auth = .fixed(["user": "u"]) }
        bench.open(#"40{"sid":"a","pid":"P"}"#, #"42["x",1,"o1"]"#, #"42["y","o2"]"#, #"421["q","no offset"]"#)
        _ = bench.sent()
        _ = bench.told()
        bench.cut()
        bench.run(.seconds(2))
        bench.open(#"42["m","o3"]"#)
        #expect(bench.sent() == [.text(#"40{"pid":"P","offset":"o2","user":"u"}"#)])
        bench.text(#"40{"sid":"a","pid":"P"}"#)
        #expect(socket.isRecovered && socket.id == "a")
        #expect(bench.told().suffix(3) == ["opened", #"/ event m ["o3"]"#, "/ connected"])
        bench.cut()
        #expect(!socket.isRecovered)
        bench.run(.seconds(2))
        bench.open()
        #expect(bench.sent() == [.text(#"40{"pid":"P","offset":"o3","user":"u"}"#)])
    }

    @Test func `row 80: without an event seen it asks by its identity alone, and a new one is taken`() {
        let socket = bench.socket("/")
        bench.open(#"40{"sid":"a","pid":"P"}"#)
        _ = bench.sent()
        bench.cut()
        bench.run(.seconds(2))
        bench.open()
        #expect(bench.sent() == [.text(#"40{"pid":"P"}"#)])
        bench.text(#"40{"sid":"b","pid":"Q"}"#)
        #expect(socket.isConnected && !socket.isRecovered && socket.id == "b")
        bench.text(#"42["x","o9"]"#)
        bench.cut()
        bench.run(.seconds(2))
        bench.open()
        #expect(bench.sent() == [.text(#"40{"pid":"Q","offset":"o9"}"#)])
    }

    @Test func `what the caller shows goes before what the client remembers`() {
        _ = bench.socket("/") { $0.auth = .fixed(["pid": "mine"]) }
        bench.open(#"40{"sid":"a","pid":"P"}"#)
        bench.cut()
        bench.run(.seconds(2))
        bench.open()
        #expect(bench.sent() == [.text(#"40{"pid":"mine"}"#)])
    }

    @Test func `without recovery at the server the last text of an event is nothing special`() {
        _ = bench.connected()
        bench.text(#"42["x","text"]"#)
        bench.cut()
        bench.run(.seconds(2))
        bench.open()
        #expect(bench.sent() == [.text("40")])
    }

    @Test func `events before the confirmation are kept to a bound`() {
        _ = bench.socket("/") { $0.earlyEventsMax = 2 }
        bench.open(#"42["a"]"#, #"42["b"]"#, #"42["c"]"#)
        #expect(bench.told() == ["opened", "/ dropped c: bufferFull"])
        bench.text(#"40{"sid":"a"}"#)
        #expect(bench.told() == ["/ event a []", "/ event b []", "/ connected"])
    }
}
