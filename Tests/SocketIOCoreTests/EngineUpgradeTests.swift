import Determinism
import SocketIOCore
import Testing

private let packets = ["0{}", "1", "2", "2probe", "3", "3probe", "4hello", "5", "6", "bAQID"]

private func packet(_ text: String) throws -> EnginePacket {
    try enginePacket(Array(text.utf8)).get()
}

/// What a server does about each packet of a probe, up to the end of the upgrade.
private func actions(_ texts: [String]) throws -> [EngineUpgrade.Action] {
    var upgrade = EngineUpgrade(now: .zero)
    var actions: [EngineUpgrade.Action] = []
    for text in texts {
        actions.append(upgrade.received(try packet(text)))
        guard actions.last == .answerProbe else { break }
    }
    return actions
}

@Suite("Engine.IO upgrade: spec/socketio.md §8, reliability E-08")
struct EngineUpgradeTests {
    @Test func `a probe and an upgrade move the session`() throws {
        #expect(try actions(["2probe", "5"]) == [.answerProbe, .complete])
    }

    @Test(arguments: packets)
    func `anything else cancels, first or second`(_ text: String) throws {
        #expect(try actions([text]) == [text == "2probe" ? .answerProbe : .cancel])
        #expect(try actions(["2probe", text]) == [.answerProbe, text == "5" ? .complete : .cancel])
    }

    @Test func `an upgrade has ten seconds, whatever came of it, and ends once`() throws {
        for probed in [false, true] {
            var upgrade = EngineUpgrade(now: .zero + .seconds(5))
            if probed { _ = upgrade.received(try packet("2probe")) }
            #expect(upgrade.deadline == .zero + .seconds(15))
            let before = upgrade.due(at: .zero + .milliseconds(14_999))
            let at = upgrade.due(at: .zero + .seconds(15))
            let after = upgrade.due(at: .zero + .seconds(16))
            #expect(before == nil && at == .cancel && after == nil)
        }
        var upgrade = EngineUpgrade(now: .zero)
        _ = upgrade.received(try packet("2probe"))
        _ = upgrade.received(try packet("5"))
        let late = upgrade.due(at: .zero + .seconds(60))
        #expect(late == nil)
    }

    @Test func `a packet after the end is a mistake of ours`() async {
        await #expect(processExitsWith: .failure) {
            var upgrade = EngineUpgrade(now: .zero)
            _ = upgrade.cancel()
            _ = upgrade.received(try packet("2probe"))
        }
    }

    @Test(arguments: packets)
    func `a client moves after the answer to its probe, once its polling rests`(_ text: String) throws {
        var probe = EngineProbe()
        let early = probe.pollingPaused()
        let action = probe.received(try packet(text))
        let paused = probe.pollingPaused()
        let again = probe.pollingPaused()
        #expect(early == nil && again == nil)
        #expect(action == (text == "3probe" ? .pausePolling : .giveUp))
        #expect(paused == (text == "3probe" ? .upgrade : nil))
    }

    @Test(arguments: packets)
    func `a client gives up when anything comes while it pauses`(_ text: String) throws {
        var probe = EngineProbe()
        _ = probe.received(try packet("3probe"))
        let action = probe.received(try packet(text))
        let paused = probe.pollingPaused()
        #expect(action == .giveUp && paused == nil)
    }

    @Test func `client and server agree on the packets`() throws {
        var (upgrade, probe) = (EngineUpgrade(now: .zero), EngineProbe())
        let first = upgrade.received(try enginePacket(EnginePacket.probePing).get())
        let answer = probe.received(try enginePacket(EnginePacket.probePong).get())
        let move = probe.pollingPaused()
        let last = upgrade.received(try enginePacket(EnginePacket.upgrade).get())
        #expect(first == .answerProbe && answer == .pausePolling && move == .upgrade && last == .complete)
    }
}

@Suite("Engine.IO heartbeat by revision: spec/socketio.md §12, reliability E-12")
struct EngineHeartbeatTests {
    private func heartbeat(_ revision: EngineRevision) -> EngineHeartbeat {
        EngineHeartbeat(revision, interval: .seconds(25), timeout: .seconds(20), now: .zero)
    }

    @Test func `in revision 4 the server pings, and a client's ping is from the wrong side`() {
        var heartbeat = heartbeat(.four)
        #expect(heartbeat.deadline == .zero + .seconds(25))
        let wrong = heartbeat.pingReceived(at: .zero + .seconds(1))
        let stray = heartbeat.pongReceived(at: .zero + .seconds(2))
        let ping = heartbeat.due(at: .zero + .seconds(25))
        let pong = heartbeat.pongReceived(at: .zero + .seconds(30))
        #expect(wrong == .wrongDirection && stray == .ignored && ping == .sendPing && pong == .counted)
        #expect(heartbeat.deadline == .zero + .seconds(55))
        _ = heartbeat.due(at: .zero + .seconds(55))
        let timeout = heartbeat.due(at: .zero + .seconds(75))
        #expect(timeout == .timedOut)
    }

    @Test func `ten thousand stray pongs move no deadline`() {
        var heartbeat = heartbeat(.four)
        for millisecond in 0..<10_000 {
            let reaction = heartbeat.pongReceived(at: .zero + .milliseconds(millisecond))
            guard reaction == .ignored, heartbeat.deadline == .zero + .seconds(25) else {
                Issue.record("a stray pong counted")
                return
            }
        }
    }

    @Test func `in revision 3 the client pings, and the server gives up after interval plus timeout`() {
        var heartbeat = heartbeat(.three)
        #expect(heartbeat.deadline == .zero + .seconds(45))
        let nothing = heartbeat.due(at: .zero + .seconds(44))
        let ping = heartbeat.pingReceived(at: .zero + .seconds(44))
        let wrong = heartbeat.pongReceived(at: .zero + .seconds(50))
        #expect(nothing == nil && ping == .answer && wrong == .wrongDirection)
        #expect(heartbeat.deadline == .zero + .seconds(89))
        let timeout = heartbeat.due(at: .zero + .seconds(89))
        #expect(timeout == .timedOut)
    }

    @Test(arguments: [("2", "3"), ("2probe", "3probe"), ("2é", "3é")])
    func `the answer to a ping has its data`(_ ping: String, _ pong: String) {
        let answer = EnginePacket.pong(answering: Array(ping.utf8).span)
        #expect(String(decoding: answer, as: UTF8.self) == pong)
    }
}
