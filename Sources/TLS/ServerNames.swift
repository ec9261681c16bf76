/// Which of several identities stands for which server name (RFC 6066 §3, RFC 6125 §6.4.3).
struct ServerNames: Sendable {
    private var exact: [String: Int] = [:]
    /// By what follows the `*` of a pattern, with its dot.
    private var wildcards: [String: Int] = [:]

    /// - Parameter names: The names of each identity. The first identity that has a name keeps it.
    init(_ names: [[String]]) {
        for (identity, names) in names.enumerated() {
            for name in names.map({ $0.lowercased() }) {
                if name.hasPrefix("*.") {
                    let suffix = String(name.dropFirst())
                    if wildcards[suffix] == nil { wildcards[suffix] = identity }
                } else if exact[name] == nil {
                    exact[name] = identity
                }
            }
        }
    }

    /// The identity for a name that a client asked for: by the name itself, else by a wildcard for its first label.
    func identity(for name: String) -> Int? {
        let name = name.lowercased()
        if let identity = exact[name] { return identity }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return wildcards[String(name[dot...])]
    }
}
