internal import Compression

/// Decompresses the messages of one connection (RFC 7692 §7.2.2), for its ``WebSocketReceiver``.
package final class MessageInflater {
    private let pool: DeflatePool
    private let windowBits: Int
    private let keepsContext: Bool
    private var context: Inflater?
    /// Compressed bytes of the message under way.
    private var messageBytes = 0
    /// Bytes taken and made so far, for a budget of the work that a peer may cause.
    package private(set) var bytesHandled = 0

    /// The receiving half of an agreement; `role` is who we are.
    package init(_ agreement: PermessageDeflate.Agreement, role: WebSocketRole, pool: DeflatePool) {
        let sender: WebSocketRole = role == .server ? .client : .server
        self.pool = pool
        keepsContext = !agreement.isWithoutContext(sentBy: sender)
        // A pooled context serves connections of every window; one of our own need not be larger than agreed.
        windowBits = keepsContext ? agreement.windowBits(sentBy: sender) : 15
    }

    deinit {
        if let context { pool.giveBack(context) }
    }

    /// Bytes of memory that its context holds.
    var residentBytes: Int { context?.residentBytes ?? 0 }

    /// Begins a message.
    func begin() throws(WebSocketError) {
        messageBytes = 0
        guard context == nil else { return }
        context = pool.borrowInflater(windowBits: windowBits)
        guard context != nil else { throw .outOfContexts }
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
        defer { bytesHandled &+= piece.count &+ output.count &- before }
        messageBytes += piece.count
        do throws(InflateError) {
            try context?.inflate(piece, into: &output, outputMax: outputMax)
        } catch {
            throw Self.error(error)
        }
    }

    /// Ends the message. Without context takeover the context goes back.
    func finish(into output: inout [UInt8], outputMax: Int) throws(WebSocketError) {
        let before = output.count
        defer { bytesHandled &+= output.count &- before }
        do throws(InflateError) {
            try context?.inflateTail(into: &output, outputMax: outputMax)
        } catch {
            throw Self.error(error)
        }
        if !keepsContext { release() }
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
