package import SocketIOCore

/// One thing that a payload held.
package enum EnginePayloadEntry: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case failed(EngineError)
}

/// All that a decoder reports about `body`.
package func entries(of body: [UInt8], by decoder: consuming EnginePayloadDecoder) -> [EnginePayloadEntry] {
    var entries: [EnginePayloadEntry] = []
    do throws(EngineError) {
        while let packet = try decoder.next(body.span) {
            switch packet {
            case .text(let range): entries.append(.text(Array(body[range])))
            case .binary: entries.append(.binary(decoder.message))
            }
        }
    } catch {
        precondition(decoder.message.isEmpty, "bytes were kept after an error")
        entries.append(.failed(error))
    }
    return entries
}

/// The server frames that an outbox would hold for `entries`, with a ping after each.
package func serverFrames(of entries: [EnginePayloadEntry]) -> [UInt8] {
    var frames: [UInt8] = []
    for entry in entries {
        switch entry {
        case .text(let bytes): appendFrame(0x81, bytes, to: &frames)
        case .binary(let bytes): appendFrame(0x82, bytes, to: &frames)
        case .failed: continue
        }
        appendFrame(0x89, [], to: &frames)
    }
    return frames
}

private func appendFrame(_ start: UInt8, _ payload: [UInt8], to frames: inout [UInt8]) {
    frames.append(start)
    let length = payload.count
    if length < 126 {
        frames.append(UInt8(length))
    } else {
        precondition(length <= 0xFFFF, "inputs are short")
        frames += [126, UInt8(length >> 8), UInt8(length & 0xFF)]
    }
    frames += payload
}

/// The fuzz target `engine-payload`: a body in one of the three forms, or a posted form around one. Nothing but a
/// declared error may come of it, and what it held comes back the same from any payload that is made of it.
package func fuzzEnginePayload(_ input: [UInt8]) {
    var settings = Settings(input)
    let choice = settings.byte()
    let form: EnginePayload.Form = choice & 3 == 0 ? .separated : choice & 3 == 1 ? .counted : .bytes
    let messageBytesMax = settings.byte() * 16
    let packetsMax = settings.byte()
    var body = Array(settings.rest)
    if choice & 4 != 0, form == .counted {
        guard let payload = EngineJSONP.payload(ofForm: body.span) else { return }
        body = payload
    }
    let decoder = EnginePayloadDecoder(form: form, messageBytesMax: messageBytesMax, packetsMax: packetsMax)
    var packets = entries(of: body, by: decoder)
    if case .failed(let error) = packets.last {
        precondition(!error.description.isEmpty, "an error without words")
        packets.removeLast()
    }
    precondition(packets.count <= packetsMax, "more packets than allowed")
    checkSizes(packets, max: messageBytesMax)
    for case .text(let packet) in packets { checkPacket(packet) }
    check(packets, revision: form == .separated ? .four : .three, base64: choice & 8 != 0, bytesMax: messageBytesMax)
}

/// Reads a packet as a client does that has just connected, and is trying a WebSocket.
private func checkPacket(_ bytes: [UInt8]) {
    do throws(EngineError) {
        let packet = try EnginePacket(bytes.span)
        var probe = EngineProbe()
        let action = probe.received(packet)
        precondition((probe.pollingPaused() != nil) == (action == .pausePolling), "a probe that is not over")
        guard packet.kind == .open else { return }
        let open = try EngineOpen(packet: bytes.span)
        let encoded = open.encode()
        let again = try EngineOpen(packet: encoded.span)
        precondition(again == open, "a handshake that reads otherwise")
    } catch {
        precondition(!error.description.isEmpty, "an error without words")
    }
}

private func checkSizes(_ packets: [EnginePayloadEntry], max: Int) {
    for case .text(let bytes) in packets { precondition((1...max).contains(bytes.count), "a text of a wrong size") }
    for case .binary(let bytes) in packets { precondition(bytes.count <= max, "a message of a wrong size") }
}

/// Puts `packets` into an outbox and takes them out as payloads of `bytesMax` bytes at most.
private func check(_ packets: [EnginePayloadEntry], revision: EngineRevision, base64: Bool, bytesMax: Int) {
    var frames = serverFrames(of: packets)
    var read: [EnginePayloadEntry] = []
    while !frames.isEmpty {
        var body: [UInt8] = []
        let taken = EnginePayload.appendPackets(
            fromFrames: frames.span, to: &body, revision: revision, base64: base64, bytesMax: bytesMax)
        precondition(taken.packetCount == 1 || body.count <= bytesMax, "a payload is too large")
        let decoder = EnginePayloadDecoder(form: taken.form, messageBytesMax: .max, packetsMax: .max)
        let entries = entries(of: body, by: decoder)
        precondition(entries.count == taken.packetCount, "packets were miscounted")
        read += entries
        frames.removeFirst(taken.byteCount)
        _ = EngineJSONP.script(body.span, index: 0)
    }
    precondition(read == packets, "packets were changed on their way")
}
