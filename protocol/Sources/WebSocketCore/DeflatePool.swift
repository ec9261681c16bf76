internal import Compression

/// The compression contexts of one loop's connections, bounded in number.
///
/// A connection without context takeover has one for as long as a message is under way, one with it from its first
/// compressed message to its end. What is given back is kept for the next, a few at a time.
package final class DeflatePool {
    /// Contexts of each kind that are lent at the same time at most.
    private let lentMax: Int
    /// Contexts of each kind that are kept for later at most.
    private let idleMax: Int
    private let level: Int
    private let memLevel: Int
    private var idleInflaters: [Inflater] = []
    private var idleDeflaters: [Deflater] = []
    private var lentInflaters = 0
    private var lentDeflaters = 0
    /// Where a message is compressed before its length, and so its frame's head, is known. Empty between messages.
    var scratch: [UInt8] = []

    /// An empty pool.
    ///
    /// - Parameters:
    ///   - lentMax: Beyond it a message goes out as it is, and a compressed one that comes is refused.
    ///   - level: From 1, the fastest, to 9, the smallest.
    ///   - memLevel: From 1, the smallest in memory, to 9.
    package init(lentMax: Int = 1024, idleMax: Int = 8, level: Int = 6, memLevel: Int = 8) {
        self.lentMax = lentMax
        self.idleMax = idleMax
        self.level = level
        self.memLevel = memLevel
    }

    /// Contexts that connections have now.
    package var lent: Int { lentInflaters + lentDeflaters }

    /// Contexts that are kept for later.
    package var idle: Int { idleInflaters.count + idleDeflaters.count }

    /// Bytes of memory that the idle contexts hold. A lent one is charged to its connection.
    package var residentBytes: Int {
        idleInflaters.reduce(0) { $0 + $1.residentBytes } + idleDeflaters.reduce(0) { $0 + $1.residentBytes }
            + scratch.capacity
    }

    func borrowInflater(windowBits: Int) -> Inflater? {
        guard lentInflaters < lentMax else { return nil }
        lentInflaters += 1
        guard let inflater = idleInflaters.popLast() else { return Inflater(windowBits: windowBits) }
        inflater.reset(windowBits: windowBits)
        return inflater
    }

    func giveBack(_ inflater: Inflater) {
        lentInflaters -= 1
        if idleInflaters.count < idleMax { idleInflaters.append(inflater) }
    }

    /// A context whose window is not larger than `windowBits`, which is at least 9.
    func borrowDeflater(windowBits: Int) -> Deflater? {
        guard lentDeflaters < lentMax else { return nil }
        lentDeflaters += 1
        guard let index = idleDeflaters.lastIndex(where: { $0.windowBits == windowBits }) else {
            return Deflater(windowBits: windowBits, level: level, memLevel: memLevel)
        }
        let deflater = idleDeflaters.remove(at: index)
        deflater.reset()
        return deflater
    }

    func giveBack(_ deflater: Deflater) {
        lentDeflaters -= 1
        // The one that nobody has asked for the longest goes, so that a window in use finds its context.
        if idleDeflaters.count >= idleMax { idleDeflaters.removeFirst() }
        if idleMax > 0 { idleDeflaters.append(deflater) }
    }
}
