internal import Compression

/// Decompresses the messages of one connection (RFC 7692 §7.2.2), for its ``WebSocketReceiver``.
package final class MessageInflater {
    /// What a message costs beside its bytes, in bytes that could be inflated meanwhile.
    private static let messageWork = 256

    private let pool: DeflatePool
    private let reservedBytes: Int
    private let windowBits: Int
    private let keepsContext: Bool
    private var context: Inflater?
    /// Compressed bytes of the message under way.
    private var messageBytes = 0
    /// How much work may still be done, in bytes taken and made: beyond it a message ends with
    /// ``WebSocketError/tooMuchToInflate``. Whoever has a clock fills it up.
    package var allowance = Int.max

    /// The receiving half of an agreement; `role` is who we are.
    package init(_ agreement: PermessageDeflate.Agreement, role: WebSocketRole, pool: DeflatePool) {
        self.pool = pool
        keepsContext = !agreement.isWithoutContext(sentBy: role.peer)
        windowBits = Self.windowBits(agreement, role)
        reservedBytes = pool.reservation(receivingBy: agreement, role)
        pool.reserve(reservedBytes)
    }

    deinit {
        if let context { pool.giveBack(context) }
        pool.free(reservedBytes)
    }

    /// The window of its context. A pooled context serves connections of every window; one of our own need not be larger
    /// than agreed.
    static func windowBits(_ agreement: PermessageDeflate.Agreement, _ role: WebSocketRole) -> Int {
        agreement.isWithoutContext(sentBy: role.peer) ? 15 : agreement.windowBits(sentBy: role.peer)
    }

    /// Bytes of memory that its context holds.
    var residentBytes: Int { context?.residentBytes ?? 0 }

    /// Begins a message.
    func begin() {
        messageBytes = 0
        if context == nil { context = pool.borrowInflater(windowBits: windowBits) }
    }

    /// Checks the length of the next frame, before any of it comes.
    ///
    /// A compressed message may be a little longer than what it stands for, but not by more than the blocks need that
    /// hold incompressible bytes; more is work without a result.
    func admit(_ length: UInt64, messageBytesMax: Int) throws(WebSocketError) {
        let (most, overflows) = messageBytesMax.addingReportingOverflow(messageBytesMax / 8 + 64)
        guard overflows || length <= UInt64(max(0, most - messageBytes)) else { throw .messageTooBig }
    }

    /// Appends what the next piece of the message stands for.
    func take(_ piece: Span<UInt8>, into output: inout [UInt8], outputMax: Int) throws(WebSocketError) {
        let before = output.count
        messageBytes += piece.count
        do throws(InflateError) {
            try context?.inflate(piece, into: &output, outputMax: outputMax)
        } catch {
            throw Self.error(error)
        }
        try charge(piece.count + output.count - before)
    }

    /// Ends the message. Without context takeover the context goes back.
    func finish(into output: inout [UInt8], outputMax: Int) throws(WebSocketError) {
        let before = output.count
        do throws(InflateError) {
            try context?.inflateTail(into: &output, outputMax: outputMax)
        } catch {
            throw Self.error(error)
        }
        try charge(output.count - before + Self.messageWork)
        if !keepsContext { release() }
    }

    private func charge(_ work: Int) throws(WebSocketError) {
        allowance -= work
        guard allowance >= 0 else { throw .tooMuchToInflate }
    }

    /// Gives the context back: nothing more will come.
    func release() {
        guard let context else { return }
        self.context = nil
        pool.giveBack(context)
    }

    private static func error(_ error: InflateError) -> WebSocketError {
        switch error {
        case .invalidData: .invalidDeflate
        case .outputTooLong: .messageTooBig
        }
    }
}
