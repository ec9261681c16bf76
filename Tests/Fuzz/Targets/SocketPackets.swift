internal import JSONCore
internal import SocketIOCore

/// The fuzz target `socket-packets`: texts and attachments of one Socket.IO session under chosen limits. Nothing but a
/// declared error may come of them, after which nothing is kept; and each packet, sent on, arrives as the same packet.
package func fuzzSocketPackets(_ input: [UInt8]) {
    var settings = Settings(input)
    let json = JSONLimits(depthMax: settings.byte() & 31, valuesMax: settings.byte() * 4)
    var decoder = SocketPacketDecoder(
        limits: SocketPacketDecoder.Limits(
            packetBytesMax: settings.byte() * 16, connectBytesMax: settings.byte(), json: json))
    while !settings.rest.isEmpty {
        let start = settings.byte()
        // A text is long, or the last; an attachment is short.
        let isText = start & 1 == 0
        let message = settings.bytes(isText ? start << 1 : start >> 1)
        do throws(SocketPacketError) {
            let packet = isText ? try decoder.text(message.span) : try decoder.binary(message.span)
            if let packet { check(packet) }
        } catch {
            precondition(!decoder.isWaiting, "a packet was kept after an error")
            precondition(!error.description.isEmpty, "an error without words")
        }
        if start == 0xFE { decoder.reset() }
    }
}

/// Sends a packet on, and takes it at the other end.
private func check(_ packet: SocketPacket) {
    // An ack without a payload is written as one with an empty one: what comes back may need a little more.
    let json = JSONLimits(depthMax: 33, valuesMax: 1_021)
    var decoder = SocketPacketDecoder(
        limits: SocketPacketDecoder.Limits(packetBytesMax: .max, connectBytesMax: .max, json: json))
    do throws(SocketPacketError) {
        let (text, attachments) = try SocketPacketEncoder.encode(packet)
        var taken = try decoder.text(text.span.extracting(droppingFirst: 1))
        for attachment in attachments {
            precondition(taken == nil, "a packet was whole before its attachments had come")
            taken = try decoder.binary(attachment.span)
        }
        precondition(taken == packet, "a packet was changed on its way")
    } catch {
        preconditionFailure("a packet that came cannot be sent on: \(error)")
    }
}
