import ByteKit
import Determinism
import HTTPCore

/// How many connections are let in, and how fast.
///
/// An address is a whole IPv4 address or an IPv6 /64, which is what one customer gets: within it addresses cost nothing.
package struct AdmissionLimits: Sendable, Equatable {
    /// The most connections at a time, of all addresses and kinds together; at least 1.
    package var connectionsMax = 15_000
    /// The most connections at a time of one address; at least 1.
    package var connectionsPerAddressMax = 64
    /// New connections of one address.
    package var addressRate = AdmissionRate(perSecond: 10, burst: 40)
    /// New connections of all addresses together.
    package var processRate = AdmissionRate(perSecond: 500, burst: 1_000)
    /// Requests of one address for Engine.IO sessions that nobody has, on each loop.
    package var unknownSessionRate = AdmissionRate(perMinute: 20, burst: 20)
    /// Lobbies that one address opens, on each loop.
    package var openingRate = AdmissionRate(perMinute: 12, burst: 5)
    /// Lobbies that are open at a time because of one address, in all loops together.
    package var lobbiesPerAddressMax = 5
    /// Lobbies that one known player opens, on each loop, wherever it is.
    package var identityOpeningRate = AdmissionRate(perMinute: 12, burst: 2)
    /// Lobbies that are open at a time because of one known player, in all loops together.
    package var lobbiesPerIdentityMax = 2
    /// Seats newly taken by one known player, on each loop; whoever resumes one is not counted.
    package var sittingRate = AdmissionRate(perSecond: 1, burst: 3)
    /// Joins of one address, on each loop; who resumes a seat is not counted.
    package var joinRate = AdmissionRate(perSecond: 2, burst: 20)
    /// Lists of lobbies that one address is shown, on each loop.
    package var listRate = AdmissionRate(perSecond: 1, burst: 5)
    /// Whether only ``connectionsMax`` holds for peers on this machine, whose address says nothing about who they are.
    package var exemptsLoopback = true

    /// The proxies whose word about a client's address is taken. For their own connections only ``connectionsMax`` holds:
    /// they are everybody's.
    package var proxies: [AddressRange] = []

    /// The defaults.
    package init() {}

    /// Whether what holds for one address does not hold for this one: it says nothing about who is there.
    func exempts(_ address: PeerAddress) -> Bool {
        address.family == .local || exemptsLoopback && address.isLoopback || isProxy(address)
    }

    /// Whether a peer is one of the ``proxies``.
    func isProxy(_ peer: PeerAddress) -> Bool {
        guard !proxies.isEmpty, let address = IPAddress(peer) else { return false }
        return proxies.contains { $0.contains(address) }
    }
}

/// So many a second or a minute on average, and so many at once after a quiet time.
package struct AdmissionRate: Sendable, Equatable {
    /// The time that pays for one.
    let interval: Interval
    /// The time that a full allowance is worth.
    let allowance: Interval

    /// A rate of 1 to 1,000,000 a second with a burst of 1 to 1,000,000.
    package init(perSecond: Int, burst: Int) {
        self.init(count: perSecond, in: .seconds(1), burst: burst)
    }

    /// A rate of 1 to 1,000,000 a minute with a burst of 1 to 1,000,000.
    package init(perMinute: Int, burst: Int) {
        self.init(count: perMinute, in: .seconds(60), burst: burst)
    }

    private init(count: Int, in time: Interval, burst: Int) {
        precondition((1...1_000_000).contains(count), "a rate is 1 to 1,000,000")
        precondition((1...1_000_000).contains(burst), "a burst is 1 to 1,000,000")
        interval = Interval(nanoseconds: time.nanoseconds / Int64(count))
        allowance = Interval(nanoseconds: interval.nanoseconds * Int64(burst))
    }
}

/// A token bucket, kept as the one instant at which it is full again.
struct AdmissionBucket {
    /// When what was taken has been paid for.
    private var fullAt = Instant.zero

    /// Whether nothing is owed at `now`: forgetting the bucket would change nothing.
    func isFull(at now: Instant) -> Bool { fullAt <= now }

    /// Whether a token is there at `now`.
    mutating func hasToken(at now: Instant, _ rate: AdmissionRate) -> Bool {
        settle(at: now, rate)
        return fullAt + rate.interval <= now + rate.allowance
    }

    /// Takes a token that is there at `now`.
    mutating func take(at now: Instant, _ rate: AdmissionRate) {
        settle(at: now, rate)
        fullAt = fullAt + rate.interval
    }

    /// Nobody has more than the whole allowance or owes more, even if the clock has jumped back.
    private mutating func settle(at now: Instant, _ rate: AdmissionRate) {
        fullAt = min(max(fullAt, now), now + rate.allowance)
    }
}
