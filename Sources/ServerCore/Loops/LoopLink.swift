import JSONCore

/// What goes from this loop to one other: gathered during a turn and handed over once at its end.
///
/// At most ``batchesMax`` batches wait in the other loop's mailbox. While it is too busy to take more, what is said is
/// gathered here, where each remote session has its own bound.
final class LoopLink {
    /// The most batches that the other loop has not handled.
    static let batchesMax: UInt64 = 16
    /// How many of the last deliveries are looked at for the same bytes: as many as a lobby frames at a time, mostly.
    private static let deliveriesCompared = 4

    private let own: Int
    private let other: Int
    private var messages: [LoopMessage] = []
    private var deliveries: [LoopDelivery] = []
    /// The newest batch that was handed over, and the newest that the other loop has handled.
    private var sent: UInt64 = 0
    private(set) var handled: UInt64 = 0
    private var wantsReport = false
    /// The newest batch of the other direction that we have handled, and whether the other loop waits to hear of it.
    private var received: UInt64 = 0
    private var owesReport = false

    init(from own: Int, to other: Int) {
        self.own = own
        self.other = other
    }

    /// The number of the batch that is being gathered.
    var gathering: UInt64 { sent + 1 }

    /// How many deliveries the batch holds that is being gathered.
    var deliveryCount: Int { deliveries.count }

    /// The other loop is to tell as soon as it has handled the batch that is being gathered.
    func askForReport() { wantsReport = true }

    func say(_ message: LoopMessage) { messages.append(message) }

    /// Sends a remote session some bytes, along with others who are sent the same.
    ///
    /// - Parameter barrier: The first delivery that stands behind all that the remote session was told in this batch.
    /// - Returns: The place after the remote session's delivery: its new barrier.
    func deliver(_ bytes: [UInt8], isLatest: Bool, to remote: Int, barrier: Int) -> Int {
        let first = max(barrier, deliveries.count - Self.deliveriesCompared)
        var index = deliveries.count - 1
        while index >= first {
            // Equal arrays are nearly always the same one, which is seen without looking at the bytes.
            if deliveries[index].isLatest == isLatest, deliveries[index].bytes == bytes {
                deliveries[index].remotes.append(remote)
                return index + 1
            }
            index -= 1
        }
        messages.append(.deliver(deliveries.count))
        deliveries.append(LoopDelivery(bytes: bytes, isLatest: isLatest, remotes: [remote]))
        return deliveries.count
    }

    /// Notes what a batch of the other direction says about both.
    func received(_ batch: LoopBatch) {
        handled = max(handled, batch.handled)
        guard batch.number > 0 else { return }
        received = batch.number
        owesReport = owesReport || batch.wantsReport
    }

    /// Hands over what was gathered; whether there was anything.
    func flush(through links: any LoopLinks) -> Bool {
        let isFull = sent - handled >= Self.batchesMax
        guard !messages.isEmpty, !isFull else {
            guard owesReport else { return false }
            owesReport = false
            links.post(batch(number: 0, wantsReport: false), to: other)
            return true
        }
        sent += 1
        let isHalfFull = sent - handled >= Self.batchesMax / 2
        links.post(
            batch(number: sent, wantsReport: wantsReport || isHalfFull, messages, deliveries), to: other)
        wantsReport = false
        owesReport = false
        messages = []
        deliveries = []
        return true
    }

    private func batch(
        number: UInt64, wantsReport: Bool, _ messages: [LoopMessage] = [], _ deliveries: [LoopDelivery] = []
    ) -> LoopBatch {
        LoopBatch(
            from: own, number: number, handled: received, wantsReport: wantsReport, messages: messages,
            deliveries: deliveries)
    }
}

/// How much of one remote session is on its way to the other loop; never less than there is, and nothing once all is handled.
struct InFlight {
    /// In batches up to `mark`.
    private var older = 0
    /// In batches after `mark`, up to `last`.
    private var newer = 0
    private var mark: UInt64 = 0
    private var last: UInt64 = 0

    /// Adds what goes with the batch that is being gathered. Over half of `limit` the other loop is asked to report.
    ///
    /// - Returns: Whether all of it stays within `limit`, or nothing else was on its way; what does not is not added.
    mutating func add(_ amount: Int, to link: LoopLink, limit: Int) -> Bool {
        if link.handled >= last {
            (older, newer) = (0, 0)
        } else if link.handled >= mark {
            (older, newer, mark) = (newer, 0, last)
        }
        guard older + newer == 0 || older + newer + amount <= limit else { return false }
        newer += amount
        last = link.gathering
        if older + newer > limit / 2 { link.askForReport() }
        return true
    }
}
