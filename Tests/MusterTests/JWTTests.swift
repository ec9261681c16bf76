import ByteKit
import Crypto
import Foundation
import JSONCore
import Logging
import Synchronization
import Testing

@testable import Muster

/// Files of keys that come and go with a test.
private enum TemporaryFile {
    static func make(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).json").path
        try write(text, to: path)
        return path
    }

    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }
}

/// A service that signs JWTs with a key of its own.
private struct Issuer: Sendable {
    let id: String
    let algorithm: String
    let jwk: JSONValue
    private let sign: @Sendable ([UInt8]) throws -> [UInt8]

    static func hs256(_ id: String, secret: [UInt8] = Array(repeating: 9, count: 32)) -> Issuer {
        let key = SymmetricKey(data: secret)
        return Issuer(
            id: id, algorithm: "HS256",
            jwk: ["kty": "oct", "kid": .string(id), "k": .string(Base64.encodeURL(secret)), "alg": "HS256"],
            sign: { Array(HMAC<SHA256>.authenticationCode(for: $0, using: key)) })
    }

    static func es256(_ id: String) -> Issuer {
        let key = P256.Signing.PrivateKey()
        let point = Array(key.publicKey.rawRepresentation)
        return Issuer(
            id: id, algorithm: "ES256",
            jwk: [
                "kty": "EC", "crv": "P-256", "kid": .string(id), "x": .string(Base64.encodeURL(Array(point[..<32]))),
                "y": .string(Base64.encodeURL(Array(point[32...]))),
            ], sign: { Array(try key.signature(for: $0).rawRepresentation) })
    }

    static func eddsa(_ id: String) -> Issuer {
        let key = Curve25519.Signing.PrivateKey()
        return Issuer(
            id: id, algorithm: "EdDSA",
            jwk: [
                "kty": "OKP", "crv": "Ed25519", "kid": .string(id), "use": "sig",
                "x": .string(Base64.encodeURL(Array(key.publicKey.rawRepresentation))),
            ], sign: { Array(try key.signature(for: $0)) })
    }

    func token(_ claims: JSONValue, header: JSONValue? = nil) throws -> String {
        let header = header ?? ["alg": .string(algorithm), "kid": .string(id), "typ": "JWT"]
        let signed = Base64.encodeURL(Array(header.text.utf8)) + "." + Base64.encodeURL(Array(claims.text.utf8))
        return signed + "." + Base64.encodeURL(try sign(Array(signed.utf8)))
    }
}

@Suite("JWTs of players (RFC 7519)")
struct JWTTests {
    private let now = 1_800_000_000.0

    private func verifier(
        _ issuers: [Issuer], _ adjust: (inout AuthSettings) -> Void = { _ in }
    ) throws -> (verifier: JWTVerifier, path: String) {
        let path = try TemporaryFile.make(set(issuers))
        var settings = AuthSettings()
        adjust(&settings)
        let now = now
        return (try JWTVerifier(settings, path: path, now: { now }), path)
    }

    private func set(_ issuers: [Issuer]) -> String { JSONValue.object(["keys": .array(issuers.map(\.jwk))]).text }

    private func denial(_ verifier: JWTVerifier, _ token: String, lobby: String = "x") async -> String? {
        do {
            _ = try await verifier.identity(of: token, joining: lobby)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private var good: JSONValue { ["sub": "u1", "exp": .number(now + 60), "name": "Ann", "role": "referee"] }

    @Test func `a token of each algorithm says who it is`() async throws {
        let issuers = [Issuer.hs256("a"), .es256("b"), .eddsa("c")]
        let (verifier, _) = try verifier(issuers)
        for issuer in issuers {
            let identity = try await verifier.identity(of: try issuer.token(good), joining: "x")
            #expect(identity == PlayerIdentity(subject: "u1", name: "Ann", role: "referee"))
        }
    }

    @Test func `times, audience, issuer and lobby are checked`() async throws {
        let issuer = Issuer.es256("a")
        let (verifier, _) = try verifier([issuer]) {
            $0.audience = "muster"
            $0.issuer = "https://login.example"
        }
        let base: JSONObject = [
            "sub": "u1", "exp": .number(now + 60), "aud": ["other", "muster"], "iss": "https://login.example",
        ]
        func told(_ key: String, _ value: JSONValue?) async throws -> String? {
            var claims = base
            claims[key] = value
            return await denial(verifier, try issuer.token(.object(claims)))
        }
        #expect(try await told("lobby", nil) == nil)
        #expect(try await told("aud", "muster") == nil)
        #expect(try await told("lobby", "x") == nil)
        #expect(try await told("nbf", .number(now)) == nil)
        #expect(try await told("exp", .number(now - 4)) == nil, "clocks may be 5 s apart")
        #expect(try await told("exp", .number(now - 6)) == "the JWT has expired")
        #expect(try await told("nbf", .number(now + 6)) == "the JWT is not good yet")
        for audience in ["other", nil, [], ["other"]] as [JSONValue?] {
            #expect(try await told("aud", audience) == "the JWT is for another audience")
        }
        #expect(try await told("iss", "https://evil.example") == "the JWT has another issuer")
        #expect(try await told("iss", nil) == "the JWT has another issuer")
        #expect(try await told("lobby", "y") == "the JWT is for another lobby")
        #expect(try await told("sub", nil)?.contains("lacks a claim") == true)
        #expect(try await told("exp", nil)?.contains("lacks a claim") == true)
        #expect(try await told("exp", "soon")?.contains("lacks a claim") == true)
        #expect(try await told("aud", .integer(1))?.contains("lacks a claim") == true)
        #expect(try await told("sub", "") == "a subject is 1 to 128 bytes, and a role has no more")
    }

    @Test func `a key is good for its own algorithm alone, and a token for its own key`() async throws {
        let (shared, point, edwards) = (Issuer.hs256("a"), Issuer.es256("b"), Issuer.eddsa("c"))
        let (verifier, _) = try verifier([shared, point, edwards])
        let nobody = "the JWT was signed by nobody that this server knows"
        // The public key of another, used as a secret.
        let confused = Issuer.hs256("b", secret: Array((point.jwk["x"]?.string ?? "").utf8))
        #expect(await denial(verifier, try confused.token(good)) == nobody)
        #expect(await denial(verifier, try Issuer.es256("b").token(good)) == nobody, "another key of that id")
        for header in [
            ["alg": "none"], ["alg": "none", "kid": "a"], ["alg": "HS256", "kid": "z"], ["alg": "HS256"],
            ["alg": "HS512", "kid": "a"], ["kid": "a"],
        ] as [JSONValue] {
            #expect(await denial(verifier, try shared.token(good, header: header)) == nobody, "\(header)")
        }
        let critical: JSONValue = ["alg": "HS256", "kid": "a", "crit": ["exp"]]
        #expect(await denial(verifier, try shared.token(good, header: critical))?.contains("does not know") == true)
        let (lone, _) = try self.verifier([edwards])
        #expect(await denial(lone, try edwards.token(good, header: ["alg": "EdDSA"])) == nil, "there is but one key")
    }

    @Test func `what is no token is refused, and nothing traps`() async throws {
        let issuer = Issuer.hs256("a")
        let (verifier, _) = try verifier([issuer])
        let token = try issuer.token(good)
        let parts = token.split(separator: ".").map(String.init)
        let wrong = [
            "", ".", "..", "...", "a.b.c", parts[0], parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".",
            token + ".", token + "A", parts[0] + "." + parts[2] + "." + parts[2], String(repeating: "A", count: 5_000),
            "\u{0}.\u{0}.\u{0}", try issuer.token([1, 2]), try issuer.token(.null), try issuer.token("x"),
        ]
        for text in wrong { #expect(await denial(verifier, text) != nil, "\(text.prefix(40))") }
        for index in token.utf8.indices.enumerated() where index.offset % 3 == 0 {
            var bytes = Array(token.utf8)
            bytes[index.offset] ^= 1
            _ = await denial(verifier, String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func `the keys are read anew, and a file that is no good changes nothing`() async throws {
        let (old, new) = (Issuer.es256("a"), Issuer.eddsa("b"))
        let (verifier, path) = try verifier([old])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        #expect(await denial(verifier, try new.token(good)) != nil)
        try TemporaryFile.write(set([new]), to: path)
        verifier.reload(logger)
        #expect(await denial(verifier, try new.token(good)) == nil)
        #expect(await denial(verifier, try old.token(good)) != nil)
        try TemporaryFile.write("{", to: path)
        verifier.reload(logger)
        #expect(await denial(verifier, try new.token(good)) == nil)
    }

    @Test(arguments: [
        ("{", "JSON"), ("[]", "1 to 64 keys"), (#"{"keys":[]}"#, "1 to 64 keys"), (#"{"keys":[{}]}"#, "\"kty\""),
        (#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, "\"kty\""),
        (#"{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}"#, "32 bytes"),
        (#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#, "no key"),
        (#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#, "no key"),
        (#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","use":"enc"}]}"#, "not for signatures"),
    ])
    func `a file of keys that cannot be used is refused in words`(_ text: String, _ word: String) throws {
        do {
            _ = try JWTKeys(json: Array(text.utf8))
            Issue.record("taken: \(text)")
        } catch {
            #expect("\(error)".contains(word) || word == "JSON", "\(error)")
        }
    }

    @Test func `an author's own check has the say after a token, and the join hook the last word`() async throws {
        let issuer = Issuer.es256("a")
        var gate = JoinGate()
        gate.tokens = try verifier([issuer]).verifier
        let attempt = JoinAttempt(
            lobby: "x", game: nil, name: "n", isResume: false, takesSeat: true, address: "", payload: "{}",
            identity: .guest)
        let seen = Mutex<[String?]>([])
        gate.identify = { attempt in
            seen.withLock { $0.append(attempt.identity.subject) }
            return PlayerIdentity(subject: attempt.identity.subject.map { "\($0)!" }, name: "N")
        }
        gate.authorize = { attempt in
            seen.withLock { $0.append(attempt.identity.subject) }
            if attempt.identity.subject == nil { throw JoinDenied("no guests") }
        }
        let identity = try await gate.decide(attempt, jwt: try issuer.token(good))
        #expect(identity == PlayerIdentity(subject: "u1!", name: "N") && seen.withLock { $0 } == ["u1", "u1!"])
        await #expect(throws: JoinDenied.self) { try await gate.decide(attempt, jwt: nil) }
        await #expect(throws: JoinDenied.self) { try await gate.decide(attempt, jwt: "forged") }
    }
}
