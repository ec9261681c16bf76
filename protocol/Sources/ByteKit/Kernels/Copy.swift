extension [UInt8] {
    /// Appends lent bytes in one copy; the array grows geometrically, so appending piece by piece stays linear.
    package mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a short head and the bytes that follow it, with one look at the array's room.
    ///
    /// - Parameters:
    ///   - head: Its first byte in the least significant bits.
    ///   - headCount: How many of its bytes count: 0 to 8.
    package mutating func append(head: UInt64, headCount: Int, then bytes: Span<UInt8>) {
        precondition((0...8).contains(headCount), "a head has at most eight bytes")
        let total = headCount + bytes.count
        // The head is stored as a whole word, so there is room for one even where nothing follows.
        let room = Swift.max(total, 8)
        if capacity - count < room { reserveCapacity(Swift.max(count + room, capacity * 2)) }
        append(addingCapacity: room) { spare in
            unsafe spare.withUnsafeMutableBufferPointer { buffer, filled in
                let target = UnsafeMutableRawBufferPointer(buffer)
                unsafe target.storeBytes(of: head.littleEndian, as: UInt64.self)
                unsafe bytes.withUnsafeBytes { source in
                    guard let from = source.baseAddress, let start = target.baseAddress else { return }
                    unsafe (start + headCount).copyMemory(from: from, byteCount: source.count)
                }
                filled = total
            }
        }
    }

    /// Appends eight bytes, least significant first, with one look at the array's room.
    package mutating func appendWord(_ word: UInt64) {
        if capacity - count < 8 { reserveCapacity(Swift.max(count + 8, capacity * 2)) }
        append(addingCapacity: 8) { spare in
            unsafe spare.withUnsafeMutableBufferPointer { buffer, filled in
                unsafe UnsafeMutableRawBufferPointer(buffer).storeBytes(of: word.littleEndian, as: UInt64.self)
                filled = 8
            }
        }
    }

    /// A copy of lent bytes.
    package init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
