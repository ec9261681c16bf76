/// By whose word a server knows who its players are.
public struct AuthSettings: Sendable {
    /// The path of the JWK Set with which JWTs are checked; nil where none is taken.
    public var keys: String?
    /// Who a JWT must be for; nil for anybody.
    public var audience: String?
    /// Who must have issued a JWT; nil for anybody with a key.
    public var issuer: String?

    /// Nobody's word.
    public init() {}
}
