import ByteKit
import Determinism

/// Who is kept out.
package enum BanTarget: Hashable, Sendable {
    /// Whoever has shown to be this subject.
    case subject(String)
    /// Everybody from this address, or IPv6 /64, who has not shown to be anybody.
    case guests(address: String)

    /// For lists and logs.
    package var text: String {
        switch self {
        case .subject(let subject): "subject \(subject)"
        case .guests(let address): "guests from \(address)"
        }
    }
}

/// What keeps somebody out.
package struct Ban: Sendable, Equatable {
    /// Why.
    package enum Kind: Sendable, Equatable {
        /// A kick: not back into that lobby for a short time.
        case kicked
        /// A ban.
        case banned
    }

    /// Who.
    package var target: BanTarget
    /// From which lobby; nil from all.
    package var lobby: String?
    /// Why.
    package var kind: Kind
    /// Told to the player.
    package var reason: String
    /// The admin who has said so; empty for a game or a host.
    package var actor: String
    /// The first instant at which it holds no more.
    package var until: Instant

    /// A ban.
    package init(
        of target: BanTarget, from lobby: String?, _ kind: Kind, reason: String, by actor: String = "", until: Instant
    ) {
        self.target = target
        self.lobby = lobby
        self.kind = kind
        self.reason = reason
        self.actor = actor
        self.until = until
    }

    /// Whether it outlives its lobby and the server: it is about all lobbies.
    var isStored: Bool { lobby == nil && kind == .banned }

    /// What its target is told.
    var refusal: JoinRefusal {
        switch kind {
        case .kicked: .kicked(reason)
        case .banned: .banned(reason)
        }
    }
}

/// Everybody who is kept out of a lobby, or of all: the one registry that every way back asks.
///
/// When it is full, what has ended goes first, and then what ends soonest. What is about one lobby ends with it.
package struct BanList: Sendable {
    /// The most bans at a time; each takes about 200 bytes.
    package static let countMax = 10_000

    private struct Key: Hashable {
        var target: BanTarget
        var lobby: String?
    }

    private struct Entry {
        var ban: Ban
        /// Counts the bans, so that of two that end together the older one is the first.
        var number: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var lastNumber: UInt64 = 0

    /// Nobody is kept out.
    package init() {}

    /// How many there are, those that have ended among them.
    package var count: Int { entries.count }

    /// Adds a ban. A kick takes no ban away; a ban of the same target from the same place takes the place of the one before.
    package mutating func add(_ ban: Ban, at now: Instant) {
        let key = Key(target: ban.target, lobby: ban.lobby)
        if let known = entries[key]?.ban, known.until > now, known.kind == .banned, ban.kind == .kicked { return }
        if entries[key] == nil, entries.count >= Self.countMax { makeRoom(at: now) }
        lastNumber += 1
        entries[key] = Entry(ban: ban, number: lastNumber)
    }

    /// Adds a ban of an earlier process, unless there is one of its target already.
    package mutating func restore(_ ban: Ban, at now: Instant) {
        guard entries[Key(target: ban.target, lobby: ban.lobby)] == nil else { return }
        add(ban, at: now)
    }

    private mutating func makeRoom(at now: Instant) {
        entries = entries.filter { $0.value.ban.until > now }
        guard entries.count >= Self.countMax else { return }
        // Which one goes does not depend on the order of the dictionary.
        let first = entries.min { left, right in
            (left.value.ban.until, left.value.number) < (right.value.ban.until, right.value.number)
        }
        if let first { entries[first.key] = nil }
    }

    /// What keeps a target out of a lobby, from that lobby alone or from all; nil of `lobby` asks about all alone.
    package func ban(of target: BanTarget, from lobby: String?, at now: Instant) -> Ban? {
        guard !entries.isEmpty else { return nil }
        return entry(Key(target: target, lobby: nil), now)
            ?? lobby.flatMap { entry(Key(target: target, lobby: $0), now) }
    }

    private func entry(_ key: Key, _ now: Instant) -> Ban? {
        entries[key].flatMap { $0.ban.until > now ? $0.ban : nil }
    }

    /// Lets a target in again; whether it was kept out.
    package mutating func lift(_ target: BanTarget, from lobby: String?) -> Bool {
        entries.removeValue(forKey: Key(target: target, lobby: lobby)) != nil
    }

    /// The lobby is over, and with it what is about it alone.
    mutating func forget(lobby id: String) {
        guard !entries.isEmpty else { return }
        entries = entries.filter { $0.key.lobby != id }
    }

    /// Those that hold at `now`, in the order in which they were added.
    package func active(at now: Instant) -> [Ban] {
        entries.values.filter { $0.ban.until > now }.sorted { $0.number < $1.number }.map(\.ban)
    }
}

/// Something that has become of bans which outlive the server, for the storage.
package enum BanChange: Sendable, Equatable {
    /// Somebody is kept out, for that long; nil for ever.
    case banned(BanTarget, reason: String, actor: String, time: Interval?)
    /// Somebody is let in again.
    case lifted(BanTarget)
}

extension PeerAddress {
    /// The address by which guests are banned: an IPv4 address, or an IPv6 /64.
    var banText: String {
        family == .ipv6 ? PeerAddress(ipv6: high, 0, port: 0).host + "/64" : host
    }
}
