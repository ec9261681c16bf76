import ArgumentParser

/// Checks of arguments; each failure names the flag, the value and what is allowed, and ends with exit code 2.
enum Allowed {
    /// Refuses a number outside `range`.
    static func check<Value: Comparable>(_ flag: String, _ value: Value, _ range: ClosedRange<Value>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                "--\(flag) \(value) is refused; it must be from \(range.lowerBound) to \(range.upperBound).")
        }
    }
}
