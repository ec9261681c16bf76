import ByteKit

/// What a payload was made from.
package struct EngineFramesTaken: Sendable, Equatable {
    /// How many frames are done with, control frames among them; they are the first ones.
    package var frameCount = 0
    /// How many bytes those frames have.
    package var byteCount = 0
    /// How many packets the payload got from them.
    package var packetCount = 0
    /// The form that the payload has.
    package var form: EnginePayload.Form
}

/// A session's outbox holds WebSocket server frames whatever its transport is: each whole, unmasked, uncompressed and
/// final, a text frame for each packet, a binary frame for each binary message. So a message is framed once for all,
/// and an upgrade hands the outbox on. Here those frames become what else a client may be waiting for.
///
/// The frames are our own bytes: one of any other shape is a mistake of ours and stops the program.
extension EnginePayload {
    /// Appends a payload of packets from the front of `frames` to `body`, which may hold other bytes already.
    ///
    /// Takes as many as fit into `bytesMax` bytes, one at least. Control frames mean nothing to a poll: they are skipped,
    /// also those right behind the last packet.
    ///
    /// - Parameter base64: Whether the client asked for text alone: with `b64`, or with `j`.
    package static func appendPackets(
        fromFrames frames: Span<UInt8>, to body: inout [UInt8], revision: EngineRevision, base64: Bool,
        bytesMax: Int
    ) -> EngineFramesTaken {
        var taken = EngineFramesTaken(form: form(of: frames, revision, base64: base64))
        let start = body.count
        while taken.byteCount < frames.count {
            let frame = EngineFrame(frames, at: taken.byteCount)
            if frame.kind != .control {
                let packet = frames.extracting(frame.payload)
                let mark = body.count
                let isFirst = taken.packetCount == 0
                if frame.kind == .text {
                    append(text: packet, to: &body, form: taken.form, isFirst: isFirst)
                } else {
                    append(binary: packet, to: &body, form: taken.form, isFirst: isFirst)
                }
                guard isFirst || body.count - start <= bytesMax else {
                    body.removeLast(body.count - mark)
                    break
                }
                taken.packetCount += 1
            }
            taken.frameCount += 1
            taken.byteCount = frame.payload.upperBound
        }
        return taken
    }

    /// Appends `frames` to `out` as a WebSocket client takes them that asked for base64 or speaks revision 3.
    ///
    /// A binary message becomes a text frame in base64, or gets the byte 4 in front of it. Other frames stay as they are.
    package static func reframe(
        _ frames: Span<UInt8>, to out: inout [UInt8], revision: EngineRevision, base64: Bool
    ) {
        var start = 0
        while start < frames.count {
            let frame = EngineFrame(frames, at: start)
            let payload = frames.extracting(frame.payload)
            switch (frame.kind, base64, revision) {
            case (.binary, true, _):
                let packet = base64Packet(payload, revision)
                EngineFrame.appendHeader(.text, packet.count, to: &out)
                out += packet
            case (.binary, false, .three):
                EngineFrame.appendHeader(.binary, payload.count + 1, to: &out)
                out.append(binaryMessageType)
                out.append(payload)
            default:
                out.append(frames.extracting(start..<frame.payload.upperBound))
            }
            start = frame.payload.upperBound
        }
    }

    /// In revision 3 a payload with a binary message travels as bytes, unless the client asked for text.
    private static func form(of frames: Span<UInt8>, _ revision: EngineRevision, base64: Bool) -> Form {
        guard revision == .three else { return .separated }
        var start = 0
        while !base64, start < frames.count {
            let frame = EngineFrame(frames, at: start)
            if frame.kind == .binary { return .bytes }
            start = frame.payload.upperBound
        }
        return .counted
    }
}

/// One of our own server frames (RFC 6455 §5.2), found again in an outbox.
private struct EngineFrame {
    enum Kind: UInt8 {
        case text = 0x81
        case binary = 0x82
        case control = 0x88
    }

    let kind: Kind
    let payload: Range<Int>

    init(_ frames: Span<UInt8>, at start: Int) {
        precondition(frames.count - start >= 2, "An outbox holds whole frames.")
        switch frames[start] {
        case Kind.text.rawValue: kind = .text
        case Kind.binary.rawValue: kind = .binary
        case 0x88...0x8A: kind = .control
        default: preconditionFailure("An outbox holds final, uncompressed frames.")
        }
        var length = Int(frames[start + 1])
        var bytesOfLength = 0
        switch length {
        case 126: bytesOfLength = 2
        case 127: bytesOfLength = 8
        default: precondition(length < 126, "A server's frame has no mask.")
        }
        let dataStart = start + 2 + bytesOfLength
        precondition(dataStart <= frames.count, "An outbox holds whole frames.")
        if bytesOfLength > 0 {
            length = 0
            for index in start + 2..<dataStart { length = length << 8 | Int(frames[index]) }
        }
        precondition(length >= 0 && length <= frames.count - dataStart, "An outbox holds whole frames.")
        payload = dataStart..<dataStart + length
    }

    static func appendHeader(_ kind: Kind, _ length: Int, to out: inout [UInt8]) {
        out.append(kind.rawValue)
        switch length {
        case ...125:
            out.append(UInt8(length))
        case ...0xFFFF:
            out.append(126)
            out.appendBigEndian(UInt16(length))
        default:
            out.append(127)
            out.appendBigEndian(UInt64(length))
        }
    }
}
