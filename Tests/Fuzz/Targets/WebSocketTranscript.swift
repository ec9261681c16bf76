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

/// All that `receiver` reports about `pieces`.
///
/// Checks on the way that it takes every byte, that what it keeps stays within its limit, and that it keeps nothing
/// between messages.
package func transcript(of pieces: [[UInt8]], by receiver: WebSocketReceiver) -> [WebSocketEntry] {
    var receiver = receiver
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
        // Twice the limit because the array grows by doubling; a little for the allocator's rounding and a ping.
        precondition(receiver.residentBytes <= 2 * receiver.messageBytesMax + 512, "more was kept than the limit")
        precondition(receiver.isMidMessage || receiver.assembled.isEmpty, "a message was kept after its end")
    }
    return entries
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

/// The fuzz target `websocket-stream`: frames to either side under chosen limits and cuts. Nothing but a declared error
/// may come of any input, once, and the same whichever way it is cut.
package func fuzzWebSocketStream(_ input: [UInt8]) {
    var settings = Settings(input)
    let role = settings.byte() & 1 == 1 ? WebSocketRole.client : .server
    let receiver = WebSocketReceiver(
        role: role, messageBytesMax: settings.byte() * 8, fragmentsMax: 1 + settings.byte() & 7)
    let sizes = settings.sizes()
    let stream = Array(settings.rest)
    let whole = transcript(of: [stream], by: receiver)
    let cut = transcript(of: pieces(of: stream, sizes: sizes), by: receiver)
    precondition(whole == cut, "a stream was read differently when cut")
    for entry in whole.dropLast() {
        switch entry {
        case .failed, .close: preconditionFailure("something came after the end")
        default: break
        }
    }
}
