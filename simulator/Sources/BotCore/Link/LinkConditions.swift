import Determinism

/// How one direction of a connection behaves. The order of the bytes is always kept: this is TCP as a program
/// sees it, so loss shows as delay.
package struct LinkConditions: Sendable, Equatable {
    /// Time from departure to arrival; at least 1 ns.
    package var latency: Interval = .microseconds(1)
    /// The most that is added to the latency of a segment; each draws its own.
    package var jitter: Interval = .zero
    /// Bytes per second, or nil when the line is never the limit.
    package var bytesPerSecond: Int?
    /// Bytes that may be under way or unread at the receiver; 1 or more.
    package var receiveWindowBytes = 65_536
    /// Bytes the sender's kernel takes before a write waits; 1 or more.
    package var sendBufferBytes = 65_536
    /// The largest segment that travels in one piece; 1 or more.
    package var segmentBytesMax = 65_536
    /// How often a segment, and a read, is cut at a random place: 0 never, 1 always.
    package var splitChance = 0.0
    /// How often a segment is lost and so comes ``retransmitDelay`` later, with all that follows it.
    package var lossChance = 0.0
    /// What one loss costs.
    package var retransmitDelay: Interval = .milliseconds(200)
    /// How often what is sent again is lost, too, and waits twice as long: bursts, of four losses at most.
    package var burstChance = 0.0
    /// How far apart the line falls silent, give or take a half, as a phone's does; nil for never.
    package var stallEvery: Interval?
    /// For how long it does, give or take a half.
    package var stallTime: Interval = .milliseconds(500)
    /// How often the kernel takes only a part of a write (`EAGAIN`) and the rest a little later.
    package var shortWriteChance = 0.0

    /// A line that only obeys order and a microsecond.
    package init() {}
}

/// How a connection behaves in both directions, as seen from whoever opened it.
package struct NetworkConditions: Sendable, Equatable {
    /// From the client to the server.
    package var up: LinkConditions
    /// From the server to the client.
    package var down: LinkConditions

    /// Conditions that differ by direction.
    package init(up: LinkConditions, down: LinkConditions) {
        self.up = up
        self.down = down
    }

    /// The same conditions both ways.
    package init(both link: LinkConditions) {
        self.init(up: link, down: link)
    }

    /// One microsecond, nothing split, nothing limited.
    package static let perfect = NetworkConditions(both: LinkConditions())

    /// A wire in the same building: 0.2 ms, 1 Gbit/s.
    package static var lan: NetworkConditions {
        var link = LinkConditions()
        link.latency = .microseconds(200)
        link.jitter = .microseconds(100)
        link.bytesPerSecond = 125_000_000
        link.splitChance = 0.01
        return NetworkConditions(both: link)
    }

    /// A home line: 15 ms each way, 20 Mbit/s up, 100 Mbit/s down, 0.1 % loss.
    package static var broadband: NetworkConditions {
        var link = LinkConditions()
        link.latency = .milliseconds(15)
        link.jitter = .milliseconds(4)
        link.bytesPerSecond = 12_500_000
        link.segmentBytesMax = 16_384
        link.splitChance = 0.05
        link.lossChance = 0.001
        var conditions = NetworkConditions(both: link)
        conditions.up.bytesPerSecond = 2_500_000
        return conditions
    }

    /// A phone: 45 ms each way with 30 ms of jitter, 5 Mbit/s up, 20 Mbit/s down, 1 % loss.
    package static var cellular: NetworkConditions {
        var link = LinkConditions()
        link.latency = .milliseconds(45)
        link.jitter = .milliseconds(30)
        link.bytesPerSecond = 2_500_000
        link.segmentBytesMax = 4_096
        link.splitChance = 0.15
        link.lossChance = 0.01
        link.shortWriteChance = 0.01
        var conditions = NetworkConditions(both: link)
        conditions.up.bytesPerSecond = 625_000
        return conditions
    }

    /// The worst that still is a connection: 150 ms with 250 ms of jitter, 50 kB/s, 5 % loss at 400 ms each,
    /// small buffers, and hardly a read or a write that is whole.
    package static var awful: NetworkConditions {
        var link = LinkConditions()
        link.latency = .milliseconds(150)
        link.jitter = .milliseconds(250)
        link.bytesPerSecond = 50_000
        link.receiveWindowBytes = 8_192
        link.sendBufferBytes = 4_096
        link.segmentBytesMax = 1_400
        link.splitChance = 0.7
        link.lossChance = 0.05
        link.retransmitDelay = .milliseconds(400)
        link.shortWriteChance = 0.2
        return NetworkConditions(both: link)
    }
}
