/// Finds what belongs to an event's name by the name's bytes, so that no text is made of what a client sent.
struct SocketEventTable<Value> {
    private struct Entry {
        let name: String
        let bytes: [UInt8]
        var value: Value
        /// The next entry of the same bucket; -1 for none.
        var next: Int
    }

    private var entries: [Entry] = []
    private var buckets = [Int](repeating: -1, count: 16)

    var names: [String] { entries.map(\.name) }

    /// What belongs to the name that stands there.
    subscript(_ text: Span<UInt8>, _ range: Range<Int>) -> (name: String, value: Value)? {
        let name = text.extracting(range)
        var index = buckets[Self.hash(name) & (buckets.count - 1)]
        while index >= 0 {
            if Self.isSame(entries[index].bytes, name) { return (entries[index].name, entries[index].value) }
            index = entries[index].next
        }
        return nil
    }

    /// What belongs to that name.
    subscript(_ name: String) -> Value? {
        get {
            let bytes = Array(name.utf8)
            return self[bytes.span, 0..<bytes.count]?.value
        }
        set {
            let bytes = Array(name.utf8)
            if let index = entries.firstIndex(where: { $0.bytes == bytes }) {
                if let newValue { entries[index].value = newValue } else { entries.remove(at: index) }
            } else if let newValue {
                entries.append(Entry(name: name, bytes: bytes, value: newValue, next: -1))
            }
            relink()
        }
    }

    private mutating func relink() {
        var count = buckets.count
        while entries.count > count { count *= 2 }
        buckets = Array(repeating: -1, count: count)
        for index in entries.indices {
            let name = entries[index].bytes
            let bucket = Self.hash(name.span) & (count - 1)
            entries[index].next = buckets[bucket]
            buckets[bucket] = index
        }
    }

    /// The names are the author's, so nobody can choose ones that collide.
    private static func hash(_ name: Span<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in name.indices { hash = (hash ^ UInt64(name[index])) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32)
    }

    private static func isSame(_ own: [UInt8], _ name: Span<UInt8>) -> Bool {
        guard own.count == name.count else { return false }
        for index in name.indices where own[index] != name[index] { return false }
        return true
    }
}
