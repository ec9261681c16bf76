/// Tells whether an object already has a key, in constant time once the object is large: comparing each key with all
/// others would let one message of thousands of keys cost millions of comparisons.
package struct JSONKeySet {
    private static let directMax = 16
    /// The keys as bytes, in use from ``directMax`` members on. Never iterated.
    private var keys: Set<[UInt8]> = []

    package init() {}

    /// False when `members`, all inserted before, hold `key` already.
    package mutating func insert(_ key: String, beside members: [JSONObject.Member]) -> Bool {
        if members.count < Self.directMax { return !members.contains { $0.key.hasSameBytes(as: key) } }
        if keys.isEmpty { keys = Set(members.map { Array($0.key.utf8) }) }
        return keys.insert(Array(key.utf8)).inserted
    }
}
