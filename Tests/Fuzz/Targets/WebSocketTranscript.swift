package import WebSocketCore

/// One thing a receiver reported, with its bytes.
package enum WebSocketEntry: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(code: UInt16?, reason: String)
    case failed(WebSocketError)
}

/// All that a new receiver reports about `pieces`.
///
/// Checks on the way that it takes every byte, that what it keeps stays within its limit, and that it keeps nothing
/// between messages but what an agreement lets it.
package func transcript(of pieces: [[UInt8]], by makeReceiver: () -> WebSocketReceiver) -> [WebSocketEntry] {
    var receiver = makeReceiver()
    let messageBytesMax = receiver.messageBytesMax
    receiver.messageBytesMax = messageBytesMax
    precondition(receiver.messageBytesMax == messageBytesMax && receiver.fragmentsMax >= 1, "limits that do not stay")
    var entries: [WebSocketEntry] = []
    for piece in pieces {
        var bytes = piece
        var span = bytes.mutableSpan
        var cursor = 0
        do throws(WebSocketError) {
            while let event = try receiver.next(&span, at: &cursor) {
                entries.append(entry(event, from: span.span, in: receiver))
            }
        } catch {
            entries.append(.failed(error))
            continue
        }
        precondition(cursor == span.count, "bytes were left over")
        // Twice the limit because the array grows by doubling; a little for the allocator's rounding and a ping; and
        // what a context costs.
        let context = receiver.residentBytes - receiver.assembled.capacity - receiver.control.capacity
        precondition(receiver.residentBytes - context <= 2 * receiver.messageBytesMax + 512, "more than the limit")
        precondition(context <= 40 * 1024, "a context is larger than its window")
        precondition(receiver.isMidMessage || receiver.assembled.isEmpty, "a message was kept after its end")
    }
    return entries
}

/// All that a receiver without an agreement reports about `pieces`.
package func transcript(of pieces: [[UInt8]], by receiver: WebSocketReceiver) -> [WebSocketEntry] {
    transcript(of: pieces, by: { receiver })
}

private func entry(
    _ event: WebSocketEvent, from input: Span<UInt8>, in receiver: borrowing WebSocketReceiver
) -> WebSocketEntry {
    switch event {
    case .text(let bytes): .text(receiver.copy(bytes, from: input))
    case .binary(let bytes): .binary(receiver.copy(bytes, from: input))
    case .ping: .ping(receiver.control)
    case .pong: .pong(receiver.control)
    case .close(let code): .close(code: code, reason: receiver.closeReason)
    }
}

/// The fuzz target `websocket-stream`: frames to either side under chosen limits, agreements and cuts. Nothing but a
/// declared error may come of any input, once, and the same whichever way it is cut.
package func fuzzWebSocketStream(_ input: [UInt8]) {
    var settings = Settings(input)
    let choices = settings.byte()
    let role = choices & 1 == 1 ? WebSocketRole.client : .server
    let messageBytesMax = settings.byte() * 8
    let fragmentsMax = 1 + settings.byte() & 7
    let sizes = settings.sizes()
    // With a smaller window of one's own, what lies beyond it is found or not, depending on the cuts.
    let bits = choices & 4 == 0 ? 15 : UInt8(8 + choices >> 4 & 7)
    let agreement = PermessageDeflate.Agreement(
        serverNoContextTakeover: choices & 4 != 0, clientNoContextTakeover: choices & 4 != 0,
        serverMaxWindowBits: bits, clientMaxWindowBits: bits)
    let pool = DeflatePool(idleMax: 1)
    let makeReceiver = {
        WebSocketReceiver(
            role: role, messageBytesMax: messageBytesMax, fragmentsMax: fragmentsMax,
            inflater: choices & 2 == 0 ? nil : MessageInflater(agreement, role: role, pool: pool))
    }
    let stream = Array(settings.rest)
    let whole = transcript(of: [stream], by: makeReceiver)
    let cut = transcript(of: pieces(of: stream, sizes: sizes), by: makeReceiver)
    precondition(whole == cut, "a stream was read differently when cut")
    precondition(pool.lent == 0, "a context was not given back")
    for entry in whole.dropLast() {
        switch entry {
        case .failed, .close: preconditionFailure("something came after the end")
        default: break
        }
    }
    if case .failed(let error) = whole.last {
        precondition(WebSocketCloseCode.isSendable(error.closeCode), "a code that may not be sent")
        precondition(error.reason.utf8.count <= WebSocketFrame.reasonBytesMax, "a reason that does not fit")
    }
    checkSentOn(whole, role: role, choices & 2 == 0 ? nil : agreement, pool)
    // Two idle contexts at most, of 15 bits, and the largest scratch.
    precondition(pool.residentBytes <= 512 * 1024 && pool.idle <= 2, "the pool keeps too much")
}

/// Sends what has come on to a receiver of the same side: it gets the same.
private func checkSentOn(
    _ entries: [WebSocketEntry], role: WebSocketRole, _ agreement: PermessageDeflate.Agreement?, _ pool: DeflatePool
) {
    let sender: WebSocketRole = role == .server ? .client : .server
    let mask: UInt32? = role == .server ? 0x9A3C_51E7 : nil
    var frames: [UInt8] = []
    do {
        // It gives its context back when it goes.
        let deflater = agreement.map { MessageDeflater($0, role: sender, pool: pool, threshold: 2) }
        for entry in entries { append(entry, by: deflater, mask: mask, to: &frames) }
        precondition(deflater.map { $0.residentBytes <= 300 * 1024 } != false, "a context is larger than it may be")
        precondition(deflater?.makesSharedFrames != false || agreement?.serverNoContextTakeover == false, "no context")
    }
    let again = transcript(of: [frames]) {
        WebSocketReceiver(
            role: role, messageBytesMax: 1 << 20,
            inflater: agreement.map { MessageInflater($0, role: role, pool: pool) })
    }
    // Contexts of another window come next: what is taken out of the pool is as good as new.
    if let agreement, agreement.windowBits(sentBy: sender) < 15, pool.idle > 0 {
        checkSentOn(entries, role: role, PermessageDeflate.Agreement(), pool)
    }
    let sent = entries.filter { if case .failed = $0 { false } else { true } }
    precondition(again == sent, "what was sent on is not what came")
    pool.forgetShared()
    precondition(pool.lent == 0, "a context was not given back")
}

private func append(_ entry: WebSocketEntry, by deflater: MessageDeflater?, mask: UInt32?, to frames: inout [UInt8]) {
    switch entry {
    case .text(let bytes), .binary(let bytes):
        let opcode: WebSocketOpcode = if case .text = entry { .text } else { .binary }
        if let deflater, mask == nil, bytes.count & 1 == 0 {
            // As what many are sent, between what one is sent alone.
            frames += deflater.shared(WebSocketFrame.framed(opcode, bytes.span))
        } else if let deflater {
            deflater.append(opcode, bytes.span, to: &frames, mask: mask)
        } else {
            WebSocketFrame.append(opcode, bytes.span, to: &frames, mask: mask)
        }
    case .ping(let bytes): WebSocketFrame.append(.ping, bytes.span, to: &frames, mask: mask)
    case .pong(let bytes): WebSocketFrame.append(.pong, bytes.span, to: &frames, mask: mask)
    case .close(let code, let reason):
        WebSocketFrame.appendClose(code: code, reason: reason, to: &frames, mask: mask)
    case .failed: break
    }
}
