import HTTPCore
import HTTPTypes

/// The cookies of one session: what its server has set comes back with every request of it, as a proxy may need to find the
/// server again.
///
/// Attributes are not looked at, but for an age of zero: all requests go to one host, and the jar ends with the session.
struct CookieJar {
    /// More are not kept.
    private static let cookiesMax = 32
    private static let pairBytesMax = 4_096

    private var pairs: [(name: Substring, value: Substring)] = []

    /// Takes what a response sets.
    mutating func take(_ fields: HTTPFields) {
        for field in fields[values: .setCookie] {
            let parts = field.split(separator: ";", omittingEmptySubsequences: false)
            guard let pair = parts.first, pair.utf8.count <= Self.pairBytesMax,
                let equals = pair.firstIndex(of: "="), equals > pair.startIndex
            else { continue }
            let name = pair[..<equals].trimmed
            pairs.removeAll { $0.name == name }
            let isGone = parts.dropFirst().contains { $0.trimmed.lowercased() == "max-age=0" }
            if !isGone, pairs.count < Self.cookiesMax {
                pairs.append((name, pair[pair.index(after: equals)...].trimmed))
            }
        }
    }

    /// The value of the `Cookie` field; nil while there is none.
    var field: String? {
        pairs.isEmpty ? nil : pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
    }
}

extension Substring {
    /// Without blanks at its ends.
    fileprivate var trimmed: Substring {
        var trimmed = drop { $0 == " " || $0 == "\t" }
        while let last = trimmed.last, last == " " || last == "\t" { trimmed.removeLast() }
        return trimmed
    }
}
