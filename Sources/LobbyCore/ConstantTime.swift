/// Comparisons of secrets that take the same work wherever they differ: how long a refusal took then tells nobody how much of a guess
/// was right (CVE-2021-33880 is what becomes of others).
package enum ConstantTime {
    /// Whether both are the same bytes. Each byte of both is looked at once, whatever has been found; only a length that differs
    /// is told at once, and lengths of digests and codes are no secret.
    @inlinable package static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(left, right) { difference |= one ^ other }
        return difference == 0
    }
}
