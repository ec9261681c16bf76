import Determinism

/// The events that clients may have missed, in the order in which they were sent; bounded by count, bytes and age.
///
/// Each has a position, counted from the hub's first event on. What has left the log has a position all the same.
struct SocketPacketLog {
    private struct Entry {
        let namespace: String
        let recipients: SocketRecipients
        let packet: SocketPlace.Packet
        let sentAt: Instant
    }

    private var entries: [Entry] = []
    /// Those of `entries` in front of it have left.
    private var head = 0
    private var byteCount = 0
    /// The position of the first that is there.
    private(set) var start = 0

    private let countMax: Int
    private let bytesMax: Int

    init(countMax: Int, bytesMax: Int) {
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    /// The position of the next event.
    var end: Int { start + entries.count - head }

    /// When the oldest was sent.
    var oldest: Instant? { head < entries.count ? entries[head].sentAt : nil }

    /// Adds an event, for which the oldest may have to go.
    ///
    /// - Returns: how many have gone.
    mutating func add(
        _ packet: SocketPlace.Packet, in namespace: String, for recipients: SocketRecipients, at now: Instant
    ) -> Int {
        entries.append(Entry(namespace: namespace, recipients: recipients, packet: packet, sentAt: now))
        byteCount += packet.frames.count
        var count = 0
        while entries.count - head > countMax || byteCount > bytesMax, head < entries.count {
            removeFirst()
            count += 1
        }
        tidy()
        return count
    }

    /// Removes what was sent before that.
    mutating func removeAll(before time: Instant) {
        while head < entries.count, entries[head].sentAt < time { removeFirst() }
        tidy()
    }

    private mutating func removeFirst() {
        byteCount -= entries[head].packet.frames.count
        head += 1
        start += 1
    }

    /// Gives the places of those that have left back, once they are half of all.
    private mutating func tidy() {
        guard head > 64, head * 2 >= entries.count else { return head == entries.count ? removeAll() : () }
        entries.removeFirst(head)
        head = 0
    }

    private mutating func removeAll() {
        entries = []
        head = 0
    }

    /// The position of an event; nil where it is not there, or not any more.
    func position(_ offset: SocketOffset, in namespace: String) -> Int? {
        // Mostly it is one of the last.
        for index in (head..<entries.count).reversed()
        where entries[index].packet.key == offset.key && entries[index].namespace == namespace {
            return start + index - head
        }
        return nil
    }

    /// What a client would have been sent from a position on, which is there.
    func packets(from position: Int, of place: SocketPlace) -> [SocketPlace.Packet] {
        entries[(head + position - start)...].lazy
            .filter { $0.namespace == place.namespace && place.takes($0.recipients) }
            .map(\.packet)
    }
}
