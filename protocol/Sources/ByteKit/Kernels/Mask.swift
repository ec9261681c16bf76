/// Applies a WebSocket mask in place (RFC 6455 §5.3), eight bytes at a time.
///
/// - Parameters:
///   - bytes: The payload, or a piece of it.
///   - key: The four mask bytes, the first in the least significant byte.
///   - phase: How many payload bytes came before this piece.
package func applyMask(_ bytes: inout MutableSpan<UInt8>, key: UInt32, phase: Int) {
    let turn = UInt32((phase & 3) * 8)
    let turned = turn == 0 ? key : key >> turn | key << (32 - turn)
    let wide = UInt64(turned) << 32 | UInt64(turned)
    unsafe bytes.withUnsafeMutableBytes { raw in
        var offset = 0
        while offset &+ 8 <= raw.count {
            let word = unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            unsafe raw.storeBytes(of: word ^ wide.littleEndian, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        while offset < raw.count {
            unsafe raw[offset] ^= UInt8(truncatingIfNeeded: turned >> UInt32((offset & 3) * 8))
            offset &+= 1
        }
    }
}
