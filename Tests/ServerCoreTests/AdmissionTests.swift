import ByteKit
import Determinism
import ServerCore
import Testing

/// An address of the documentation blocks, by number.
private func ipv4(_ number: Int, port: UInt16 = 40_000) -> PeerAddress {
    PeerAddress(ipv4: 0xC000_0200 &+ UInt32(number), port: port)
}

private func ipv6(_ network: UInt64, host: UInt64 = 1) -> PeerAddress {
    PeerAddress(ipv6: 0x2001_0DB8_0000_0000 | network, host, port: 40_000)
}

private let start = Instant.zero + .seconds(1_000)

/// Admits `count` connections of `address` and returns how many were let in.
private func admitted(_ count: Int, _ address: PeerAddress, _ policy: inout AdmissionPolicy, at now: Instant) -> Int {
    (0..<count).count { _ in policy.admit(address, at: now) == .admitted }
}

@Suite("Admission: connection floods and limiter evasion")
struct AdmissionTests {
    // MARK: One address

    @Test func `row 107, rate: an address gets its burst, and then its rate`() {
        var limits = AdmissionLimits()
        limits.connectionsPerAddressMax = 1_000
        var policy = AdmissionPolicy(limits, seed: 1)
        #expect(admitted(100, ipv4(1), &policy, at: start) == 40)
        let verdict = policy.admit(ipv4(1), at: start)
        #expect(verdict == .refused(.addressRate))
        #expect(admitted(100, ipv4(1), &policy, at: start + .milliseconds(99)) == 0)
        #expect(admitted(100, ipv4(1), &policy, at: start + .milliseconds(100)) == 1)
        #expect(admitted(100, ipv4(1), &policy, at: start + .seconds(1)) == 9)
        #expect(admitted(100, ipv4(1), &policy, at: start + .seconds(3_600)) == 40, "no more than a burst is saved up")
    }

    @Test func `an address has so many connections at a time, whatever its ports`() {
        var policy = AdmissionPolicy(seed: 1)
        var now = start
        for count in 0..<64 {
            let verdict = policy.admit(ipv4(1, port: UInt16(count)), at: now)
            #expect(verdict == .admitted)
            now = now + .milliseconds(100)
        }
        let full = policy.admit(ipv4(1, port: 9), at: now)
        #expect(full == .refused(.addressFull))
        policy.released(ipv4(1, port: 5))
        let again = policy.admit(ipv4(1, port: 9), at: now)
        #expect(again == .admitted && policy.connectionCount == 64)
    }

    @Test func `refused connections do not count against the address`() {
        var policy = AdmissionPolicy(seed: 1)
        #expect(admitted(40, ipv4(1), &policy, at: start) == 40)
        #expect(admitted(100_000, ipv4(1), &policy, at: start) == 0)
        #expect(admitted(100, ipv4(1), &policy, at: start + .milliseconds(500)) == 5, "unlocked at its time, not later")
        #expect(policy.connectionCount == 45)
    }

    @Test func `an IPv6 address is its /64, so that rotating in it gains nothing`() {
        var policy = AdmissionPolicy(seed: 1)
        let count = (0..<10_000).count { policy.admit(ipv6(0x1234, host: UInt64($0)), at: start) == .admitted }
        #expect(count == 40 && policy.addressCount == 1)
        let next = policy.admit(ipv6(0x1235), at: start)
        #expect(next == .admitted)
    }

    @Test func `rotating through a /48 is held by the rate of the process`() {
        var policy = AdmissionPolicy(seed: 1)
        let count = (0..<65_536).count { policy.admit(ipv6(UInt64($0)), at: start) == .admitted }
        #expect(count == 1_000 && policy.addressCount == 1_000, "what was refused is not remembered")
        let later = policy.admit(ipv4(1), at: start + .milliseconds(2))
        #expect(later == .admitted)
    }

    @Test func `an IPv4 address in IPv6 clothes is the IPv4 address`() {
        var policy = AdmissionPolicy(seed: 1)
        #expect(admitted(40, ipv4(7), &policy, at: start) == 40)
        let mapped = PeerAddress(ipv6: 0, 0xFFFF_C000_0207, port: 1)
        #expect(mapped == ipv4(7, port: 1))
        let verdict = policy.admit(mapped, at: start)
        #expect(verdict == .refused(.addressRate))
        policy.released(mapped)
        #expect(policy.connectionCount == 39 && policy.addressCount == 1)
    }

    // MARK: The process

    @Test func `row 108, pace: the process admits its burst, and then its rate, of all addresses together`() {
        var policy = AdmissionPolicy(seed: 1)
        let atOnce = (0..<3_000).count { policy.admit(ipv4($0), at: start) == .admitted }
        #expect(atOnce == 1_000)
        let verdict = policy.admit(ipv4(4_000), at: start)
        #expect(verdict == .refused(.processRate))
        let later = (5_000..<8_000).count { policy.admit(ipv4($0), at: start + .seconds(1)) == .admitted }
        #expect(later == 500)
    }

    @Test func `row 108, cap: the process has so many connections at a time, of whatever kind`() {
        var limits = AdmissionLimits()
        limits.connectionsMax = 3
        var policy = AdmissionPolicy(limits, seed: 1)
        for address in [ipv4(1), .local, PeerAddress(ipv4: 0x7F00_0001, port: 1)] {
            let verdict = policy.admit(address, at: start)
            #expect(verdict == .admitted)
        }
        for address in [ipv4(1), .local, PeerAddress(ipv4: 0x7F00_0001, port: 1)] {
            let verdict = policy.admit(address, at: start)
            #expect(verdict == .refused(.processFull))
        }
        policy.released(.local)
        let verdict = policy.admit(ipv4(1), at: start)
        #expect(verdict == .admitted)
    }

    @Test func `a flood of 5,000 connects from one address keeps nobody else out`() {
        var policy = AdmissionPolicy(seed: 1)
        var canaries = 0
        for count in 0..<5_000 {
            let now = start + .microseconds(count * 200)
            _ = policy.admit(ipv4(1), at: now)
            if count.isMultiple(of: 100), policy.admit(ipv4(2 + count), at: now) == .admitted { canaries += 1 }
        }
        #expect(canaries == 50)
        #expect(policy.connectionCount - canaries == 49, "a burst, and a second's worth less the last")
    }

    // MARK: This machine

    @Test func `peers on this machine are held by the maximum only, unless asked otherwise`() {
        let here = [PeerAddress(ipv4: 0x7F12_3456, port: 1), PeerAddress(ipv6: 0, 1, port: 1), .local]
        for address in here {
            var policy = AdmissionPolicy(seed: 1)
            #expect(admitted(5_000, address, &policy, at: start) == 5_000)
            #expect(policy.addressCount == 0)
        }
        var limits = AdmissionLimits()
        limits.exemptsLoopback = false
        var policy = AdmissionPolicy(limits, seed: 1)
        #expect(here.map { admitted(5_000, $0, &policy, at: start) } == [40, 40, 5_000])
        for _ in 0..<5_000 { policy.released(.local) }
        #expect(policy.connectionCount == 80)
    }

    // MARK: The table

    @Test func `a million addresses at a time are remembered in a bounded table, and an honest one is still let in`() {
        var limits = AdmissionLimits()
        limits.processRate = AdmissionRate(perSecond: 1_000_000, burst: 1_000_000)
        limits.connectionsMax = 2_000_000
        var policy = AdmissionPolicy(limits, seed: 1)
        var most = 0
        for number in 0..<1_000_000 {
            let address = ipv6(UInt64(number))
            if policy.admit(address, at: start) == .admitted { policy.released(address) }
            most = max(most, policy.addressCount)
        }
        #expect(most == 65_536)
        #expect(admitted(50, ipv4(1), &policy, at: start + .milliseconds(1)) == 40)
    }

    @Test func `an address with connections is not forgotten for the sake of others`() {
        var limits = AdmissionLimits()
        limits.processRate = AdmissionRate(perSecond: 1_000_000, burst: 1_000_000)
        var policy = AdmissionPolicy(limits, seed: 1)
        #expect(admitted(40, ipv4(1), &policy, at: start) == 40)
        for number in 0..<200_000 {
            let address = ipv6(UInt64(number))
            if policy.admit(address, at: start) == .admitted { policy.released(address) }
        }
        let verdict = policy.admit(ipv4(1), at: start)
        #expect(verdict == .refused(.addressRate))
        #expect(admitted(40, ipv4(1), &policy, at: start + .seconds(4)) == 24, "64 at a time")
    }

    @Test func `a table full of connected addresses turns away strangers, and only them`() {
        var limits = AdmissionLimits()
        limits.processRate = AdmissionRate(perSecond: 1_000_000, burst: 1_000_000)
        limits.connectionsMax = 100_000
        var policy = AdmissionPolicy(limits, seed: 1)
        let count = (0..<70_000).count { policy.admit(ipv6(UInt64($0)), at: start) == .admitted }
        #expect(count == 65_536)
        let known = policy.admit(ipv6(5), at: start)
        #expect(known == .admitted)
        policy.released(ipv6(9))
        let stranger = policy.admit(ipv4(1), at: start + .seconds(1))
        #expect(stranger == .admitted, "the place of one that has gone")
    }

    @Test func `addresses that owe nothing are forgotten as others come`() {
        var policy = AdmissionPolicy(seed: 1)
        for number in 0..<100_000 {
            let now = start + .milliseconds(number * 10)
            let verdict = policy.admit(ipv6(UInt64(number)), at: now)
            #expect(verdict == .admitted)
            policy.released(ipv6(UInt64(number)))
        }
        #expect(policy.addressCount < 30, "\(policy.addressCount)")
    }

    @Test(arguments: [-3_600, 3_600])
    func `a clock that jumps by an hour costs nobody more than one allowance`(_ seconds: Int) {
        var limits = AdmissionLimits()
        limits.connectionsPerAddressMax = 1_000
        var policy = AdmissionPolicy(limits, seed: 1)
        #expect(admitted(100, ipv4(1), &policy, at: start + .seconds(3_600)) == 40)
        let after = start + .seconds(3_600 + seconds)
        _ = policy.admit(ipv4(1), at: after)
        _ = policy.admit(ipv4(2), at: after)
        let others = (10..<2_000).count { policy.admit(ipv4($0), at: after + .seconds(2)) == .admitted }
        #expect(others == 1_000)
        #expect(admitted(1_000, ipv4(1), &policy, at: after + .seconds(4)) == 40)
    }

    /// Seeded walks against a model that keeps everything about everyone.
    @Test(arguments: 0..<20) func `verdicts are those of a table without bounds`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var limits = AdmissionLimits()
        limits.connectionsPerAddressMax = 5
        limits.addressRate = AdmissionRate(perSecond: 2, burst: 4)
        limits.processRate = AdmissionRate(perSecond: 100, burst: 200)
        var policy = AdmissionPolicy(limits, seed: 1)
        var tokens: [Int: (count: Double, at: Instant)] = [:]
        var open: [Int] = []
        var now = start
        for _ in 0..<5_000 {
            now = now + .milliseconds(random.int(in: 10...60))
            if !open.isEmpty, random.int(in: 0...2) == 0 {
                policy.released(ipv4(open.remove(at: random.int(in: 0...open.count - 1))))
                continue
            }
            let number = random.int(in: 0...20)
            let known = tokens[number] ?? (4, now)
            let count = min(4, known.count + Double((now - known.at).nanoseconds) * 2e-9)
            let isFull = open.count { $0 == number } == 5
            let verdict = policy.admit(ipv4(number), at: now)
            let expected: AdmissionVerdict =
                isFull ? .refused(.addressFull) : count < 1 - 1e-9 ? .refused(.addressRate) : .admitted
            #expect(verdict == expected, "seed \(seed)")
            if verdict == .admitted { open.append(number) }
            tokens[number] = (verdict == .admitted ? count - 1 : count, now)
        }
        #expect(policy.connectionCount == open.count)
    }
}
