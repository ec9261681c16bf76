import ByteKit

/// The id of a client in a namespace: 15 random bytes, written as 20 characters of the base64 URL alphabet. Other clients may
/// know it; it proves nothing.
package struct SocketID: Sendable, Hashable {
    private let high: UInt64
    /// Seven bytes.
    private let low: UInt64

    /// The id of 15 random bytes.
    init(_ bytes: [UInt8]) {
        precondition(bytes.count == 15, "An id is made from 15 bytes.")
        var (high, low): (UInt64, UInt64) = (0, 0)
        for byte in bytes[..<8] { high = high << 8 | UInt64(byte) }
        for byte in bytes[8...] { low = low << 8 | UInt64(byte) }
        self.high = high
        self.low = low
    }

    /// The id that `text` is; nil for any other text.
    package init?(_ text: String) {
        guard text.utf8.count == 20 else { return nil }
        let characters = Array(text.utf8)
        guard let bytes = Base64.decodeURL(characters.span), bytes.count == 15 else { return nil }
        self.init(bytes)
    }

    /// Whether both are the same, found out in the same time whatever they are.
    func isSame(as other: SocketID) -> Bool { (high ^ other.high) | (low ^ other.low) == 0 }

    /// The id as clients know it.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(15)
        bytes.appendBigEndian(high)
        for shift in stride(from: 48, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: low >> UInt64(shift)))
        }
        return Base64.encodeURL(bytes)
    }
}
