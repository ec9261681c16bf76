/// The id of an entry of a stream of Redis's: when it was added, in milliseconds, and its number within that.
package struct StreamID: Sendable, Equatable, Comparable {
    private let milliseconds: UInt64
    private let number: UInt64

    /// The id before any entry.
    package static let start = StreamID(milliseconds: 0, number: 0)

    private init(milliseconds: UInt64, number: UInt64) {
        self.milliseconds = milliseconds
        self.number = number
    }

    /// The id that a text is, such as `1795399200000-0`; nil for any other text.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = Self.number(parts[0]), let number = Self.number(parts[1]) else {
            return nil
        }
        self.init(milliseconds: milliseconds, number: number)
    }

    /// Redis writes no sign and no zeros in front.
    private static func number(_ digits: Substring) -> UInt64? {
        guard let value = UInt64(digits), "\(value)" == digits else { return nil }
        return value
    }

    /// As Redis writes it.
    package var text: String { "\(milliseconds)-\(number)" }

    package static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.number) < (right.milliseconds, right.number)
    }
}
