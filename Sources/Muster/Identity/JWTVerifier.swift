import ByteKit
import FoundationEssentials
import JSONCore
import JWTKit
import Logging
import Synchronization

/// Finds out who a player is from a JWT that the author's own service has signed (RFC 7519): HS256, ES256 or EdDSA.
///
/// Shared by the loops. The keys are read anew on SIGHUP.
final class JWTVerifier: Sendable {
    /// The longest token, in bytes.
    static let bytesMax = 4_096
    /// How far the clocks of who signs and of who checks may be apart, in seconds.
    static let leeway = 5.0

    private let settings: AuthSettings
    private let path: String
    private let keys: Mutex<JWTKeys>
    private let now: @Sendable () -> Double

    /// A verifier with the keys of a file.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Throws: ``ConfigurationError`` that names the setting, the file and what is wrong with it.
    init(
        _ settings: AuthSettings, path: String, now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws(ConfigurationError) {
        self.settings = settings
        self.path = path
        self.now = now
        do throws(JWTKeysError) {
            keys = Mutex(try JWTKeys(path: path))
        } catch {
            throw ConfigurationError(problems: ["auth.keys: \(path) cannot be used: \(error)"])
        }
    }

    /// Reads the keys anew; on a fault the old ones stay.
    func reload(_ logger: Logger) {
        do throws(JWTKeysError) {
            let fresh = try JWTKeys(path: path)
            keys.withLock { $0 = fresh }
            logger.info("keys of JWTs read anew: \(fresh.keys.count) of \(path)")
        } catch {
            logger.error("the keys of JWTs stay as they were: \(path) cannot be used: \(error)")
        }
    }

    /// Who a token is about, once its signature and its claims have been checked.
    ///
    /// Runs off the caller's loop: to check a signature takes up to a tenth of a millisecond.
    ///
    /// - Throws: ``JoinDenied``.
    @concurrent func identity(of token: String, joining lobby: String) async throws -> PlayerIdentity {
        guard token.utf8.count <= Self.bytesMax, let header = Self.header(of: token) else {
            throw JoinDenied("that is no JWT")
        }
        // A header that asks for more than we know is refused (RFC 7515 §4.1.11).
        guard header["crit"] == nil else { throw JoinDenied("the JWT asks for what this server does not know") }
        guard let key = keys.withLock({ $0.key(id: header["kid"]?.string) }),
            header["alg"]?.string == key.material.algorithm
        else { throw JoinDenied("the JWT was signed by nobody that this server knows") }
        let claims: PlayerClaims
        do {
            let keys = JWTKeyCollection()
            switch key.material {
            case .hs256(let key): await keys.add(hmac: key, digestAlgorithm: .sha256)
            case .es256(let key): await keys.add(ecdsa: key)
            case .eddsa(let key): await keys.add(eddsa: key)
            }
            claims = try await keys.verify(token, as: PlayerClaims.self)
        } catch let error as JWTError where error.errorType == .signatureVerificationFailed {
            throw JoinDenied("the JWT was signed by nobody that this server knows")
        } catch {
            throw JoinDenied("the JWT lacks a claim, or has one wrong: sub and exp are needed")
        }
        try claims.check(settings, lobby: lobby, now: now())
        return PlayerIdentity(subject: claims.sub, name: claims.name, role: claims.role)
    }

    private static func header(of token: String) -> JSONValue? {
        let part = Array(token.utf8.prefix { $0 != UInt8(ascii: ".") })
        guard let bytes = Base64.decodeURL(part.span) else { return nil }
        return try? JSONValue.parse(bytes.span, limits: JSONLimits())
    }
}

/// What a JWT says of a player.
struct PlayerClaims: JWTPayload {
    /// One audience or several (RFC 7519 §4.1.3).
    struct Audience: Codable, Sendable {
        var names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let name = try? container.decode(String.self) {
                names = [name]
            } else {
                names = try container.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(names)
        }
    }

    var sub: String
    var exp: Double
    var nbf: Double?
    var aud: Audience?
    var iss: String?
    /// The one lobby that it is for.
    var lobby: String?
    var role: String?
    var name: String?

    /// The signature is right; what it says is checked by ``check(_:lobby:now:)``.
    func verify(using algorithm: some JWTAlgorithm) throws {}

    func check(_ settings: AuthSettings, lobby joined: String, now: Double) throws(JoinDenied) {
        guard now < exp + JWTVerifier.leeway else { throw JoinDenied("the JWT has expired") }
        guard now + JWTVerifier.leeway >= nbf ?? -.infinity else { throw JoinDenied("the JWT is not good yet") }
        if let audience = settings.audience, aud?.names.contains(audience) != true {
            throw JoinDenied("the JWT is for another audience")
        }
        if let issuer = settings.issuer, iss != issuer { throw JoinDenied("the JWT has another issuer") }
        if let lobby, lobby != joined { throw JoinDenied("the JWT is for another lobby") }
        guard (1...128).contains(sub.utf8.count), (role?.utf8.count ?? 0) <= 128 else {
            throw JoinDenied("a subject is 1 to 128 bytes, and a role has no more")
        }
    }
}
