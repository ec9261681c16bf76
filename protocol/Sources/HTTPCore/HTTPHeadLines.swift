import ByteKit

/// Cuts a head into lines as it arrives, in any split, looking at each byte once (RFC 9112 §2.2).
///
/// A line is only copied when it came in more than one piece; what is kept is that one line.
struct HTTPHeadLines: Sendable {
    /// Where a finished line is, without its CRLF.
    enum Line {
        /// In the bytes just given.
        case input(Range<Int>)
        /// Put together from several reads.
        case kept([UInt8])
    }

    private let headBytesMax: Int
    private var headBytes = 0
    private var kept: [UInt8] = []
    private var endsInReturn = false

    init(headBytesMax: Int) {
        self.headBytesMax = headBytesMax
    }

    /// Whether a line has begun and not ended.
    var isMidLine: Bool { !kept.isEmpty || endsInReturn }

    /// The next line, or nil with every byte taken when it has not ended yet.
    ///
    /// What is thrown depends on the bytes alone, never on how they were cut.
    ///
    /// - Parameters:
    ///   - lineBytesMax: How long this line may be.
    ///   - tooLong: What is thrown where it is longer.
    mutating func next(
        _ bytes: Span<UInt8>, at cursor: inout Int, lineBytesMax: Int, tooLong: HTTPError
    ) throws(HTTPError) -> Line? {
        guard cursor < bytes.count else { return nil }
        let start = cursor
        let headRoom = headBytesMax - headBytes
        var end = start
        if !endsInReturn {
            let limit = start + min(bytes.count - start, lineBytesMax - kept.count, headRoom)
            while end < limit, HTTPGrammar.isFieldByte(bytes[end]) { end += 1 }
            guard end < bytes.count else {
                keep(bytes, start..<end, upTo: end, &cursor)
                return nil
            }
            guard end - start < headRoom else { throw .headTooLarge }
            guard bytes[end] == UInt8(ascii: "\r") else {
                throw HTTPGrammar.isFieldByte(bytes[end]) ? tooLong : .controlByte
            }
        }
        let lineFeed = endsInReturn ? start : end + 1
        guard lineFeed < bytes.count else {
            keep(bytes, start..<end, upTo: lineFeed, &cursor)
            endsInReturn = true
            return nil
        }
        guard lineFeed - start < headRoom else { throw .headTooLarge }
        guard bytes[lineFeed] == UInt8(ascii: "\n") else { throw .controlByte }
        headBytes += lineFeed + 1 - start
        cursor = lineFeed + 1
        guard isMidLine else { return .input(start..<end) }
        endsInReturn = false
        var line: [UInt8] = []
        swap(&line, &kept)
        line.append(bytes.extracting(start..<end))
        return .kept(line)
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ part: Range<Int>, upTo end: Int, _ cursor: inout Int) {
        kept.append(bytes.extracting(part))
        headBytes += end - cursor
        cursor = end
    }
}
