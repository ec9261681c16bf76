import Determinism

/// What is remembered of each address that has connected lately or is connected: at most ``addressesMax`` of them.
///
/// An address without connections whose bucket is full is as good as unknown, and two of those are forgotten for each new
/// one, the longest unseen first. Only when the table is full does that also hit one whose bucket is not full yet.
/// An address with connections is never forgotten, so that what it has is not counted anew.
struct AddressTable {
    /// The most addresses remembered, each in 32 bytes.
    static let addressesMax = 65_536

    private struct Entry {
        var key: UInt64
        var bucket = AdmissionBucket()
        var connections: Int32 = 0
        /// The next entry whose key falls into the same chain.
        var chained: Int32 = none
        // Neighbours among those without connections, by when that began; for a free entry `next` is the next free.
        var previous: Int32 = none
        var next: Int32 = none
    }

    private static let none: Int32 = -1
    private static let chainsCount = 16_384

    private var chains = [Int32](repeating: none, count: chainsCount)
    private var entries: [Entry] = []
    private var firstFree = none
    private var longestUnseen = none
    private var lastSeen = none
    /// How many addresses are remembered.
    private(set) var count = 0

    private let seed: UInt64

    /// An empty table. `seed` is for nobody to know, so that no peer can choose addresses that fall into one chain.
    init(seed: UInt64) {
        self.seed = seed
        // Memory that is not touched costs nothing; growing would leave holes of twice the size behind.
        entries.reserveCapacity(Self.addressesMax)
    }

    /// Where the address of `key` is remembered, if it is.
    func find(_ key: UInt64) -> Int? {
        var index = chains[chain(of: key)]
        while index != Self.none, entries[Int(index)].key != key { index = entries[Int(index)].chained }
        return index == Self.none ? nil : Int(index)
    }

    /// How many connections the address at `index` has.
    func connections(at index: Int) -> Int { Int(entries[index].connections) }

    /// Whether the address at `index` may open one more by its rate.
    mutating func hasToken(at index: Int, now: Instant, _ rate: AdmissionRate) -> Bool {
        entries[index].bucket.hasToken(at: now, rate)
    }

    /// Remembers a new address.
    ///
    /// - Returns: Where, or nil when each of ``addressesMax`` others has a connection.
    mutating func insert(_ key: UInt64, now: Instant) -> Int? {
        for _ in 0..<2 where longestUnseen != Self.none && entries[Int(longestUnseen)].bucket.isFull(at: now) {
            forget(longestUnseen)
        }
        if count == Self.addressesMax {
            guard longestUnseen != Self.none else { return nil }
            forget(longestUnseen)
        }
        var entry = Entry(key: key)
        entry.chained = chains[chain(of: key)]
        let index: Int
        if firstFree == Self.none {
            index = entries.count
            entries.append(entry)
        } else {
            index = Int(firstFree)
            firstFree = entries[index].next
            entries[index] = entry
        }
        chains[chain(of: key)] = Int32(index)
        count += 1
        append(Int32(index))
        return index
    }

    /// Counts a new connection of the address at `index`.
    mutating func opened(at index: Int, now: Instant, _ rate: AdmissionRate) {
        if entries[index].connections == 0 { unlink(Int32(index)) }
        entries[index].connections += 1
        entries[index].bucket.take(at: now, rate)
    }

    /// Counts the end of a connection of the address at `index`.
    mutating func closed(at index: Int) {
        precondition(entries[index].connections > 0, "released more often than admitted")
        entries[index].connections -= 1
        if entries[index].connections == 0 { append(Int32(index)) }
    }

    // MARK: Chains of keys

    /// The top 14 bits of a mix of key and seed.
    private func chain(of key: UInt64) -> Int {
        let first = (key ^ seed) &* 0x9E37_79B9_7F4A_7C15
        let second = (first ^ first >> 32) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: second >> 50)
    }

    private mutating func forget(_ index: Int32) {
        unlink(index)
        let chain = chain(of: entries[Int(index)].key)
        if chains[chain] == index {
            chains[chain] = entries[Int(index)].chained
        } else {
            var before = Int(chains[chain])
            while entries[before].chained != index { before = Int(entries[before].chained) }
            entries[before].chained = entries[Int(index)].chained
        }
        entries[Int(index)].next = firstFree
        firstFree = index
        count -= 1
    }

    // MARK: Those without connections

    private mutating func append(_ index: Int32) {
        entries[Int(index)].previous = lastSeen
        entries[Int(index)].next = Self.none
        if lastSeen == Self.none { longestUnseen = index } else { entries[Int(lastSeen)].next = index }
        lastSeen = index
    }

    private mutating func unlink(_ index: Int32) {
        let (previous, next) = (entries[Int(index)].previous, entries[Int(index)].next)
        if previous == Self.none { longestUnseen = next } else { entries[Int(previous)].next = next }
        if next == Self.none { lastSeen = previous } else { entries[Int(next)].previous = previous }
    }
}
