import ByteKit
import Crypto
import CryptoExtras
import FoundationEssentials

/// A password as a slow salted hash: scrypt (RFC 7914), so that a guess costs whoever stole it as much as it costs us.
///
/// As text it is `scrypt$N$r$p$salt$hash`, salt and hash in padded base64; other tools' scrypt makes the same.
package struct AdminPassword: Sendable, CustomStringConvertible {
    /// What a plain password has to be.
    static let plainRule = "at least 8 characters in at most 256 bytes, and none of those that everybody tries first"
    /// What is tried first everywhere, and what other servers had as their default.
    private static let obvious: Set = [
        "password", "password1", "passw0rd", "12345678", "123456789", "1234567890", "11111111", "00000000", "qwertyui",
        "qwertyuiop", "letmein1", "changeme", "changeit", "adminadmin", "administrator", "defaultkey", "defaulthttpkey",
        "defaultencryptionkey", "musteradmin", "mustermuster",
    ]
    private static let charactersMin = 8
    /// Longer ones are not looked at, so that a login does not choose what its check costs.
    private static let bytesMax = 256
    /// What every text of a hash begins with.
    private static let marker = "scrypt$"

    private let cost: Cost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// What one hash takes: `128 · n · r` bytes of memory, and time in proportion to `n · r · p`.
    private struct Cost: Sendable {
        /// 32 MiB and about 90 ms on a core of a small server.
        static let standard = Cost(n: 32_768, r: 8, p: 1)
        /// The dearest that is accepted in a text: 256 MiB, about a second.
        static let workMax = 2_097_152

        var n: Int
        var r: Int
        var p: Int

        var isAcceptable: Bool {
            (1_024...1_048_576).contains(n) && n.nonzeroBitCount == 1 && (1...32).contains(r) && (1...16).contains(p)
                && n * r * p <= Self.workMax
        }
    }

    /// Hashes a plain password with a fresh salt. Takes about 0.1 s.
    ///
    /// - Throws: ``AdminPasswordError``; the caller asks for another password.
    package init(plain: String) throws(AdminPasswordError) {
        guard Self.isLongEnough(plain) else { throw .length }
        guard !Self.isObvious(plain) else { throw .obvious }
        var random = SystemRandomNumberGenerator()
        cost = .standard
        salt = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        guard let key = Self.derive(plain, salt: salt, cost: cost, byteCount: 32) else { throw .outOfMemory }
        // A SymmetricKey lends its bytes in no other way; they are copied and the pointer does not leave.
        hash = unsafe key.withUnsafeBytes { unsafe Array($0) }
    }

    /// A hash that is nobody's, as dear as any: what names that nobody has are checked against.
    static func decoy() -> AdminPassword {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<48).map { _ in UInt8.random(in: 0...255, using: &random) }
        return AdminPassword(cost: .standard, salt: Array(bytes[..<16]), hash: Array(bytes[16...]))
    }

    private init(cost: Cost, salt: [UInt8], hash: [UInt8]) {
        (self.cost, self.salt, self.hash) = (cost, salt, hash)
    }

    /// Reads the text of a hash; nil for anything that is not one, or whose cost is unreasonable.
    package init?(text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt",
            let n = Int(parts[1]), let r = Int(parts[2]), let p = Int(parts[3]),
            let salt = Base64.decode(Array(parts[4].utf8).span), (8...64).contains(salt.count),
            let hash = Base64.decode(Array(parts[5].utf8).span), (16...64).contains(hash.count)
        else { return nil }
        let cost = Cost(n: n, r: r, p: p)
        guard cost.isAcceptable else { return nil }
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// `scrypt$N$r$p$salt$hash`.
    package var description: String {
        let salt = String(decoding: Base64.encode(salt), as: UTF8.self)
        let hash = String(decoding: Base64.encode(hash), as: UTF8.self)
        return "\(Self.marker)\(cost.n)$\(cost.r)$\(cost.p)$\(salt)$\(hash)"
    }

    /// Whether `plain` is the password, compared in constant time. Takes as long as a hash.
    package func matches(_ plain: String) -> Bool {
        guard Self.isLongEnough(plain),
            let key = Self.derive(plain, salt: salt, cost: cost, byteCount: hash.count)
        else { return false }
        // SymmetricKey's == looks at every byte whatever it finds.
        return key == SymmetricKey(data: hash)
    }

    /// Whether a setting can be a password: the text of a hash, or plain and long enough. What begins like a hash but
    /// is none is refused, since it would be a password nobody knows.
    static func isAcceptable(_ setting: String) -> Bool {
        setting.hasPrefix(marker) ? AdminPassword(text: setting) != nil : isLongEnough(setting) && !isObvious(setting)
    }

    /// Whether a password is one that is tried first, or the user's own name.
    static func isObvious(_ plain: String, to user: String? = nil) -> Bool {
        obvious.contains(plain.lowercased()) || plain.lowercased() == user?.lowercased()
    }

    /// Whether a plain password keeps ``plainRule``. The bytes are counted first: they cost nothing.
    private static func isLongEnough(_ plain: String) -> Bool {
        plain.utf8.count <= bytesMax && plain.count >= charactersMin
    }

    /// A fresh password of 140 random bits, in groups of letters and digits that are not taken for one another.
    package static func generate() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        var random = SystemRandomNumberGenerator()
        let groups = (0..<7).map { _ in
            String((0..<4).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] })
        }
        return groups.joined(separator: "-")
    }

    private static func derive(_ plain: String, salt: [UInt8], cost: Cost, byteCount: Int) -> SymmetricKey? {
        try? KDF.Scrypt.deriveKey(
            from: Array(plain.utf8), salt: salt, outputByteCount: byteCount, rounds: cost.n, blockSize: cost.r,
            parallelism: cost.p)
    }
}

/// Why a password could not be hashed.
package enum AdminPasswordError: Error, CustomStringConvertible {
    /// It is too short or too long.
    case length
    /// It is one that everybody tries first.
    case obvious
    /// There is not enough memory for the hash.
    case outOfMemory

    /// A sentence without the password.
    package var description: String {
        switch self {
        case .length: "a password must be \(AdminPassword.plainRule)"
        case .obvious: "this password is one that everybody tries first, or the user's own name"
        case .outOfMemory: "there is not enough memory to hash a password"
        }
    }
}
