/// Checks that a token goes out on the one connection of the player whose it is: it looks for tokens in every byte that the server sends.
final class TokenCheck {
    /// How long a token is: 32 bytes in base64url.
    private static let length = 43

    private let breaches: BreachList
    /// On which connection each run of that length was sent first.
    private var sightings: [[UInt8]: Int] = [:]
    /// Those that were sent on another one, too.
    private var seenTwice: Set<[UInt8]> = []
    private var owners: [[UInt8]: String] = [:]
    /// A token that a player has, for who wants to leak one.
    private(set) var newest: String?
    private let isWord: [Bool]

    init(_ breaches: BreachList) {
        self.breaches = breaches
        var isWord = [Bool](repeating: false, count: 256)
        for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { isWord[Int(byte)] = true }
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { isWord[Int(byte)] = true }
        for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { isWord[Int(byte)] = true }
        isWord[Int(UInt8(ascii: "-"))] = true
        isWord[Int(UInt8(ascii: "_"))] = true
        self.isWord = isWord
    }

    /// A player has been given a token.
    func belongs(_ token: String, to owner: String) {
        let bytes = Array(token.utf8)
        newest = token
        owners[bytes] = owner
        if seenTwice.contains(bytes) { breaches.note(.secrets, "the token of \(owner) was sent to somebody else, too") }
    }

    /// The server has sent bytes. A run as long as a token holds one of every 43rd bytes, so that only those are looked at.
    func sent(_ bytes: [UInt8], on connection: Int) {
        var index = Self.length - 1
        var from = 0
        while index < bytes.count {
            guard isWord[Int(bytes[index])] else {
                from = index + 1
                index += Self.length
                continue
            }
            var (start, end) = (index, index + 1)
            while start > from, isWord[Int(bytes[start - 1])] { start -= 1 }
            while end < bytes.count, isWord[Int(bytes[end])] { end += 1 }
            if end - start == Self.length { found(Array(bytes[start..<end]), connection) }
            from = end
            index = end + Self.length - 1
        }
    }

    private func found(_ run: [UInt8], _ connection: Int) {
        guard let first = sightings[run] else { return sightings[run] = connection }
        guard first != connection else { return }
        seenTwice.insert(run)
        if let owner = owners[run] {
            breaches.note(.secrets, "the token of \(owner), of connection #\(first), was sent on #\(connection)")
        }
    }
}
