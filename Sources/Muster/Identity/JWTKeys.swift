import ByteKit
import FoundationEssentials
import JSONCore
import JWTKit

/// The public and shared keys by which JWTs are checked: a JWK Set (RFC 7517 §5).
struct JWTKeys: Sendable {
    /// What a key is for. A key is good for its own algorithm alone, whatever a token says (RFC 8725 §3.1).
    enum Material: Sendable {
        case hs256(HMACKey)
        case es256(ES256PublicKey)
        case eddsa(EdDSA.PublicKey)

        /// The name of the algorithm in a token's header.
        var algorithm: String {
            switch self {
            case .hs256: "HS256"
            case .es256: "ES256"
            case .eddsa: "EdDSA"
            }
        }
    }

    /// One key.
    struct Key: Sendable {
        /// Its id; nil where it has none.
        var id: String?
        var material: Material
    }

    /// The most keys of a file.
    static let countMax = 64

    let keys: [Key]

    /// Reads the file at `path`.
    ///
    /// - Throws: ``JWTKeysError`` with what is wrong with it.
    init(path: String) throws(JWTKeysError) {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw JWTKeysError("it cannot be read")
        }
        try self.init(json: bytes)
    }

    /// Reads a JWK Set.
    init(json bytes: [UInt8]) throws(JWTKeysError) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes.span, limits: JSONLimits())
        } catch {
            throw JWTKeysError("\(error)")
        }
        guard let list = value["keys"]?.array, (1...Self.countMax).contains(list.count) else {
            throw JWTKeysError("it must be an object whose \"keys\" are 1 to \(Self.countMax) keys")
        }
        var keys: [Key] = []
        for (index, entry) in list.enumerated() {
            do throws(JWTKeysError) {
                keys.append(try Self.key(entry))
            } catch {
                throw JWTKeysError("key \(index): \(error)")
            }
        }
        let ids = keys.compactMap(\.id)
        guard Set(ids).count == ids.count else { throw JWTKeysError("two keys have the same \"kid\"") }
        guard keys.count == 1 || ids.count == keys.count else {
            throw JWTKeysError("where there are several keys, each needs a \"kid\"")
        }
        self.keys = keys
    }

    /// The key that a token's header asks for; nil where there is none.
    func key(id: String?) -> Key? {
        guard let id else { return keys.count == 1 ? keys.first : nil }
        return keys.first { $0.id == id }
    }

    private static func key(_ entry: JSONValue) throws(JWTKeysError) -> Key {
        if let use = entry["use"]?.string, use != "sig" { throw JWTKeysError("it is not for signatures") }
        let material = try material(entry)
        if let algorithm = entry["alg"]?.string, algorithm != material.algorithm {
            throw JWTKeysError("\"alg\" is \(algorithm), but the key is one for \(material.algorithm)")
        }
        return Key(id: entry["kid"]?.string, material: material)
    }

    private static func material(_ entry: JSONValue) throws(JWTKeysError) -> Material {
        let text = { (name: String) in entry[name]?.string ?? "" }
        do {
            switch (text("kty"), text("crv")) {
            case ("oct", _):
                let encoded = Array(text("k").utf8)
                let secret = Base64.decodeURL(encoded.span) ?? []
                // RFC 7518 §3.2: at least as long as the hash.
                guard secret.count >= 32 else { throw JWTKeysError("\"k\" must be base64url of at least 32 bytes") }
                return .hs256(HMACKey(from: secret))
            case ("EC", "P-256"): return .es256(try ES256PublicKey(parameters: (x: text("x"), y: text("y"))))
            case ("OKP", "Ed25519"): return .eddsa(try EdDSA.PublicKey(x: text("x"), curve: .ed25519))
            default:
                throw JWTKeysError("\"kty\" and \"crv\" must be oct, EC with P-256, or OKP with Ed25519")
            }
        } catch let error as JWTKeysError {
            throw error
        } catch {
            throw JWTKeysError("its numbers are no key")
        }
    }
}

/// What is wrong with a file of keys.
struct JWTKeysError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
