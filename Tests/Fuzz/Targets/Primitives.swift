internal import ByteKit
internal import HTTPCore

/// The fuzz target `primitives`: varints, bits, base64 and addresses. Each has one form, so what reads gives its own bytes
/// when it is written, and what is written reads.
package func fuzzPrimitives(_ input: [UInt8]) {
    var settings = Settings(input)
    let choice = settings.byte()
    let rest = Array(settings.rest)
    switch choice % 4 {
    case 0: checkVarints(rest)
    case 1: checkBits(rest)
    case 2: checkBase64(rest)
    default: checkAddress(rest, port: UInt16(choice))
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
    _ = AddressKey(address)
}
