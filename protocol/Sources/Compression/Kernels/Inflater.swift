import ByteKit
import CZlib

/// One DEFLATE stream that is decompressed as it arrives (RFC 1951), with a bound on what it may become.
///
/// Costs about 7 KiB, and its window from the first output on.
@safe
package final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private let format: CompressionFormat
    private var windowBits: Int
    private var hasWindow = false
    /// Whether the bytes so far end between two blocks, none of which said that it was the last, and at a byte's end.
    private var isBetweenBlocks = true

    /// Waits for a stream.
    ///
    /// - Parameter windowBits: 8 to 15. A stream that refers further back than 2 to their power is refused, unless what it
    ///   refers to came in the same call.
    package init(format: CompressionFormat = .raw, windowBits: Int = 15) {
        precondition((8...15).contains(windowBits), "a DEFLATE window has 8 to 15 bits")
        self.format = format
        self.windowBits = windowBits
        unsafe stream = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let result = unsafe inflateInit2_(
            stream, format.zlibBits(windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(result == Z_OK, "zlib has no memory for a stream, or is another version than its header")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Bytes of memory that the stream holds, as zlib's own figures give them.
    package var residentBytes: Int { 7 * 1024 + (hasWindow ? 1 << windowBits : 0) }

    /// Bytes of memory that a stream with this window holds at most.
    package static func residentBytesMax(windowBits: Int) -> Int { 7 * 1024 + 1 << windowBits }

    /// Forgets the stream and waits for another, perhaps with another window.
    package func reset(windowBits: Int? = nil) {
        if let windowBits, windowBits != self.windowBits {
            precondition((8...15).contains(windowBits), "a DEFLATE window has 8 to 15 bits")
            self.windowBits = windowBits
            hasWindow = false
        }
        unsafe inflateReset2(stream, format.zlibBits(self.windowBits))
        isBetweenBlocks = true
    }

    /// Appends what the next `bytes` of the stream stand for, all that can be known so far.
    ///
    /// Where a raw stream ends before its bytes do, another begins that may refer to what came before: so a message may
    /// be made of blocks that say "last" (RFC 7692 §7.2.3.4).
    ///
    /// - Parameter outputMax: Bytes that `output` may hold afterwards. Not one more is made.
    package func inflate(
        _ bytes: Span<UInt8>, into output: inout [UInt8], outputMax: Int
    ) throws(InflateError) {
        precondition(format == .raw, "a file is taken whole")
        var offset = 0
        while offset < bytes.count {
            let isEnded = try takeStream(bytes, at: &offset, into: &output, outputMax: outputMax)
            guard isEnded else { return }
            isBetweenBlocks = false
            unsafe inflateResetKeep(stream)
        }
    }

    /// Takes the four bytes that a sender of sync-flushed data leaves out, `00 00 FF FF` (RFC 7692 §7.2.2).
    ///
    /// - Throws: ``InflateError/invalidData`` where the data was cut in the middle of a block.
    package func inflateTail(into output: inout [UInt8], outputMax: Int) throws(InflateError) {
        let tail: [4 of UInt8] = [0, 0, 0xFF, 0xFF]
        try inflate(tail.span, into: &output, outputMax: outputMax)
        guard isBetweenBlocks else { throw .invalidData }
    }

    /// Takes a stream that is whole in `bytes`; whether it ends there and nowhere else.
    func inflateWhole(
        _ bytes: Span<UInt8>, into output: inout [UInt8], outputMax: Int
    ) throws(InflateError) -> Bool {
        var offset = 0
        let isEnded = try takeStream(bytes, at: &offset, into: &output, outputMax: outputMax)
        return isEnded && offset == bytes.count
    }

    /// Takes bytes until they or the stream end; whether the stream did.
    private func takeStream(
        _ bytes: Span<UInt8>, at offset: inout Int, into output: inout [UInt8], outputMax: Int
    ) throws(InflateError) -> Bool {
        while true {
            // One more than allowed: what fills it is too long, and nothing longer is ever made.
            let room = outputMax - output.count + 1
            guard room > 0 else { throw .outputTooLong }
            let before = output.count
            var result = Z_OK
            unsafe bytes.extracting(offset...).withUnsafeBufferPointer { input in
                let given = UInt32(min(input.count, 1 << 30))
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.pointee.avail_in = given
                unsafe output.fillSpare(least: min(room, 512), most: min(room, 1 << 30)) { start, length in
                    unsafe stream.pointee.next_out = start
                    unsafe stream.pointee.avail_out = UInt32(length)
                    result = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
                    return unsafe length - Int(stream.pointee.avail_out)
                }
                offset += unsafe Int(given - stream.pointee.avail_in)
            }
            guard output.count <= outputMax else { throw .outputTooLong }
            if output.count > before { hasWindow = true }
            let hasRoom = unsafe stream.pointee.avail_out > 0
            switch result {
            case Z_OK:
                // Bits that are left over, 64 within the last block, 128 between blocks, 256 in a header.
                isBetweenBlocks = unsafe stream.pointee.data_type == 128
                if offset == bytes.count, hasRoom { return false }
            case Z_STREAM_END: return true
            // Nothing was left to do: the output had been filled to its last byte.
            case Z_BUF_ERROR: return false
            default: throw .invalidData
            }
        }
    }
}
