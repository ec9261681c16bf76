import ByteKit
internal import Compression

/// Messages for many, compressed once: the same frames go to everyone who has agreed to a window of at least that size.
///
/// A message that is compressed by itself may be sent whether or not contexts are kept (RFC 7692 §7.2.3.2): it refers to
/// nothing before it. Whoever keeps one begins anew behind it, as the peer's window then ends with another message than ours.
struct SharedMessages {
    private struct Entry {
        let plain: [UInt8]
        let windowBits: Int
        let threshold: Int
        /// Nil where nothing became smaller.
        let compressed: [UInt8]?
    }

    /// What has been sent last. A turn has few messages that are sent in alternation.
    private var entries: [Entry] = []
    private static let entriesMax = 8

    /// The place of what those frames came to; nil when they have not been seen.
    func place(of plain: [UInt8], windowBits: Int, threshold: Int) -> Int? {
        // The last is nearly always the one. Arrays that share their bytes are the same without a look at them.
        entries.lastIndex {
            $0.windowBits == windowBits && $0.threshold == threshold && $0.plain == plain
        }
    }

    /// What came of the frames at a place; nil where nothing became smaller.
    func compressed(at place: Int) -> [UInt8]? { entries[place].compressed }

    mutating func note(_ plain: [UInt8], windowBits: Int, threshold: Int, compressed: [UInt8]?) {
        if entries.count == Self.entriesMax { entries.removeFirst() }
        entries.append(Entry(plain: plain, windowBits: windowBits, threshold: threshold, compressed: compressed))
    }

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }
}

extension DeflatePool {
    /// Server frames with each message compressed by itself where that makes it smaller; nil where it does nowhere.
    ///
    /// - Parameters:
    ///   - plain: Whole frames of our own, neither masked nor compressed.
    ///   - threshold: Shorter messages stay as they are.
    func compressed(_ plain: [UInt8], windowBits: Int, threshold: Int) -> [UInt8]? {
        if let place = shared.place(of: plain, windowBits: windowBits, threshold: threshold) {
            return shared.compressed(at: place)
        }
        var frames: [UInt8] = []
        var isSmaller = false
        var start = 0
        let deflater = borrowDeflater(windowBits: windowBits)
        while start < plain.count {
            let payload = Self.payload(plain, at: start)
            let whole = plain.span.extracting(start..<payload.upperBound)
            let opcode = WebSocketOpcode(rawValue: plain[start] & 0x0F) ?? .continuation
            if opcode.isControl || payload.count < threshold {
                frames.append(whole)
            } else {
                scratch.removeAll(keepingCapacity: true)
                deflater.reset()
                deflater.deflateMessage(plain.span.extracting(payload), into: &scratch)
                if scratch.count < payload.count {
                    WebSocketFrame.append(opcode, scratch.span, to: &frames, isCompressed: true)
                    isSmaller = true
                } else {
                    frames.append(whole)
                }
            }
            start = payload.upperBound
        }
        giveBack(deflater)
        forgetLargeScratch()
        let result = isSmaller ? frames : nil
        shared.note(plain, windowBits: windowBits, threshold: threshold, compressed: result)
        hasShared = true
        return result
    }

    /// Where the payload of one of our own frames stands.
    private static func payload(_ frames: [UInt8], at start: Int) -> Range<Int> {
        precondition(
            frames.count - start >= 2 && frames[start] & 0xF0 == 0x80 && frames[start + 1] & 0x80 == 0,
            "frames for many are whole, plain and without a mask")
        let lengthBytes =
            switch frames[start + 1] {
            case 126: 2
            case 127: 8
            default: 0
            }
        let begin = start + 2 + lengthBytes
        precondition(begin <= frames.count, "frames for many are whole")
        var length = lengthBytes == 0 ? Int(frames[start + 1]) : 0
        for index in start + 2..<begin { length = length << 8 | Int(frames[index]) }
        precondition(length >= 0 && length <= frames.count - begin, "frames for many are whole")
        return begin..<begin + length
    }
}
