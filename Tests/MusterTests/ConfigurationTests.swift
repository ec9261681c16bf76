import Configuration
import Determinism
import HTTPCore
import Foundation
import JSONCore
import ServerCore
import Testing

@testable import Muster

@Suite("Configuration: sources and their priority")
struct ConfigurationSourcesTests {
    @Test func `without any source every value is the default`() throws {
        let loaded = try Sources().load()
        #expect(loaded.sources.isEmpty)
        #expect(loaded.configuration.listen == [.ip(host: "127.0.0.1", port: 7777)])
        #expect(loaded.configuration.server.admission.connectionsMax == ServerSettings().admission.connectionsMax)
        #expect(loaded.configuration.admin.password == nil)
    }

    @Test func `a flag overrides the environment, which overrides the file, which overrides the default`() throws {
        var sources = Sources(file: #"{"limits": {"lobbies": 11, "connections": 12, "namespaces": 13}}"#)
        sources.environment = ["MUSTER_LIMITS_LOBBIES": "21", "MUSTER_LIMITS_CONNECTIONS": "22"]
        sources.flags = ["limits.lobbies": ["31"]]
        let loaded = try sources.load()
        #expect(loaded.configuration.server.lobbiesMax == 31)
        #expect(loaded.configuration.server.admission.connectionsMax == 22)
        #expect(loaded.configuration.server.namespacesMax == 13)
        #expect(loaded.sources["limits.lobbies"] == "flag --limits-lobbies")
        #expect(loaded.sources["limits.connections"] == "environment MUSTER_LIMITS_CONNECTIONS")
        #expect(loaded.sources["limits.namespaces"]?.hasPrefix("file ") == true)
        #expect(loaded.sources["limits.messageBytes"] == nil)
    }

    @Test func `every kind of value is read from a file`() throws {
        let loaded = try Sources(
            file: """
                {"listen": ["[::1]:80", "unix:/run/muster.sock"], "drainSeconds": 2.5, "heartbeat.timeoutSeconds": 3,
                 "limits": {"messageBytes": 4096}, "admin": {"enabled": false, "user": "root", "password": "correct horse"},
                 "origins": ["https://example.org", "*"], "lobby": {"defaultGame": "arena"}, "log": {"level": "debug"}}
                """
        ).load().configuration
        #expect(loaded.listen == [.ip(host: "::1", port: 80), .unix(path: "/run/muster.sock")])
        #expect(loaded.server.drainTime == .milliseconds(2_500))
        #expect(loaded.server.heartbeatTimeout == .seconds(3))
        #expect(loaded.server.messageBytesMax == 4_096)
        #expect(!loaded.admin.isEnabled && loaded.admin.user == "root" && loaded.admin.password == "correct horse")
        #expect(loaded.server.allowedOrigins == ["https://example.org", "*"])
        #expect(loaded.server.defaultGame == "arena")
        #expect(loaded.logLevel == .debug)
    }

    @Test func `a variable or flag holds a list separated by commas, and a list flag may be repeated`() throws {
        let loaded = try Sources(
            environment: ["MUSTER_ORIGINS": "https://a.example, https://b.example", "MUSTER_LOBBY_DEFAULT_GAME": ""],
            flags: ["listen": ["127.0.0.1:1", "127.0.0.1:2"]]
        ).load().configuration
        #expect(loaded.server.allowedOrigins == ["https://a.example", "https://b.example"])
        #expect(loaded.server.defaultGame == nil)
        #expect(loaded.listen == [.ip(host: "127.0.0.1", port: 1), .ip(host: "127.0.0.1", port: 2)])
    }

    @Test(arguments: ConfigurationKey.all.map(\.name))
    func `every key is found in the environment under its variable and among the flags`(_ name: String) throws {
        let key = try #require(ConfigurationKey.named(name))
        let text = Self.example(key)
        let variable = try Sources(environment: [key.variable: text]).load()
        #expect(variable.sources == [name: "environment \(key.variable)"])
        let flag = try Sources(flags: [name: [text]]).load()
        #expect(flag.sources == [name: "flag --\(key.flag)"])
    }

    /// A text that the key allows.
    private static func example(_ key: ConfigurationKey) -> String {
        if key.isSecret { return "correct-horse-battery" }
        switch key.read(MusterConfiguration()) {
        case .string(let text): return text
        case .stringArray(let texts): return texts.joined(separator: ",")
        case .int(let number): return "\(number)"
        case .double(let number): return "\(number)"
        case .bool(let value): return "\(value)"
        default: return ""
        }
    }
}

@Suite("Configuration: refusals")
struct ConfigurationRefusalTests {
    @Test(arguments: [
        (
            #"{"limits": {"lobbies": 0}}"#,
            "limits.lobbies: 0 (FILE) is refused; it must be a whole number from 1 to 100000"
        ),
        (#"{"limits": {"lobbies": "5"}}"#, #"limits.lobbies: "5" (FILE) is refused; it must be a whole number"#),
        (#"{"limits": {"lobbies": true}}"#, "limits.lobbies: true (FILE) is refused"),
        (#"{"limits": {"lobbies": null}}"#, "limits.lobbies: null (FILE) is refused"),
        (#"{"limits": {"lobbies": 1.5}}"#, "limits.lobbies: 1.5 (FILE) is refused"),
        (#"{"limits": {"lobbies": 1e300}}"#, "limits.lobbies: 1e+300 (FILE) is refused"),
        (#"{"admin": {"enabled": 1}}"#, "admin.enabled: 1 (FILE) is refused; it must be true or false"),
        (#"{"drainSeconds": -1}"#, "drainSeconds: -1 (FILE) is refused; it must be from 0 to 3600 seconds"),
        (#"{"listen": []}"#, "listen: [] (FILE) is refused; it must be one or more of HOST:PORT"),
        (#"{"listen": ["a:1", 2]}"#, #"listen: ["a:1",2] (FILE) is refused"#),
        (#"{"listen": "a:1"}"#, #"listen: "a:1" (FILE) is refused"#),
        (#"{"origins": ["example.org"]}"#, #"origins: ["example.org"] (FILE) is refused"#),
        (#"{"origins": ["https://example.org/path"]}"#, "origins: "),
        (#"{"log": {"level": "loud"}}"#, #"log.level: "loud" (FILE) is refused; it must be one of error, warning"#),
        (#"{"limits": 5}"#, "limits: 5 (FILE) is refused; it must be an object of keys"),
        (#"{"limits": {"lobies": 5}}"#, "limits.lobies (FILE) is not known; did you mean limits.lobbies?"),
        (#"{"listne": ["a:1"]}"#, "listne (FILE) is not known; did you mean listen?"),
        (#"{"colour": {}}"#, "colour (FILE) is not known; muster host --print-config shows every key"),
        (#"{"limits": {"lobbies": 5}, "limits.lobbies": 6}"#, "limits.lobbies (FILE) is set twice"),
        (#"[1]"#, "FILE must hold one JSON object"),
        ("{\n\"drainSeconds\": 1,\n}", "FILE, line 3: JSON at byte 21"),
        (#"{"drainSeconds": 1, "drainSeconds": 2}"#, "FILE, line 1: JSON at byte 20: the object already has this key"),
    ])
    func `a file with a bad value or an unknown key is refused with its name, value and what is allowed`(
        _ file: String, _ expected: String
    ) throws {
        let problems = Sources(file: file).problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test(arguments: [
        ("MUSTER_LIMITS_LOBBIES", "many", #"limits.lobbies: "many" (environment MUSTER_LIMITS_LOBBIES) is refused"#),
        ("MUSTER_LIMITS_LOBBIES", "", #"limits.lobbies: "" (environment MUSTER_LIMITS_LOBBIES) is refused"#),
        ("MUSTER_DRAIN_SECONDS", "nan", #"drainSeconds: "nan" (environment MUSTER_DRAIN_SECONDS) is refused"#),
        ("MUSTER_ADMIN_USER", "a\u{1B}[2J", #"admin.user: "a\u001b[2J" (environment MUSTER_ADMIN_USER) is refused"#),
        ("MUSTER_LISTEN", "", #"listen: "" (environment MUSTER_LISTEN) is refused"#),
        ("MUSTER_LISTN", "x", "MUSTER_LISTN (environment) is not known; did you mean MUSTER_LISTEN?"),
        ("MUSTER_CONFG", "x", "MUSTER_CONFG (environment) is not known; did you mean MUSTER_CONFIG?"),
    ])
    func `a bad or unknown variable is refused`(_ name: String, _ value: String, _ expected: String) throws {
        let problems = Sources(environment: [name: value]).problems()
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test func `variables of others are left alone`() throws {
        #expect(Sources(environment: ["MUSTERING": "x", "LISTEN": "x", "HOME": "/"]).problems().isEmpty)
    }

    @Test func `a bad flag names the flag, and a flag that is no list may be given once`() {
        let problems = Sources(flags: ["drainSeconds": ["soon"], "limits.lobbies": ["1", "2"]]).problems()
        #expect(problems.contains { $0.hasPrefix(#"drainSeconds: "soon" (flag --drain-seconds) is refused"#) })
        #expect(problems.contains("--limits-lobbies is given more than once"))
    }

    @Test func `all problems of all sources are told at once, also of values that are overridden`() {
        var sources = Sources(file: #"{"limits": {"lobbies": 0, "lobies": 1}, "nonsense": 2}"#)
        sources.environment = ["MUSTER_LIMITS_LOBBIES": "-1", "MUSTER_NONSENSE": "1"]
        sources.flags = ["limits.lobbies": ["5"], "log.level": ["x"]]
        #expect(sources.problems().count == 6)
    }

    @Test func `a named file that is not there is refused, and a missing default file is not`() throws {
        let problem = #expect(throws: ConfigurationError.self) {
            _ = try MusterConfiguration.load(file: "no/such/muster.json", environment: [:])
        }
        #expect(problem?.problems == ["file no/such/muster.json cannot be read: there is no such file"])
        let byVariable = #expect(throws: ConfigurationError.self) {
            _ = try MusterConfiguration.load(environment: ["MUSTER_CONFIG": "no/such/other.json"])
        }
        #expect(byVariable?.problems == ["file no/such/other.json cannot be read: there is no such file"])
    }

    @Test(arguments: [
        ("limits.conections", "limits.connections"), ("LIMITS.LOBBIES", "limits.lobbies"),
        ("heartbeat.timeout", "heartbeat.timeoutSeconds"), ("orgins", "origins"), ("xyz", nil), ("", nil),
    ])
    func `the nearest known key is suggested, if any is near`(_ name: String, _ expected: String?) {
        #expect(Suggestion.nearest(to: name, among: ConfigurationKey.all.map(\.name)) == expected)
    }

    @Test func `an edit is a byte inserted, removed or replaced`() {
        #expect(Suggestion.edits("kitten", "sitting") == 3)
        #expect(Suggestion.edits("", "abc") == 3)
        #expect(Suggestion.edits("abc", "") == 3)
        #expect(Suggestion.edits("abc", "abc") == 0)
    }
}

@Suite("Configuration: settings that belong together")
struct ConfigurationConflictTests {
    @Test(arguments: [
        (
            [("listen", "https://a:1")],
            "tls.certificate: https://a:1 in listen needs one, and tls.key; scripts/dev-cert"
        ),
        (
            [("listen", "https://a:1"), ("tls.certificate", "c.pem")],
            "tls.key: there are 0 for the 1 of tls.certificate"
        ),
        (
            [("tls.certificate", "c.pem"), ("tls.key", "k.pem")],
            "tls.certificate: no address in listen begins with https"
        ),
        (
            [("listen", "https://a:1"), ("tls.certificate", "c.pem"), ("tls.key", "k.pem"), ("tls.key", "l.pem")],
            "tls.key: there are 2 for the 1 of tls.certificate"
        ),
        ([("proxyProtocol", "true")], "proxyProtocol: true means nothing without"),
    ])
    func `each contradiction is one sentence`(_ flags: [(String, String)], _ expected: String) {
        let problems = Sources(flags: Dictionary(grouping: flags, by: \.0).mapValues { $0.map(\.1) }).problems()
        #expect(problems.count == 1 && problems[0].hasPrefix(expected), "\(problems)")
    }

    @Test func `plain and encrypted addresses, several certificates and proxies go together`() throws {
        let loaded = try Sources(
            file: """
                {"listen": ["127.0.0.1:1", "https://[::]:2"], "tls": {"certificate": ["a.pem", "b.pem"], "key": ["a.key", "b.key"]},
                 "proxies": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"], "proxyProtocol": true}
                """
        ).load().configuration
        #expect(loaded.listen == [.ip(host: "127.0.0.1", port: 1), .tls(host: "::", port: 2)])
        #expect(loaded.tls.certificate == ["a.pem", "b.pem"] && loaded.tls.key == ["a.key", "b.key"])
        #expect(
            loaded.server.admission.proxies.map(\.description) == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"])
    }

    @Test(arguments: ["10.0.0.1/8", "10.0.0.0/33", "localhost", "*", "10.0.0.0/"])
    func `a range with bits behind its prefix, or that is none, is refused`(_ text: String) {
        #expect(Sources(flags: ["proxies": [text]]).problems().count == 1)
    }

    @Test func `a server with a certificate that is not there does not start, and says which`() {
        var configuration = MusterConfiguration()
        configuration.listen = [.tls(host: "127.0.0.1", port: 0)]
        configuration.tls.certificate = ["no/such.pem"]
        configuration.tls.key = ["no/such.key"]
        let error = #expect(throws: ConfigurationError.self) {
            try MusterServer(configuration: configuration).run()
        }
        #expect(error?.problems == ["tls.certificate: no/such.pem cannot be used: No such file or directory"])
    }
}

@Suite("Configuration: listen addresses")
struct ListenAddressTests {
    @Test(arguments: [
        "127.0.0.1:7777", "localhost:0", "[::1]:65535", "[2001:db8::1]:80", "unix:/run/a b.sock",
        "https://127.0.0.1:7443", "https://[::1]:0",
    ])
    func `an address is written as it was read`(_ text: String) {
        #expect(ListenAddress(text)?.description == text)
    }

    @Test func `https means TLS, and http means what nothing means`() {
        #expect(ListenAddress("https://[::]:443") == .tls(host: "::", port: 443))
        #expect(ListenAddress("http://localhost:80") == .ip(host: "localhost", port: 80))
    }

    @Test(arguments: [
        "", ":", ":80", "host", "host:", "host:65536", "host:+1", "host:-1", "host:1:2", "::1:80", "[::1]", "[]:80",
        "[host]:80", "[::1:80", "host :80", "ho/st:80", "https://host", "https://", "https://host:80/", "wss://host:80",
        "http://http://host:80", "HTTPS://host:80",
        "https://unix:/run/a.sock", "unix:", "unix:a\0b", "host:000080",
        "unix:" + String(repeating: "a", count: 108),
    ])
    func `anything else is refused`(_ text: String) {
        #expect(ListenAddress(text) == nil)
    }
}

/// What a test configures from: the text of a file, variables, flags.
struct Sources {
    var file: String?
    var environment: [String: String] = [:]
    var flags: [String: [String]] = [:]

    /// Loads it, with the file in a folder of its own.
    func load() throws -> LoadedConfiguration {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "muster.json").path
        if let file { try Data(file.utf8).write(to: URL(filePath: path)) }
        do throws(ConfigurationError) {
            return try MusterConfiguration.load(
                file: file == nil ? nil : path, environment: environment, flags: flags)
        } catch {
            throw ConfigurationError(problems: error.problems.map { $0.replacing("file \(path)", with: "FILE") })
        }
    }

    /// What is wrong with it; the file is called FILE.
    func problems() -> [String] {
        do {
            _ = try load()
            return []
        } catch {
            return (error as? ConfigurationError)?.problems ?? ["\(error)"]
        }
    }
}
