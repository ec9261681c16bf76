internal import ByteKit
internal import Determinism

/// What happened on the network, as one hash and, when asked for, as text.
///
/// Two runs with the same seed have the same hash; where two hashes differ, the first differing line of the
/// two texts is the first event that differed.
package final class WorldTrace {
    /// What is traced about a stream.
    package enum Kind: UInt8, Sendable {
        case opened = 1
        case accepted
        case refused
        case received
        case drained
        case ended
        case closed
        case reset
        case stalled
        case cut
    }

    // What other modules can reach is checked for exclusive access at each use; these are not.
    private var wordHash = WordHash()
    private var byteCount = 0
    private var readCount = 0

    /// Gets one line per event when set; off by default, since it costs far more than the hash.
    package var line: ((String) -> Void)?
    /// The hash of everything recorded so far.
    package var hash: UInt64 { wordHash.value }
    /// How many bytes have been delivered to handlers.
    package var deliveredByteCount: Int { byteCount }
    /// How many reads they were delivered in.
    package var deliveryCount: Int { readCount }

    /// A trace of nothing.
    init() {}

    /// Records one event of one end of a connection, or of both (`side` nil).
    func record(_ kind: Kind, _ connection: Int, _ side: PipeSide?, at now: Instant) {
        feed(kind, connection, side, now)
        line?("\(now.nanoseconds) #\(connection) \(side?.description ?? "both") \(kind)")
    }

    /// Records bytes that `side` is about to be handed.
    func record(received bytes: borrowing Span<UInt8>, _ connection: Int, _ side: PipeSide, at now: Instant) {
        feed(.received, connection, side, now)
        byteCount += bytes.count
        readCount += 1
        feed(bytes)
        line?("\(now.nanoseconds) #\(connection) \(side) received \(bytes.count)")
    }

    private func feed(_ bytes: borrowing Span<UInt8>) {
        // In a copy, so that the property is accessed once.
        var hash = wordHash
        hash.feed(UInt64(bytes.count))
        var index = 0
        while index + 8 <= bytes.count {
            hash.feed(bytes.word(at: index))
            index += 8
        }
        var rest: UInt64 = 0
        while index < bytes.count {
            rest = rest << 8 | UInt64(bytes[index])
            index += 1
        }
        hash.feed(rest)
        wordHash = hash
    }

    private func feed(_ kind: Kind, _ connection: Int, _ side: PipeSide?, _ now: Instant) {
        wordHash.feed(UInt64(bitPattern: now.nanoseconds))
        let end = side.map { UInt64($0.rawValue) } ?? 0xFF
        wordHash.feed(UInt64(connection) << 16 | end << 8 | UInt64(kind.rawValue))
    }
}
