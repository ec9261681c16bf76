import CUV

/// A write that the kernel has not wholly taken: libuv's request, and the arrays whose bytes it points into.
///
/// The pointers that libuv keeps stay valid because both arrays are held here unchanged until the write's callback: the
/// elements of an array that someone holds and nobody changes do not move.
@safe final class PendingWrite {
    let bytes: [UInt8]
    let shared: [UInt8]
    let request: UnsafeMutablePointer<uv_write_t>

    init(bytes: [UInt8], shared: [UInt8]) {
        self.bytes = bytes
        self.shared = shared
        unsafe request = .allocate(capacity: 1)
    }

    deinit {
        unsafe request.deallocate()
    }
}

/// Lends what is left of `bytes` and then `shared`, without their first `skipped` bytes, as at most two buffers of one
/// gathered write.
@inline(__always)
func withBuffers(
    _ bytes: [UInt8], _ shared: [UInt8], skipping skipped: Int,
    _ write: (UnsafePointer<uv_buf_t>, UInt32) -> Int
) -> Int {
    unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe shared.withUnsafeBufferPointer { shared in
            let skippedOfBytes = min(skipped, bytes.count)
            let first = unsafe buffer(bytes, skipping: skippedOfBytes)
            let second = unsafe buffer(shared, skipping: skipped - skippedOfBytes)
            var buffers = unsafe first.len > 0 ? (first, second) : (second, first)
            let count: UInt32 = unsafe first.len > 0 && second.len > 0 ? 2 : 1
            // The pointer is to the whole pair: one made from its first element would reach no further than that.
            return unsafe withUnsafeBytes(of: &buffers) { pair in
                let start = unsafe pair.assumingMemoryBound(to: uv_buf_t.self).baseAddress
                guard let start = unsafe start else { return Int(UV_EINVAL.rawValue) }
                return unsafe write(start, count)
            }
        }
    }
}

private func buffer(_ part: UnsafeBufferPointer<UInt8>, skipping skipped: Int) -> uv_buf_t {
    guard let start = part.baseAddress else { return unsafe uv_buf_t(base: nil, len: 0) }
    // libuv only reads through it; its type serves reads as well.
    let base = unsafe UnsafeMutableRawPointer(mutating: start + skipped).assumingMemoryBound(to: CChar.self)
    return unsafe uv_buf_t(base: base, len: part.count - skipped)
}
