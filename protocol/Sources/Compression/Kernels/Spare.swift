extension [UInt8] {
    /// Makes room behind the end and lends it, as a start and a length, to something that says how much it has filled.
    ///
    /// - Parameters:
    ///   - least: Bytes that there must be room for.
    ///   - most: Bytes that are lent at most, whatever room there is. The array doubles where it has to grow, but not
    ///     beyond what `most` can fill.
    @unsafe mutating func fillSpare(
        least: Int, most: Int, by fill: (UnsafeMutablePointer<UInt8>, Int) -> Int
    ) {
        if capacity - count < least { reserveCapacity(Swift.max(count + least, Swift.min(capacity * 2, count + most))) }
        let length = Swift.min(capacity - count, most)
        append(addingCapacity: length) { spare in
            unsafe spare.withUnsafeMutableBufferPointer { buffer, filled in
                if let start = buffer.baseAddress { filled = unsafe fill(start, length) }
            }
        }
    }
}
