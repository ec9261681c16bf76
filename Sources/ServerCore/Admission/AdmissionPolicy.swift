import ByteKit
import Determinism

/// Why a connection is not let in.
package enum AdmissionRefusal: Sendable, Equatable, CaseIterable {
    /// The process has as many connections as it may.
    case processFull
    /// The process takes on too many new connections just now.
    case processRate
    /// The address has as many connections as it may.
    case addressFull
    /// The address opens connections too fast.
    case addressRate
}

/// What becomes of a new connection.
package enum AdmissionVerdict: Sendable, Equatable {
    /// It is let in; ``AdmissionPolicy/released(_:)`` is due when it has closed.
    case admitted
    /// It is to be closed, with a word if that is cheap. Nothing remembers it.
    case refused(AdmissionRefusal)
}

/// Decides which new connections are let in: by how many there are and how fast they come, of one address and of all.
///
/// A refusal takes nothing from anyone: an address that is over its own limits does not use up what the process can
/// admit, and one that the process cannot admit keeps its own allowance. Time is an argument.
package struct AdmissionPolicy: Sendable {
    /// The limits.
    package let limits: AdmissionLimits
    /// How many connections have been admitted and not released.
    package private(set) var connectionCount = 0
    /// How many addresses are remembered; never more than 65,536.
    package var addressCount: Int { addresses.count }

    private var processBucket = AdmissionBucket()
    private var addresses: AddressTable

    /// A policy that has seen nobody yet; `seed` is any number that no peer can know.
    package init(_ limits: AdmissionLimits = AdmissionLimits(), seed: UInt64) {
        self.limits = limits
        addresses = AddressTable(seed: seed)
    }

    /// Decides on a connection of `address` that has come at `now`.
    package mutating func admit(_ address: PeerAddress, at now: Instant) -> AdmissionVerdict {
        let refusal =
            if connectionCount >= limits.connectionsMax {
                AdmissionRefusal.processFull
            } else if isExempt(address) {
                AdmissionRefusal?.none
            } else {
                charge(address.admissionKey, at: now)
            }
        if let refusal { return .refused(refusal) }
        connectionCount += 1
        return .admitted
    }

    /// A connection of `address` that was admitted has closed.
    package mutating func released(_ address: PeerAddress) {
        precondition(connectionCount > 0, "released more often than admitted")
        connectionCount -= 1
        guard !isExempt(address) else { return }
        // While it had a connection the address could not be forgotten.
        guard let index = addresses.find(address.admissionKey) else {
            preconditionFailure("released an address that was not admitted")
        }
        addresses.closed(at: index)
    }

    /// A connection of `old` that was admitted turns out to speak for `new`, which counts from now on.
    ///
    /// - Returns: Whether `new` may have it; if not, nothing has changed.
    package mutating func reassign(from old: PeerAddress, to new: PeerAddress, at now: Instant) -> AdmissionVerdict {
        if !isExempt(new), let refusal = charge(new.admissionKey, at: now) { return .refused(refusal) }
        connectionCount += 1
        released(old)
        return .admitted
    }

    /// Charges a new connection to the address of `key` and to the process, or to neither.
    private mutating func charge(_ key: UInt64, at now: Instant) -> AdmissionRefusal? {
        let known = addresses.find(key)
        if let known {
            guard addresses.connections(at: known) < limits.connectionsPerAddressMax else { return .addressFull }
            guard addresses.hasToken(at: known, now: now, limits.addressRate) else { return .addressRate }
        }
        guard processBucket.hasToken(at: now, limits.processRate) else { return .processRate }
        guard let index = known ?? addresses.insert(key, now: now) else { return .processFull }
        processBucket.take(at: now, limits.processRate)
        addresses.opened(at: index, now: now, limits.addressRate)
        return nil
    }

    private func isExempt(_ address: PeerAddress) -> Bool { limits.exempts(address) }
}

extension PeerAddress {
    /// What limits are counted by: the IPv6 /64, or the IPv4 address as a /64 of the block `::/32`, which nobody has.
    var admissionKey: UInt64 {
        family == .ipv6 ? high : low
    }
}
