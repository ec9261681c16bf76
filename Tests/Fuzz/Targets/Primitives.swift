internal import ByteKit
internal import HTTPCore
internal import SocketIOCore
internal import WebSocketCore

/// The fuzz target `primitives`: varints, bits, base64, addresses, cookies and long frames. Each has one form, so what reads gives its own bytes
/// when it is written, and what is written reads.
package func fuzzPrimitives(_ input: [UInt8]) {
    var settings = Settings(input)
    let choice = settings.byte()
    let rest = Array(settings.rest)
    switch choice % 6 {
    case 0: checkVarints(rest)
    case 1: checkBits(rest)
    case 2: checkBase64(rest)
    case 3: checkAddress(rest, port: UInt16(choice))
    case 4: checkCookie(rest, choice)
    default: checkLongMessage(rest, times: choice)
    }
}

private func checkVarints(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
        let start = offset
        guard let value = bytes.span.varint(at: &offset) else {
            precondition(offset == start, "bytes were taken by no varint")
            return
        }
        var written: [UInt8] = []
        written.appendVarint(value)
        precondition(written[...] == bytes[start..<offset], "a varint has two forms")
    }
}

/// Reads fields whose widths the first half of the input gives from the second.
private func checkBits(_ bytes: [UInt8]) {
    let widths = bytes.prefix(bytes.count / 2).map { Int($0) % 34 }
    let packed = Array(bytes.dropFirst(bytes.count / 2))
    var reader = BitReader()
    var writer = BitWriter()
    var isWhole = true
    for width in widths where isWhole {
        if width == 33 {
            isWhole = reader.readBit(from: packed.span).map { writer.write($0) } != nil
        } else {
            isWhole = reader.read(width: width, from: packed.span).map { writer.write($0, width: width) } != nil
        }
    }
    let end = reader.byteOffset
    precondition(end <= packed.count, "bits were read that are not there")
    let isPadded = reader.paddingIsZero(in: packed.span)
    let written = writer.finish()
    precondition(written.count == end && (written[...] == packed[..<end]) == isPadded, "bits changed on their way")
}

private func checkBase64(_ text: [UInt8]) {
    if let bytes = Base64.decode(text.span) {
        precondition(Base64.encode(bytes) == text, "base64 has two forms")
    }
    if let bytes = Base64.decodeURL(text.span) {
        precondition(Array(Base64.encodeURL(bytes).utf8) == text, "base64 has two forms")
    }
    let encoded = Base64.encode(text)
    let decoded = Base64.decode(encoded.span)
    precondition(decoded == text, "base64 that does not read back")
}

private func checkAddress(_ bytes: [UInt8], port: UInt16) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let range = AddressRange(text) {
        precondition(AddressRange(range.description) == range, "a range that does not read back")
    }
    guard let address = IPAddress(text) else { return }
    precondition(IPAddress(address.description) == address, "an address that does not read back")
    let peer = PeerAddress(address, port: port)
    precondition(IPAddress(peer) == address && IPAddress(peer.host) == address, "a peer that does not read back")
    precondition(
        peer.description.hasSuffix(":\(port)") && !(peer.isLoopback && peer.family == .local), "a strange peer")
    let local = PeerAddress.local
    precondition(local.isLoopback && local.host.isEmpty && IPAddress(local) == nil, "a process has no address")
    precondition(local.description != peer.description, "an address that is none")
}

private func checkCookie(_ bytes: [UInt8], _ choice: Int) {
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
    let path = parts.count > 1 ? String(parts[1]) : "/"
    let age: Int? = choice & 1 == 0 ? nil : choice & 2 == 0 ? choice : -choice
    guard let cookie = EngineCookie(name: String(parts[0]), path: path, maxAgeSeconds: age) else { return }
    let field = cookie.field(value: "a-secret", isSecure: choice & 4 != 0)
    precondition(field.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a cookie ends its field")
    let sent = String(field.prefix { $0 != ";" })
    precondition(cookie.isPresent(in: ["other=1; " + sent], value: "a-secret"), "a cookie that is not found")
    precondition(!cookie.isPresent(in: [sent, sent], value: "a-secret"), "a cookie that stands twice")
    precondition(!cookie.isPresent(in: [sent], value: "a-secrey"), "a cookie of another value")
}

/// A message longer than any input: it goes through a frame with a long length, and as base64 to who takes text alone.
private func checkLongMessage(_ bytes: [UInt8], times: Int) {
    let message = Array(repeatElement(bytes, count: times).joined())
    for (role, mask) in [(WebSocketRole.client, nil), (.server, UInt32(0x0102_0304))] {
        var frames: [UInt8] = []
        WebSocketFrame.append(.binary, message.span, to: &frames, mask: mask)
        let read = transcript(of: [frames], by: WebSocketReceiver(role: role, messageBytesMax: 1 << 22))
        precondition(read == [.binary(message)], "a long message changed on its way")
    }
    checkFragments(message)
    let frames = WebSocketFrame.framed(.binary, message.span)
    var text: [UInt8] = []
    EnginePayload.reframe(frames.span, to: &text, revision: .four, base64: true)
    let read = transcript(of: [text], by: WebSocketReceiver(role: .client, messageBytesMax: 1 << 22))
    guard case .text(let packet) = read.first else { preconditionFailure("no text") }
    let decoded = Base64.decode(packet.span.extracting(droppingFirst: 1))
    precondition(decoded == message, "a long message changed on its way")
}

/// A message in two frames, and a close frame whose reason is cut at a character.
private func checkFragments(_ message: [UInt8]) {
    let text = String(decoding: message.prefix(500), as: UTF8.self)
    var frames: [UInt8] = []
    let half = message.count / 2
    WebSocketFrame.append(.binary, message.span.extracting(..<half), to: &frames, isFinal: false)
    WebSocketFrame.append(.continuation, message.span.extracting(half...), to: &frames)
    WebSocketFrame.appendClose(code: 1000, reason: text, to: &frames)
    let read = transcript(of: [frames], by: WebSocketReceiver(role: .client, messageBytesMax: 1 << 22))
    guard read.count == 2, read[0] == .binary(message), case .close(let code, let reason) = read[1] else {
        preconditionFailure("fragments changed on their way")
    }
    precondition(code == 1000 && text.utf8.starts(with: reason.utf8), "a reason changed on its way")
    precondition(text.utf8.count - reason.utf8.count <= max(0, text.utf8.count - 120), "a reason was cut too short")
}
