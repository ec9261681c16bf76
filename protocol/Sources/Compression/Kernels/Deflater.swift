import ByteKit
import CZlib

/// Compresses to a DEFLATE stream (RFC 1951).
///
/// Costs 2 to the power of `windowBits` + 2, and of `memLevel` + 9, and 6 KiB: 268 KiB with 15 and 8.
@safe
package final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>
    /// The window that whoever inflates must have: matches reach back 2 to this power.
    package let windowBits: Int
    private let memLevel: Int

    /// Waits for bytes.
    ///
    /// - Parameters:
    ///   - windowBits: 9 to 15. zlib cannot keep to a window of 8: it refuses one, or takes 9 for it and makes streams
    ///     that an inflater with 8 cannot read.
    ///   - level: 0 for none, 1 for the fastest, to 9 for the smallest.
    ///   - memLevel: 1 to 9.
    package init(format: CompressionFormat = .raw, windowBits: Int = 15, level: Int = 6, memLevel: Int = 8) {
        precondition((9...15).contains(windowBits), "zlib compresses with a window of 9 to 15 bits")
        precondition((0...9).contains(level) && (1...9).contains(memLevel), "zlib's levels are 0 to 9 and 1 to 9")
        self.windowBits = windowBits
        self.memLevel = memLevel
        unsafe stream = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let result = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, format.zlibBits(windowBits), Int32(memLevel), Z_DEFAULT_STRATEGY,
            ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib has no memory for a stream, or is another version than its header")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Bytes of memory that the stream holds, as zlib's own figures give them.
    package var residentBytes: Int { Self.residentBytes(windowBits: windowBits, memLevel: memLevel) }

    /// Bytes of memory that a stream with these parameters holds.
    package static func residentBytes(windowBits: Int, memLevel: Int) -> Int {
        1 << (windowBits + 2) + 1 << (memLevel + 9) + 6 * 1024
    }

    /// Forgets what came before: what follows refers to nothing of it.
    package func reset() {
        unsafe deflateReset(stream)
    }

    /// Appends one message, sync-flushed and without the `00 00 FF FF` at its end (RFC 7692 §7.2.1); what follows may
    /// refer to it, until a ``reset()``.
    package func deflateMessage(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        let start = output.count
        run(bytes, flush: Z_SYNC_FLUSH, into: &output)
        guard output.count > start else {
            // zlib does not flush twice; an empty message is one byte all the same (§7.2.3.6).
            output.append(0)
            return
        }
        output.removeLast(4)
    }

    /// Appends the last bytes of the stream and its end. ``reset()`` begins another.
    package func finish(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        run(bytes, flush: Z_FINISH, into: &output)
    }

    private func run(_ bytes: Span<UInt8>, flush: Int32, into output: inout [UInt8]) {
        var offset = 0
        var isDone = false
        while !isDone {
            unsafe bytes.extracting(offset...).withUnsafeBufferPointer { input in
                let given = min(input.count, 1 << 30)
                let isLast = given == input.count
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(given)
                let expected = min(input.count / 2 + 64, 1 << 30)
                unsafe output.fillSpare(least: expected, most: 1 << 30) { start, length in
                    unsafe stream.pointee.next_out = start
                    unsafe stream.pointee.avail_out = UInt32(length)
                    let result = unsafe CZlib.deflate(stream, isLast ? flush : Z_NO_FLUSH)
                    precondition(result != Z_STREAM_ERROR, "a zlib stream was damaged")
                    return unsafe length - Int(stream.pointee.avail_out)
                }
                offset += unsafe given - Int(stream.pointee.avail_in)
                // Room that is left says that nothing waits for more of it.
                isDone = unsafe isLast && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
            }
        }
    }
}
