/// Reads a chunked body (RFC 9112 §7.1), in any split, keeping no byte of it.
///
/// Stricter than the RFC: no chunk extensions, no trailers, no more than 16 digits for a size. None of them is of use to
/// us, and each has been a way to make two servers disagree about where a request ends.
struct HTTPChunks: Sendable {
    /// What has been read.
    enum Event {
        /// Bytes of the body, in the input.
        case data(Range<Int>)
        /// The body is over.
        case end
    }

    private enum State {
        case size(digits: Int)
        case sizeLineFeed
        case data
        case dataReturn
        case dataLineFeed
        case lastReturn
        case lastLineFeed
    }

    private static let sizeDigitsMax = 16
    private var state = State.size(digits: 0)
    private var size: UInt64 = 0

    /// The next piece of the body or its end, or nil with every byte taken.
    ///
    /// - Parameter room: How many more bytes the body may have; a chunk is refused as soon as its size is known.
    mutating func next(_ bytes: Span<UInt8>, at cursor: inout Int, room: Int) throws(HTTPError) -> Event? {
        while cursor < bytes.count {
            if case .data = state {
                let start = cursor
                let rest = bytes.count - start
                cursor = start + (Int(exactly: size).map { min($0, rest) } ?? rest)
                size -= UInt64(cursor - start)
                if size == 0 { state = .dataReturn }
                return .data(start..<cursor)
            }
            let byte = bytes[cursor]
            cursor += 1
            if try step(byte, room: room) { return .end }
        }
        return nil
    }

    /// Takes one byte that is not of the body; whether it was the last.
    private mutating func step(_ byte: UInt8, room: Int) throws(HTTPError) -> Bool {
        switch state {
        case .size(let digits):
            if let digit = HTTPGrammar.hexDigit(byte) {
                guard digits < HTTPChunks.sizeDigitsMax else { throw .chunk }
                size = size << 4 | UInt64(digit)
                state = .size(digits: digits + 1)
                return false
            }
            guard digits > 0, byte == UInt8(ascii: "\r") else { throw .chunk }
            guard size <= UInt64(max(0, room)) else { throw .bodyTooLarge }
            state = .sizeLineFeed
        case .sizeLineFeed:
            try expect(byte, "\n")
            state = size == 0 ? .lastReturn : .data
        case .data:
            preconditionFailure("a byte of the body is no step")
        case .dataReturn:
            try expect(byte, "\r")
            state = .dataLineFeed
        case .dataLineFeed:
            try expect(byte, "\n")
            state = .size(digits: 0)
        case .lastReturn:
            try expect(byte, "\r")
            state = .lastLineFeed
        case .lastLineFeed:
            try expect(byte, "\n")
            return true
        }
        return false
    }

    private func expect(_ byte: UInt8, _ wanted: Unicode.Scalar) throws(HTTPError) {
        guard byte == UInt8(ascii: wanted) else { throw .chunk }
    }
}
