import ByteKit
import Determinism

/// Who may try a password: an account and an address are each locked for a while after too many that were wrong.
///
/// It is part of the ``LoopDirectory``. A name that is nobody's is not remembered, so that no list of names fills the table; an
/// address that has logged in to an account lately may try it while it is locked, so that strangers cannot lock its owner out.
struct LoginGuard: Sendable {
    /// The most remembered of each kind: 160 KiB of addresses. Whoever has failed the longest ago goes first, of those that are not
    /// locked.
    static let accountsMax = 1_024
    static let addressesMax = 4_096
    static let familiarMax = 256

    private struct Rule {
        let failuresMax: Int32
        let firstLock: Interval
        let lastLock: Interval
        /// How long after the last failure, or the end of the lock, all is forgotten.
        let memory: Interval
    }

    private static let accountRule = Rule(
        failuresMax: 5, firstLock: .seconds(60), lastLock: .seconds(3_600), memory: .seconds(3_600))
    private static let addressRule = Rule(
        failuresMax: 10, firstLock: .seconds(600), lastLock: .seconds(600), memory: .seconds(600))

    private struct Entry<Key: Equatable & Sendable>: Sendable {
        let key: Key
        var failures: Int32 = 0
        var locks: Int32 = 0
        var until: Instant
        var last: Instant

        func isStale(at now: Instant, _ rule: Rule) -> Bool { now >= max(until, last) + rule.memory }
    }

    private struct Familiar: Equatable {
        let account: String
        let address: UInt64
    }

    // Each with who has failed last at its end.
    private var accounts: [Entry<String>] = []
    private var addresses: [Entry<UInt64>] = []
    /// With who has come last at its end.
    private var familiar: [Familiar] = []

    /// Whether that account may be tried from there.
    ///
    /// - Parameter address: The address's key; nil for one that says nothing about who is there, which is not locked.
    func admits(_ account: String, from address: UInt64?, at now: Instant) -> Bool {
        if let address, addresses.contains(where: { $0.key == address && $0.until > now }) { return false }
        guard accounts.contains(where: { $0.until > now && $0.key == account }) else { return true }
        return address.map { familiar.contains(Familiar(account: account, address: $0)) } ?? false
    }

    /// A password was wrong, or was not looked at.
    ///
    /// - Parameter account: nil where there is no user of that name.
    mutating func failed(_ account: String?, from address: UInt64?, at now: Instant) {
        if let account { Self.note(account, in: &accounts, max: Self.accountsMax, Self.accountRule, at: now) }
        if let address { Self.note(address, in: &addresses, max: Self.addressesMax, Self.addressRule, at: now) }
    }

    /// A password was right.
    mutating func succeeded(_ account: String, from address: UInt64?) {
        accounts.removeAll { $0.key == account }
        guard let address else { return }
        addresses.removeAll { $0.key == address }
        let pair = Familiar(account: account, address: address)
        familiar.removeAll { $0 == pair }
        if familiar.count == Self.familiarMax { familiar.removeFirst() }
        familiar.append(pair)
    }

    /// How many of each kind are remembered.
    var remembered: (accounts: Int, addresses: Int) { (accounts.count, addresses.count) }

    private static func note<Key: Equatable & Sendable>(
        _ key: Key, in entries: inout [Entry<Key>], max countMax: Int, _ rule: Rule, at now: Instant
    ) {
        var entry: Entry<Key>
        if let place = entries.firstIndex(where: { $0.key == key }) {
            entry = entries.remove(at: place)
            if entry.isStale(at: now, rule) { entry = Entry(key: key, until: now, last: now) }
        } else {
            entry = Entry(key: key, until: now, last: now)
            if entries.count == countMax { makeRoom(in: &entries, rule, at: now) }
        }
        entry.last = now
        // What is tried while it is locked makes the lock no longer: an owner who knows the password waits no more than that.
        if entry.until <= now {
            entry.failures += 1
            if entry.failures >= rule.failuresMax {
                let length = min(rule.lastLock, rule.firstLock * (1 << min(Int(entry.locks), 10)))
                entry.until = now + length
                entry.locks += 1
                entry.failures = 0
            }
        }
        entries.append(entry)
    }

    private static func makeRoom<Key>(in entries: inout [Entry<Key>], _ rule: Rule, at now: Instant) {
        let count = entries.count
        entries.removeAll { $0.isStale(at: now, rule) }
        guard entries.count == count else { return }
        entries.remove(at: entries.firstIndex { $0.until <= now } ?? 0)
    }
}
