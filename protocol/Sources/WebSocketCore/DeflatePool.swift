internal import Compression

/// The compression contexts of one loop's connections, and the memory that they may take.
///
/// A connection without context takeover has one for as long as a message is under way, one with it from its first
/// compressed message to its end. Either way all that it may come to hold is reserved when the connection begins, so that
/// no message ever finds the memory gone. What is given back is kept for the next, a few at a time.
package final class DeflatePool {
    /// Bytes that connections may reserve together.
    private let bytesMax: Int
    /// Contexts of each kind that are kept for later at most.
    private let idleMax: Int
    private let level: Int
    private let memLevel: Int
    private var idleInflaters: [Inflater] = []
    private var idleDeflaters: [Deflater] = []
    /// Contexts that connections have now.
    package private(set) var lent = 0
    /// Bytes that connections have reserved: never less than the contexts hold that are lent to them.
    package private(set) var reservedBytes = 0
    /// Where a message is compressed before its length, and so its frame's head, is known. Empty between messages.
    var scratch: [UInt8] = []
    /// Messages that many are sent in this turn.
    var shared = SharedMessages()
    /// Whether there is anything in it: asked each turn.
    var hasShared = false

    /// An empty pool.
    ///
    /// - Parameters:
    ///   - bytesMax: Beyond it there is no room for further connections; those that have been let in are not limited.
    ///   - level: From 1, the fastest, to 9, the smallest.
    ///   - memLevel: From 1, the smallest in memory, to 9.
    package init(bytesMax: Int = .max, idleMax: Int = 8, level: Int = 6, memLevel: Int = 8) {
        self.bytesMax = bytesMax
        self.idleMax = idleMax
        self.level = level
        self.memLevel = memLevel
    }

    /// Whether one more connection of that agreement may have its contexts; `role` is who we are.
    package func hasRoom(for agreement: PermessageDeflate.Agreement, role: WebSocketRole) -> Bool {
        let bytes = reservation(receivingBy: agreement, role) + reservation(sendingBy: agreement, role)
        return bytes <= bytesMax - min(bytesMax, reservedBytes)
    }

    /// What a connection's ``MessageInflater`` holds at most.
    func reservation(receivingBy agreement: PermessageDeflate.Agreement, _ role: WebSocketRole) -> Int {
        Inflater.residentBytesMax(windowBits: MessageInflater.windowBits(agreement, role))
    }

    /// What a connection's ``MessageDeflater`` holds between messages at most.
    func reservation(sendingBy agreement: PermessageDeflate.Agreement, _ role: WebSocketRole) -> Int {
        let bits = agreement.windowBits(sentBy: role)
        guard !agreement.isWithoutContext(sentBy: role), bits > 8 else { return 0 }
        return Deflater.residentBytes(windowBits: bits, memLevel: memLevel)
    }

    func reserve(_ bytes: Int) { reservedBytes += bytes }

    func free(_ bytes: Int) { reservedBytes -= bytes }

    /// Contexts that are kept for later.
    package var idle: Int { idleInflaters.count + idleDeflaters.count }

    /// Bytes of memory that the idle contexts hold.
    package var residentBytes: Int {
        idleInflaters.reduce(0) { $0 + $1.residentBytes } + idleDeflaters.reduce(0) { $0 + $1.residentBytes }
            + scratch.capacity
    }

    /// Forgets the messages that were compressed for many: a turn is over.
    package func forgetShared() {
        guard hasShared else { return }
        hasShared = false
        shared.removeAll()
    }

    /// Lets go of a scratch that one large message has made large.
    func forgetLargeScratch() {
        if scratch.capacity > 64 * 1024 { scratch = [] } else { scratch.removeAll(keepingCapacity: true) }
    }

    func borrowInflater(windowBits: Int) -> Inflater {
        lent += 1
        guard let inflater = idleInflaters.popLast() else { return Inflater(windowBits: windowBits) }
        inflater.reset(windowBits: windowBits)
        return inflater
    }

    func giveBack(_ inflater: Inflater) {
        lent -= 1
        if idleInflaters.count < idleMax { idleInflaters.append(inflater) }
    }

    /// A context whose window is not larger than `windowBits`, which is at least 9.
    func borrowDeflater(windowBits: Int) -> Deflater {
        lent += 1
        guard let index = idleDeflaters.lastIndex(where: { $0.windowBits == windowBits }) else {
            return Deflater(windowBits: windowBits, level: level, memLevel: memLevel)
        }
        let deflater = idleDeflaters.remove(at: index)
        deflater.reset()
        return deflater
    }

    func giveBack(_ deflater: Deflater) {
        lent -= 1
        guard idleMax > 0 else { return }
        // The one that nobody has asked for the longest goes, so that a window in use finds its context.
        if idleDeflaters.count >= idleMax { idleDeflaters.removeFirst() }
        idleDeflaters.append(deflater)
    }
}
