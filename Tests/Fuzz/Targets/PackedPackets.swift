internal import JSONCore
internal import SocketIOCore

/// The fuzz target `packed-packets`: a message of a client that speaks MessagePack, under chosen limits. Nothing but a
/// declared error may come of it; a packet, written and read again, is the same one, and what is written then is too.
package func fuzzPackedPackets(_ input: [UInt8]) {
    var settings = Settings(input)
    let json = JSONLimits(depthMax: settings.byte() & 31, valuesMax: settings.byte() * 4)
    let limits = SocketPacketDecoder.Limits(
        packetBytesMax: settings.byte() * 16, connectBytesMax: settings.byte(), json: json)
    let message = Array(settings.rest)
    do throws(SocketPacketError) {
        let packet = try SocketPacket(unpacking: message.span, limits: limits)
        let written = packed(packet)
        let again = unpackedOwn(written)
        precondition(packed(again) == written, "a packet was changed on its way")
        precondition(again.namespace == packet.namespace, "a packet came to another namespace")
        precondition(packedInParts(packet).map { $0 == written } != false, "its parts are written otherwise")
    } catch {
        precondition(!error.description.isEmpty, "an error without words")
    }
}

private func packed(_ packet: SocketPacket) -> [UInt8] {
    var bytes: [UInt8] = []
    SocketPacketEncoder.pack(packet, to: &bytes)
    return bytes
}

/// An event or an ack as a server writes it, from its parts.
private func packedInParts(_ packet: SocketPacket) -> [UInt8]? {
    var bytes: [UInt8] = []
    switch packet.body {
    case .event(.text(let name), let values, let ackID):
        SocketPacketEncoder.pack(
            event: name, namespace: packet.namespace, ackID: ackID, SocketArguments(values), to: &bytes)
    case .ack(let values, let id):
        SocketPacketEncoder.pack(ack: id, namespace: packet.namespace, SocketArguments(values), to: &bytes)
    default: return nil
    }
    return bytes
}

/// The packet of bytes of our own, which must be right. An ack without a payload is written as one with an empty one, so it may
/// need a little more than it came with.
private func unpackedOwn(_ bytes: [UInt8]) -> SocketPacket {
    let limits = SocketPacketDecoder.Limits(
        packetBytesMax: .max, connectBytesMax: .max, json: JSONLimits(depthMax: 33, valuesMax: 1_030))
    do throws(SocketPacketError) {
        return try SocketPacket(unpacking: bytes.span, limits: limits)
    } catch {
        preconditionFailure("a packet that came cannot be sent on: \(error)")
    }
}
