import ByteKit
import Determinism
import JSONCore
import LobbyCore
import Testing

@testable import ServerCore

@Suite("What monitoring systems are told: /metrics and /health")
struct MetricsTests {
    /// The samples of a page, by name and labels.
    private func samples(_ page: String) -> [String: Double] {
        var samples: [String: Double] = [:]
        for line in page.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            samples[String(parts[0])] = Double(parts[1])
        }
        return samples
    }

    @Test func `every counter is there, under its name in words, with what its family is said to be`() {
        let world = World()
        PlainClient(world).join()
        let page = world.ask("/metrics")
        #expect(page.status == 200 && page["content-type"] == MetricsText.contentType)
        let values = samples(page.text)
        for counter in Counter.allCases {
            let name = "muster_\(counter.metricName)_total"
            #expect(values[name] != nil && page.text.contains("# TYPE \(name) counter\n"), "\(name)")
            #expect(page.text.contains("# HELP \(name) "))
        }
        #expect(values["muster_joins_total"] == 1)
        #expect(values["muster_seats_taken{loop=\"0\"}"] == 1 && values["muster_lobbies{loop=\"0\"}"] == 1)
        let names = page.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }.map {
            $0.split(separator: " ")[2]
        }
        #expect(Set(names).count == names.count)
    }

    @Test func `all loops are asked, each with a label of its own, and counted together`() {
        let world = World(loops: 3)
        for loop in 0..<3 {
            world.home = loop
            PlainClient(world, lobby: "l\(loop)").join()
        }
        let values = samples(world.ask("/metrics").text)
        let connections = (0..<3).compactMap { values["muster_connections{loop=\"\($0)\"}"] }
        #expect(connections.count == 3 && connections.reduce(0, +) == 4)
        #expect(values["muster_joins_total"] == 3 && values["muster_connections_accepted_total"] == 4)
    }

    @Test func `a histogram counts what was at most as long as each bound, and ends with all`() {
        let world = World()
        for milliseconds in [1, 1, 30, 100_000] {
            world.server.durations.roundTrips.record(.milliseconds(milliseconds))
        }
        let values = samples(world.ask("/metrics").text)
        func below(_ bound: String) -> Double? { values["muster_round_trip_seconds_bucket{le=\"\(bound)\"}"] }
        #expect(below("0.0005") == 0 && below("0.001") == 2 && below("0.025") == 2 && below("0.05") == 3)
        #expect(below("10") == 3 && below("+Inf") == 4 && values["muster_round_trip_seconds_count"] == 4)
        #expect(values["muster_round_trip_seconds_sum"].map { (59...61).contains($0) } == true)
    }

    @Test func `steps, heartbeats and the ages of snapshots are measured`() {
        let world = World { $0.heartbeatInterval = .seconds(5) }
        let client = SocketClient(world)
        client.join()
        world.run(.milliseconds(5_100))
        client.send(text: "3")
        world.steps(30)
        let tick = Int64(world.lobby()?.lobby.tick ?? 0)
        client.emit("input", ["input": ["move": 1], "tick": .integer(tick + 1), "seen": .integer(tick - 3)])
        let values = samples(world.ask("/metrics").text)
        let steps = values["muster_steps_total"]
        #expect(steps.map { $0 > 0 } == true)
        #expect(values["muster_step_duration_seconds_count"] == steps)
        #expect(values["muster_step_lateness_seconds_count"] == steps)
        #expect(values["muster_round_trip_seconds_count"] == 1)
        // Three steps of the lobby's, and what has passed of the next.
        #expect(values["muster_snapshot_age_seconds_count"] == 1)
        #expect(values["muster_snapshot_age_seconds_bucket{le=\"0.1\"}"] == 0)
        #expect(values["muster_snapshot_age_seconds_bucket{le=\"0.25\"}"] == 1)
    }

    @Test func `from elsewhere one has to bear the token, and without one nobody may`() {
        let token = "0123456789abcdef"
        let (open, closed) = (World { $0.metricsToken = token }, World())
        func status(_ world: World, _ peer: PeerAddress, _ fields: String...) -> Int {
            let stream = world.connect(from: peer)
            stream.receive(
                Array((["GET /metrics HTTP/1.1", "Host: a"] + fields + ["", ""]).joined(separator: "\r\n").utf8))
            world.turn()
            return Answer(stream.sent).status
        }
        let far = PeerAddress(ipv4: 0xC000_0201, port: 1)
        #expect(status(open, far) == 401 && status(closed, far) == 401 && status(closed, .test) == 200)
        #expect(status(open, far, "Authorization: Bearer \(token)") == 200)
        #expect(status(open, .test, "Authorization: Bearer \(token)x") == 401)
        #expect(status(closed, far, "Authorization: Bearer ") == 401)
        // What a proxy on this machine brings is from elsewhere, even if nobody has listed it.
        for field in ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy"] {
            #expect(status(closed, .test, field) == 401, "\(field)")
        }
        #expect(status(open, .test, "Via: 1.1 proxy", "Authorization: Bearer \(token)") == 200)
    }

    @Test func `what the shell has to say stands behind it`() {
        var hooks = ServerHooks()
        hooks.metrics = { "shots_total 3\n" }
        #expect(World(hooks: hooks).ask("/metrics").text.hasSuffix("\nshots_total 3\n"))
    }

    @Test func `nobody is named on it`() {
        let world = World()
        PlainClient(world, lobby: "secret-lobby", peer: PeerAddress(ipv4: 0xC000_0201, port: 9)).join([
            "name": "Ann-of-Green"
        ])
        let page = world.ask("/metrics").text
        for word in ["secret-lobby", "Ann-of-Green", "192.0.2.1"] { #expect(!page.contains(word), "\(word)") }
    }

    @Test func `labels are escaped`() {
        var page = MetricsText(prefix: "a_")
        page.gauge("b", "c\\d\ne", [(labels: [(name: "l", value: "x\"y\\z\n")], value: 0.5)])
        #expect(page.text == "# HELP a_b c\\\\d\\ne\n# TYPE a_b gauge\na_b{l=\"x\\\"y\\\\z\\n\"} 0.5\n")
    }

    @Test func `a server that drains is alive, but not ready`() {
        let world = World(loops: 2)
        for path in ["/health", "/health/ready", "/health/live"] { #expect(world.ask(path).status == 200) }
        world.server.drain()
        #expect(world.ask("/health/live").status == 200 && world.ask("/health/ready").status == 503)
        #expect(world.ask("/health").status == 503)
    }

    @Test
    func `while a loop hangs nobody is told that the process lives, and who waits too long is told that it does not`() {
        let world = World(loops: 2)
        world.mail.stuck = [1]
        let stream = world.connect()
        stream.receive(Array("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        world.turn()
        #expect(stream.sent.isEmpty)
        world.mail.stuck = []
        world.turn()
        #expect(Answer(stream.sent).status == 200)
        world.mail.stuck = [1]
        let late = world.connect()
        late.receive(Array("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        world.run(.seconds(11))
        #expect(Answer(late.sent).status == 503)
    }
}
