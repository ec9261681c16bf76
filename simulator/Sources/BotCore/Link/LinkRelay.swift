import ByteKit
import ClientCore
import Determinism
import HeapModule

/// A bad line between clients and their sockets, of our own making: what a client sends and receives is delayed, jittered, lost and
/// sent again, slowed, stalled, sliced and cut as ``NetworkConditions`` say.
///
/// It sits inside the client's process, so it needs no rights and no other program, and it knows whose connection it is. Whoever drives
/// it calls ``advance()`` when ``nextWake`` has come; ``wakeMoved`` tells that this is earlier than it was. Belongs to one loop.
package final class LinkRelay {
    private struct Due: Comparable {
        var at: Instant
        /// Of two at the same instant the one that was scheduled first.
        var number: UInt64
        var work: () -> Void

        static func < (left: Due, right: Due) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Due, right: Due) -> Bool { left.number == right.number }
    }

    /// The monotonic clock.
    let clock: () -> Instant
    var random: SeededRandom
    private var queue = Heap<Due>()
    private var number: UInt64 = 0
    /// Called when ``nextWake`` has come to be earlier.
    package var wakeMoved: (Instant) -> Void = { _ in }

    /// A relay with nothing under way.
    package init(seed: UInt64, clock: @escaping () -> Instant) {
        self.clock = clock
        random = SeededRandom(seed: seed)
    }

    /// When ``advance()`` has something to do next; nil while nothing is under way.
    package var nextWake: Instant? { queue.min?.at }

    /// Lets arrive what has its time.
    package func advance() {
        let now = clock()
        while let first = queue.min, first.at <= now {
            _ = queue.popMin()
            first.work()
        }
    }

    func call(at instant: Instant, _ work: @escaping () -> Void) {
        let isFirst = nextWake.map { instant < $0 } ?? true
        number += 1
        queue.insert(Due(at: instant, number: number, work: work))
        if isFirst { wakeMoved(instant) }
    }
}

/// Which way bytes go on a link.
package enum LinkWay: Sendable, CaseIterable {
    /// From the client to the server.
    case up
    /// From the server to the client.
    case down
}

/// One client's line: the connections that it opens go through the relay, under its conditions.
package final class LinkedDialer: Dialer {
    /// How the line behaves; nil for one that is as if it were not there. A change holds at once, also for connections that stand.
    package var conditions: NetworkConditions?
    private let relay: LinkRelay
    private let dialer: any Dialer
    private var streams: [LinkedStream] = []

    /// A line by way of `relay` to wherever `dialer` leads.
    package init(_ conditions: NetworkConditions?, through relay: LinkRelay, to dialer: any Dialer) {
        self.conditions = conditions
        self.relay = relay
        self.dialer = dialer
    }

    /// Connects; the answer comes a way there and back after the server's.
    package func dial(
        _ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) {
        let linked = LinkedStream(handler, self, relay)
        dialer.dial(linked) { [self] result in
            switch result {
            case .failure(let error): completion(.failure(error))
            case .success(let stream):
                linked.join(stream)
                streams.append(linked)
                guard let conditions else { return completion(.success(linked)) }
                relay.call(at: relay.clock() + conditions.up.latency + conditions.down.latency) {
                    completion(.success(linked))
                }
            }
        }
    }

    /// What is sent from now on arrives when `interval` has passed, all of it then.
    package func stall(for interval: Interval) {
        for stream in streams { stream.hold(until: relay.clock() + interval) }
    }

    /// What is sent that way from now on is lost, on the connections that stand, and nobody is told. Only heartbeats find it.
    package func lose(_ way: LinkWay) {
        for stream in streams { stream.lose(way) }
    }

    func ended(_ stream: LinkedStream) {
        streams.removeAll { $0 === stream }
    }
}
