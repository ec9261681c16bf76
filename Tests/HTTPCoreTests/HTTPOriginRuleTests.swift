import HTTPCore
import HTTPTypes
import Testing

private func request(_ fields: HTTPFields, host: String = "game.example") throws -> HTTPFields {
    var fields = fields
    fields[try #require(HTTPField.Name("Host"))] = host
    return fields
}

@Suite("RFC 6454 §7.3, Fetch §3.3: origins")
struct HTTPOriginRuleTests {
    @Test func `the own host and listed origins are allowed, others are foreign`() throws {
        let rule = HTTPOriginRule(origins: ["https://Friend.example", "app://localhost"])
        let rows: [(String, Bool)] = [
            ("http://game.example", true), ("https://game.example", true), ("https://GAME.example", true),
            ("https://friend.example", true), ("app://localhost", true),
            ("https://game.example:8443", false), ("http://friend.example", false), ("https://friend.example:1", false),
            ("https://game.example.evil.example", false), ("https://evilgame.example", false), ("null", false),
            ("game.example", false), ("://game.example", false), ("https:/game.example", false),
            ("https://game.example/", false), ("https://friend.example/x", false), ("https://", false), ("*", false),
        ]
        for (origin, isAllowed) in rows {
            let verdict = rule.verdict(try request([.origin: origin]))
            #expect(verdict == (isAllowed ? .allowed(origin) : .foreign), "\(origin)")
        }
        #expect(rule.verdict(try request([:])) == .absent)
    }

    @Test func `the own host is compared with its port`() throws {
        let rule = HTTPOriginRule()
        let fields = try request([.origin: "http://localhost:7777"], host: "LocalHost:7777")
        #expect(rule.verdict(fields) == .allowed("http://localhost:7777"))
        #expect(rule.verdict(try request([.origin: "http://localhost"], host: "localhost:7777")) == .foreign)
        #expect(HTTPOriginRule().verdict([.origin: "http://localhost"]) == .foreign)
    }

    @Test(arguments: ["", "a b", "a\tb", "http://é"])
    func `an origin of other bytes is malformed, even where all are allowed`(_ origin: String) throws {
        for rule in [HTTPOriginRule(), HTTPOriginRule(origins: ["*"])] {
            #expect(rule.verdict(try request([.origin: origin])) == .malformed)
        }
    }

    @Test func `two origins are malformed`() throws {
        var fields = try request([.origin: "http://game.example"])
        fields.append(HTTPField(name: .origin, value: "http://game.example"))
        #expect(HTTPOriginRule().verdict(fields) == .malformed)
    }

    @Test func `a rule for all says so, and never allows cookies`() throws {
        let rule = HTTPOriginRule(origins: ["*"], allowsCredentials: true)
        let verdict = rule.verdict(try request([.origin: "null"]))
        #expect(verdict == .allowed("null"))
        #expect(rule.fields(for: verdict) == [.accessControlAllowOrigin: "*"])
        #expect(rule.fields(for: .absent) == [.accessControlAllowOrigin: "*"])
    }

    @Test func `a rule for all that echoes names each origin, and may allow cookies`() throws {
        let rule = HTTPOriginRule(origins: ["*"], allowsCredentials: true, echoesOrigins: true)
        let asked = try request([.origin: "https://any.example", .accessControlRequestMethod: "POST"])
        let verdict = rule.verdict(asked)
        #expect(
            rule.fields(for: verdict) == [
                .vary: "Origin", .accessControlAllowOrigin: "https://any.example",
                .accessControlAllowCredentials: "true",
            ])
        #expect(rule.fields(for: .absent) == [.vary: "Origin"])
        let preflight = rule.preflightFields(asked)
        #expect(preflight?[.accessControlAllowOrigin] == "https://any.example")
        #expect(preflight?[.vary] == "Origin, Access-Control-Request-Headers")
        let without = HTTPOriginRule(origins: ["*"], echoesOrigins: true)
        #expect(without.fields(for: verdict)[.accessControlAllowCredentials] == nil)
    }

    @Test func `a rule for some repeats the origin that it allows, and always says that answers vary`() {
        let rule = HTTPOriginRule(origins: ["https://a.example"])
        let origin = HTTPOriginVerdict.allowed("https://a.example")
        #expect(rule.fields(for: origin) == [.vary: "Origin", .accessControlAllowOrigin: "https://a.example"])
        for verdict in [HTTPOriginVerdict.absent, .foreign, .malformed] {
            #expect(rule.fields(for: verdict) == [.vary: "Origin"])
        }
        let withCookies = HTTPOriginRule(origins: ["https://a.example"], allowsCredentials: true)
        #expect(withCookies.fields(for: origin)[.accessControlAllowCredentials] == "true")
        #expect(withCookies.fields(for: .foreign)[.accessControlAllowCredentials] == nil)
    }

    @Test func `a preflight is answered with what it asks for`() throws {
        let rule = HTTPOriginRule(origins: ["https://a.example"], allowsCredentials: true)
        let asked = try request([
            .origin: "https://a.example", .accessControlRequestMethod: "POST",
            .accessControlRequestHeaders: "content-type, x-game",
        ])
        #expect(
            rule.preflightFields(asked) == [
                .vary: "Origin, Access-Control-Request-Headers", .accessControlAllowOrigin: "https://a.example",
                .accessControlAllowCredentials: "true", .accessControlAllowMethods: "GET, POST",
                .accessControlMaxAge: "600", .accessControlAllowHeaders: "content-type, x-game",
            ])
        let any = HTTPOriginRule(origins: ["*"]).preflightFields(asked)
        #expect(any?[.accessControlAllowOrigin] == "*" && any?[.vary] == "Access-Control-Request-Headers")
    }

    @Test func `what is no preflight, or comes from a foreign origin, is not answered as one`() throws {
        let rule = HTTPOriginRule(origins: ["https://a.example"])
        #expect(rule.preflightFields(try request([.origin: "https://a.example"])) == nil)
        #expect(rule.preflightFields(try request([.accessControlRequestMethod: "POST"])) == nil)
        let foreign = try request([.origin: "https://b.example", .accessControlRequestMethod: "POST"])
        #expect(rule.preflightFields(foreign) == nil)
    }

    @Test(arguments: ["", "a;b", "a\"b", "é"])
    func `names that are none are not repeated`(_ names: String) throws {
        let rule = HTTPOriginRule(origins: ["*"])
        let asked = try request([
            .origin: "https://a.example", .accessControlRequestMethod: "POST", .accessControlRequestHeaders: names,
        ])
        let fields = try #require(rule.preflightFields(asked))
        #expect(fields[.accessControlAllowHeaders] == nil)
    }
}
