import ByteKit
import Determinism

/// How often each address, or known player, may do what honest clients do seldom. As bounded as ``AddressTable`` is.
struct AddressAllowance {
    private let limits: AdmissionLimits
    private let rate: AdmissionRate
    private var addresses: AddressTable

    /// Nobody has done anything yet; `seed` is any number that no peer can know.
    init(_ rate: AdmissionRate, limits: AdmissionLimits, seed: UInt64) {
        self.rate = rate
        self.limits = limits
        addresses = AddressTable(seed: seed)
    }

    /// Takes one of the address's allowance; whether there was one. An address that is exempt has no end of them.
    mutating func take(_ address: PeerAddress, at now: Instant) -> Bool {
        limits.exempts(address) || take(key: address.admissionKey, at: now)
    }

    /// The same for whoever else has that key.
    mutating func take(key: UInt64, at now: Instant) -> Bool {
        let known = addresses.find(key)
        if let known, !addresses.hasToken(at: known, now: now, rate) { return false }
        // No address of this table has a connection for longer than this call, so there is always one to forget.
        guard let index = known ?? addresses.insert(key, now: now) else { return false }
        addresses.opened(at: index, now: now, rate)
        addresses.closed(at: index)
        return true
    }
}
