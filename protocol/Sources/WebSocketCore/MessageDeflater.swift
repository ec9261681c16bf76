internal import Compression

/// Writes the messages of one connection as frames, compressed where that makes them smaller (RFC 7692 §7.2.1).
///
/// A message that is not to be compressed, such as one with a secret beside text that a player chose, is written with
/// ``WebSocketFrame`` instead; both may be mixed at will.
package final class MessageDeflater {
    private let pool: DeflatePool
    private let windowBits: Int
    private let keepsContext: Bool
    private let threshold: Int
    private let reservedBytes: Int
    private var context: Deflater?

    /// The sending half of an agreement.
    ///
    /// - Parameters:
    ///   - role: Who we are.
    ///   - threshold: Shorter messages are sent as they are.
    package init(
        _ agreement: PermessageDeflate.Agreement, role: WebSocketRole, pool: DeflatePool, threshold: Int = 1024
    ) {
        self.pool = pool
        self.threshold = max(1, threshold)
        windowBits = agreement.windowBits(sentBy: role)
        keepsContext = !agreement.isWithoutContext(sentBy: role)
        reservedBytes = pool.reservation(sendingBy: agreement, role)
        pool.reserve(reservedBytes)
    }

    deinit {
        if let context { pool.giveBack(context) }
        pool.free(reservedBytes)
    }

    /// Bytes of memory that the connection's own context holds.
    package var residentBytes: Int { context?.residentBytes ?? 0 }

    /// Whether a frame that is written here can be read by any peer with the same window: each message is compressed by
    /// itself, so one frame serves them all.
    package var makesSharedFrames: Bool { !keepsContext }

    /// Appends a text or binary message as one frame.
    ///
    /// It goes out as it is where it is shorter than the threshold or would not get smaller, and where the agreed window is
    /// one that zlib does not have.
    ///
    /// - Returns: Whether it is compressed.
    @discardableResult
    package func append(
        _ opcode: WebSocketOpcode, _ payload: Span<UInt8>, to out: inout [UInt8], mask: UInt32? = nil
    ) -> Bool {
        guard payload.count >= threshold, windowBits > 8 else {
            WebSocketFrame.append(opcode, payload, to: &out, mask: mask)
            return false
        }
        let deflater = context ?? pool.borrowDeflater(windowBits: windowBits)
        context = deflater
        var compressed: [UInt8] = []
        swap(&compressed, &pool.scratch)
        deflater.deflateMessage(payload, into: &compressed)
        let isSmaller = compressed.count < payload.count
        if isSmaller {
            WebSocketFrame.append(opcode, compressed.span, to: &out, mask: mask, isCompressed: true)
        } else {
            // What was compressed is not sent, so what follows may not refer to it.
            deflater.reset()
            WebSocketFrame.append(opcode, payload, to: &out, mask: mask)
        }
        if !keepsContext {
            context = nil
            pool.giveBack(deflater)
        }
        if compressed.capacity <= Self.scratchBytesMax {
            compressed.removeAll(keepingCapacity: true)
            swap(&compressed, &pool.scratch)
        }
        return isSmaller
    }

    /// What to send in place of frames that many are sent: each message in them is compressed once for all, where that
    /// makes it smaller and it is no shorter than the threshold.
    ///
    /// - Parameter frames: Whole server frames, neither masked nor compressed.
    package func shared(_ frames: [UInt8]) -> [UInt8] {
        guard frames.count > threshold, windowBits > 8,
            let compressed = pool.compressed(frames, windowBits: windowBits, threshold: threshold)
        else { return frames }
        // The peer's window ends with these messages now, and ours does not.
        if keepsContext { context?.reset() }
        return compressed
    }

    private static let scratchBytesMax = 64 * 1024
}
