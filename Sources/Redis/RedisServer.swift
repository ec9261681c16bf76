/// Which Redis server to speak to, and as whom.
package struct RedisServer: Sendable, Equatable {
    /// A name, or an IP address.
    package var host: String
    /// 1 … 65535.
    package var port: Int
    /// Empty for Redis's default user.
    package var user = ""
    /// nil for none.
    package var password: String?
    /// The number of the database.
    package var database = 0

    /// A server that asks for nothing.
    package init(host: String, port: Int = 6_379) {
        self.host = host
        self.port = port
    }

    /// The server of a URL: `redis://[[user]:password@]host[:port][/database]`, with `%` forms in user and password.
    package init(url: String) throws(RedisURLError) {
        let scheme = "redis://"
        guard url.hasPrefix(scheme) else { throw .scheme }
        var rest = url.dropFirst(scheme.count)
        var login: Substring?
        if let at = rest.lastIndex(of: "@") {
            login = rest[..<at]
            rest = rest[rest.index(after: at)...]
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let (host, port) = try Self.place(parts[0])
        self.init(host: host, port: port)
        if parts.count > 1, !parts[1].isEmpty {
            guard let database = Int(parts[1]), (0...65_535).contains(database) else { throw .database }
            self.database = database
        }
        guard let login else { return }
        let names = login.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard names.count == 2, let user = Self.decoded(names[0]), let password = Self.decoded(names[1]) else {
            throw .login
        }
        (self.user, self.password) = (user, password)
    }

    /// Where it is, without secrets.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func place(_ text: Substring) throws(RedisURLError) -> (String, Int) {
        var host = text
        var port = Substring("6379")
        let nameEnd = text.hasPrefix("[") ? text.firstIndex(of: "]") : text.startIndex
        guard let nameEnd else { throw .host }
        if let colon = text[nameEnd...].firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.utf8.count <= 253 else { throw .host }
        guard let port = Int(port), (1...65_535).contains(port) else { throw .port }
        return (String(host), port)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// Why a text is no URL of a Redis server.
package enum RedisURLError: Error, Equatable, CustomStringConvertible {
    case scheme, host, port, database, login

    /// A sentence that says what to do.
    package var description: String {
        let what =
            switch self {
            case .scheme: "must begin with redis://"
            case .host: "needs a host after redis://, such as redis://127.0.0.1:6379"
            case .port: "has no port from 1 to 65535 after its host"
            case .database: "has a database that is no number from 0"
            case .login: "has a login that is not user:password@, or a % without two hexadecimal digits"
            }
        return "the URL of the Redis server \(what)"
    }
}
