/// Applies a WebSocket mask in place (RFC 6455 §5.3), eight bytes at a time.
///
/// - Parameters:
///   - bytes: The payload, or a piece of it.
///   - key: The four mask bytes, the first in the least significant byte; for a later piece turned by as many bytes as came
///     before it.
package func applyMask(_ bytes: inout MutableSpan<UInt8>, key: UInt32) {
    let wide = UInt64(key) << 32 | UInt64(key)
    unsafe bytes.withUnsafeMutableBytes { raw in
        guard let start = raw.baseAddress else { return }
        let count = raw.count
        var offset = 0
        while offset &+ 8 <= count {
            let place = unsafe start + offset
            let word = unsafe place.loadUnaligned(as: UInt64.self)
            unsafe place.storeBytes(of: word ^ wide.littleEndian, as: UInt64.self)
            offset &+= 8
        }
        while offset < count {
            let place = unsafe start + offset
            let byte = unsafe place.load(as: UInt8.self)
            unsafe place.storeBytes(
                of: byte ^ UInt8(truncatingIfNeeded: key >> UInt32(truncatingIfNeeded: (offset & 3) &* 8)),
                as: UInt8.self)
            offset &+= 1
        }
    }
}
