import SocketIOCore
import Testing

private func query(_ text: String) throws(EngineRefusal) -> EngineQuery {
    try EngineQuery(
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (name: parts[0], value: parts.count > 1 ? parts[1] : "")
        })
}

private func decide(
    _ text: String, _ method: EngineRequest.Method = .get, isUpgrade: Bool = false,
    origin: EngineRequest.Origin = .allowed, policy: EnginePolicy = EnginePolicy(),
    session: EngineSessionStatus? = nil
) -> EngineDecision {
    do throws(EngineRefusal) {
        return EngineRequest(query: try query(text), method: method, isUpgrade: isUpgrade, origin: origin)
            .decide(policy, session: session)
    } catch {
        return .refused(error)
    }
}

private let polling = EngineSessionStatus(revision: .four, route: .polling)
private let upgrading = EngineSessionStatus(revision: .four, route: .upgrading)
private let websocket = EngineSessionStatus(revision: .four, route: .websocket)
private let revision3 = EnginePolicy(allowsRevision3: true)

@Suite("Engine.IO requests: spec/socketio.md §7 and §9, reliability E-01, E-03 to E-07, E-14")
struct EngineRequestTests {
    @Test func `a query gives Engine_IO's own names and keeps the others in order`() throws {
        let read = try query("EIO=4&room=b&transport=polling&t=abc&sid=x&room=a&b64=1")
        #expect(read.revision == .four && read.transport == .polling && read.sid == "x" && read.isBase64)
        #expect(read.others.map(\.name) == ["room", "room"] && read.others.map(\.value) == ["b", "a"])
        let empty = try query("b64=")
        #expect(empty.revision == .three && empty.transport == nil && empty.sid == nil && !empty.isBase64)
        let script = try query("EIO=3&transport=polling&j=12")
        #expect(script.scriptIndex == 12 && script.isBase64)
    }

    @Test(arguments: [
        "EIO=4&EIO=4", "transport=polling&transport=websocket", "sid=a&sid=a", "t=1&t=2", "b64=1&b64=", "j=1&j=1",
    ])
    func `a name of Engine_IO's that stands twice is refused`(_ text: String) {
        #expect(throws: EngineRefusal.badRequest) { try query(text) }
    }

    @Test(arguments: ["", "<script>", "-1", "+1", "1a", "٣", "1234567890"])
    func `a script's index is digits, and never repeated in an answer`(_ index: String) {
        #expect(throws: EngineRefusal.badRequest) { try query("j=\(index)") }
    }

    @Test(arguments: ["4", "3", "5", "abc", "", "04", "4.0", " 4", "٤"])
    func `a revision is one digit`(_ text: String) throws {
        let expected: EngineRevision? = text == "4" ? .four : text == "3" ? .three : nil
        #expect(try query("EIO=\(text)").revision == expected)
    }

    @Test func `handshakes are decided in the reference's order`() {
        let rows: [(String, EngineRequest.Method, Bool, EngineDecision)] = [
            ("EIO=4&transport=polling", .get, false, .handshake(.four)),
            ("EIO=4&transport=websocket", .get, true, .handshake(.four)),
            ("EIO=4", .get, false, .refused(.transportUnknown)),
            ("EIO=4&transport=abc", .get, false, .refused(.transportUnknown)),
            ("EIO=4&transport=abc", .get, true, .refused(.transportUnknown)),
            ("EIO=4&transport=webtransport", .get, false, .refused(.transportUnknown)),
            ("EIO=4&transport=Polling", .get, false, .refused(.transportUnknown)),
            ("EIO=9&transport=abc", .post, false, .refused(.transportUnknown)),
            ("EIO=4&transport=polling", .post, false, .refused(.badMethod)),
            ("EIO=4&transport=polling", .other, false, .refused(.badMethod)),
            ("EIO=9&transport=polling", .post, false, .refused(.badMethod)),
            ("EIO=4&transport=websocket", .get, false, .refused(.badRequest)),
            ("EIO=9&transport=websocket", .get, false, .refused(.badRequest)),
            ("EIO=4&transport=polling", .get, true, .refused(.badRequest)),
            ("transport=polling", .get, false, .refused(.unsupportedRevision)),
            ("EIO=3&transport=polling", .get, false, .refused(.unsupportedRevision)),
            ("EIO=abc&transport=polling", .get, false, .refused(.unsupportedRevision)),
            ("EIO=abc&transport=websocket", .get, true, .refused(.unsupportedRevision)),
            ("EIO=4&transport=polling&j=0", .get, false, .refused(.badRequest)),
        ]
        for (text, method, isUpgrade, expected) in rows {
            #expect(decide(text, method, isUpgrade: isUpgrade) == expected, "\(text) \(method) \(isUpgrade)")
        }
    }

    @Test func `a policy narrows transports and widens revisions`() {
        let rows: [(String, Bool, EnginePolicy, EngineDecision)] = [
            ("EIO=4&transport=polling", false, EnginePolicy(transports: [.websocket]), .refused(.transportUnknown)),
            ("EIO=4&transport=websocket", true, EnginePolicy(transports: [.polling]), .refused(.transportUnknown)),
            ("EIO=3&transport=polling", false, revision3, .handshake(.three)),
            ("transport=polling", false, revision3, .handshake(.three)),
            ("EIO=3&transport=polling&j=0", false, revision3, .handshake(.three)),
            ("EIO=3&transport=websocket", true, revision3, .handshake(.three)),
            ("EIO=4&transport=polling&j=0", false, revision3, .refused(.badRequest)),
            ("EIO=5&transport=polling", false, revision3, .refused(.unsupportedRevision)),
        ]
        for (text, isUpgrade, policy, expected) in rows {
            #expect(decide(text, isUpgrade: isUpgrade, policy: policy) == expected, "\(text)")
        }
        #expect(EngineTransport.polling.upgrades(among: [.polling, .websocket]) == [.websocket])
        #expect(EngineTransport.polling.upgrades(among: [.polling]) == [])
        #expect(EngineTransport.websocket.upgrades(among: [.polling, .websocket]) == [])
    }

    @Test func `requests of a session are decided by its route`() {
        let (poll, socket) = ("EIO=4&transport=polling&sid=x", "EIO=4&transport=websocket&sid=x")
        let bad = EngineDecision.refused(.badRequest)
        let rows: [(String, EngineRequest.Method, Bool, [EngineDecision])] = [
            (poll, .get, false, [.poll, .poll, bad]),
            (poll, .post, false, [.post, .post, bad]),
            (poll, .other, false, [bad, bad, bad]),
            (poll, .get, true, [bad, bad, bad]),
            (socket, .get, true, [.upgrade, .uselessUpgrade, .uselessUpgrade]),
            (socket, .get, false, [bad, bad, bad]),
            (socket, .post, false, [bad, bad, bad]),
            (socket, .post, true, [bad, bad, bad]),
            (poll + "&j=0", .get, false, [bad, bad, bad]),
        ]
        for (text, method, isUpgrade, expected) in rows {
            for (session, decision) in zip([polling, upgrading, websocket], expected) {
                let actual = decide(text, method, isUpgrade: isUpgrade, session: session)
                #expect(actual == decision, "\(text) \(method) \(isUpgrade) \(session.route)")
            }
        }
    }

    @Test func `E-06, the revision stays that of the handshake`() {
        for eio in ["", "EIO=3&", "EIO=5&", "EIO=abc&"] {
            for session in [polling, upgrading, websocket] {
                for (transport, isUpgrade) in [("polling", false), ("websocket", true)] {
                    for method in [EngineRequest.Method.get, .post] {
                        let decision = decide(
                            "\(eio)transport=\(transport)&sid=x", method, isUpgrade: isUpgrade, policy: revision3,
                            session: session)
                        #expect(decision == .refused(.badRequest))
                    }
                }
            }
        }
        let old = EngineSessionStatus(revision: .three, route: .polling)
        #expect(decide("transport=polling&sid=x", policy: revision3, session: old) == .poll)
        #expect(decide("EIO=3&transport=polling&sid=x&j=7", .post, policy: revision3, session: old) == .post)
        #expect(decide("EIO=4&transport=polling&sid=x", policy: revision3, session: old) == .refused(.badRequest))
    }

    @Test(arguments: [
        "", "x", "__proto__", "constructor", "toString", "\u{0}", "é", String(repeating: "a", count: 4096),
    ])
    func `E-03 and E-07, an unknown id is unknown whatever it is, on every way in`(_ sid: String) {
        for (transport, isUpgrade) in [("polling", false), ("websocket", true)] {
            for method in [EngineRequest.Method.get, .post, .other] {
                let decision = decide("EIO=4&transport=\(transport)&sid=\(sid)", method, isUpgrade: isUpgrade)
                #expect(decision == .refused(.sessionUnknown))
            }
        }
    }

    @Test func `E-05, a foreign origin is refused on every request`() {
        for (session, sid) in [(nil, ""), (polling, "&sid=x"), (upgrading, "&sid=x"), (websocket, "&sid=x")] {
            for (transport, isUpgrade) in [("polling", false), ("websocket", true)] {
                for method in [EngineRequest.Method.get, .post, .other] {
                    let text = "EIO=4&transport=\(transport)\(sid)"
                    let foreign = decide(text, method, isUpgrade: isUpgrade, origin: .foreign, session: session)
                    #expect(foreign == .refused(.forbidden()))
                    let malformed = decide(text, method, isUpgrade: isUpgrade, origin: .malformed, session: session)
                    #expect(malformed == .refused(.badRequest))
                }
            }
        }
        #expect(decide("EIO=4&transport=abc", origin: .foreign) == .refused(.transportUnknown))
    }

    @Test func `E-04, a request without the session's proof is forbidden on every way in`() {
        for route in [EngineSessionStatus.Route.polling, .upgrading, .websocket] {
            let session = EngineSessionStatus(revision: .four, route: route, isProven: false)
            for (transport, isUpgrade) in [("polling", false), ("websocket", true)] {
                let text = "EIO=4&transport=\(transport)&sid=x"
                #expect(decide(text, isUpgrade: isUpgrade, session: session) == .refused(.forbidden()))
            }
        }
    }

    @Test func `refusals have the reference's codes, statuses and JSON`() {
        let rows: [(EngineRefusal, Int, String)] = [
            (.transportUnknown, 400, #"{"code":0,"message":"Transport unknown"}"#),
            (.sessionUnknown, 400, #"{"code":1,"message":"Session ID unknown"}"#),
            (.badMethod, 400, #"{"code":2,"message":"Bad handshake method"}"#),
            (.badRequest, 400, #"{"code":3,"message":"Bad request"}"#),
            (.forbidden(), 403, #"{"code":4,"message":"Forbidden"}"#),
            (.forbidden("say \"please\""), 403, #"{"code":4,"message":"say \"please\""}"#),
            (.unsupportedRevision, 400, #"{"code":5,"message":"Unsupported protocol version"}"#),
        ]
        for (refusal, status, json) in rows {
            #expect(refusal.status == status)
            #expect(String(decoding: refusal.json, as: UTF8.self) == json)
        }
        #expect(EngineRefusal.sessionUnknown.message == "Session ID unknown")
    }
}
