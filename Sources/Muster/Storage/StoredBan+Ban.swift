import Determinism
import EventLoop
import ServerCore
import StorageKit

// Bans count instants of this process, and what is stored the calendar's milliseconds.

extension BanChange {
    /// What is to be written of it.
    func record(at now: UnixMilliseconds) -> StorageRecord {
        switch self {
        case .banned(let target, let reason, let actor, let time):
            let until = time.map { now + $0.nanoseconds / 1_000_000 }
            return .ban(StoredBan(target.stored, reason: reason, actor: actor, since: now, until: until))
        case .lifted(let target): return .unban(target.stored)
        }
    }
}

extension BanTarget {
    fileprivate var stored: StoredBan.Target {
        switch self {
        case .subject(let subject): .subject(subject)
        case .guests(let address): .address(address)
        }
    }
}

extension StoredBan {
    /// The same, for a process whose clock is at `instant` now.
    fileprivate func ban(at instant: Instant, _ now: UnixMilliseconds) -> Ban {
        let target =
            switch target {
            case .subject(let subject): BanTarget.subject(subject)
            case .address(let address): BanTarget.guests(address: address)
            }
        // Further away than the clock counts is for ever.
        let left = until.map { max($0, now) - now }.flatMap {
            $0 < 4_000_000_000_000 ? Interval.milliseconds(Int($0)) : nil
        }
        return Ban(
            of: target, from: nil, .banned, reason: reason, by: actor,
            until: left.map { instant + $0 } ?? .distantFuture)
    }
}

extension LoopGroup {
    /// Adds bans of earlier processes, as long as nothing else has been said of whom they are about. On any thread.
    func restore(_ bans: [StoredBan], at now: UnixMilliseconds) {
        let instant = loops[0].now
        withDirectory { directory in
            for ban in bans { directory.bans.restore(ban.ban(at: instant, now), at: instant) }
        }
    }
}
