import ByteKit

/// What a head may cost.
package struct HTTPLimits: Sendable {
    /// Bytes of a whole head, line ends included. 16 KiB is what Node takes, so what a browser's cookies are made for.
    package var headBytesMax = 16 * 1024
    /// Field lines in a head.
    package var fieldsMax = 100
    /// Bytes of a request target.
    package var targetBytesMax = 2 * 1024

    /// The limits as they are unless changed.
    package init() {}

    /// Bytes of a start line without its end: the longest target and room for a method and a version.
    var startLineBytesMax: Int { targetBytesMax + 64 }
}

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

    /// The next line, or nil with every byte taken when it has not ended yet.
    ///
    /// - Parameters:
    ///   - lineBytesMax: How long this line may be.
    ///   - tooLong: What is thrown where it is longer.
    mutating func next(
        _ bytes: Span<UInt8>, at cursor: inout Int, lineBytesMax: Int, tooLong: HTTPError
    ) throws(HTTPError) -> Line? {
        let start = cursor
        let wasBegun = !kept.isEmpty || endsInReturn
        var room = lineBytesMax - kept.count
        while cursor < bytes.count {
            guard headBytes < headBytesMax else { throw .headTooLarge }
            let byte = bytes[cursor]
            cursor += 1
            headBytes += 1
            if endsInReturn {
                guard byte == UInt8(ascii: "\n") else { throw .controlByte }
                endsInReturn = false
                let end = max(start, cursor - 2)
                return wasBegun ? .kept(takeKept(adding: bytes.extracting(start..<end))) : .input(start..<end)
            }
            if byte == UInt8(ascii: "\r") {
                endsInReturn = true
                continue
            }
            guard HTTPGrammar.isFieldByte(byte) else { throw .controlByte }
            guard room > 0 else { throw tooLong }
            room -= 1
        }
        guard start < cursor else { return nil }
        for index in start..<(endsInReturn ? cursor - 1 : cursor) { kept.append(bytes[index]) }
        return nil
    }

    private mutating func takeKept(adding rest: Span<UInt8>) -> [UInt8] {
        var line: [UInt8] = []
        swap(&line, &kept)
        line.append(rest)
        return line
    }
}
