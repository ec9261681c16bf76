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
            if let packet {
                check(packet)
                checkOwn(packet)
            }
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

/// Writes what a server says about a packet's namespace and event, and what cannot be written.
private func checkOwn(_ packet: SocketPacket) {
    let namespace = packet.namespace
    let sent: [(text: [UInt8], body: SocketPacket.Body)] = [
        (SocketPacketEncoder.connected(namespace: namespace, sid: "a"), .connect(["sid": "a"])),
        (SocketPacketEncoder.connectError(namespace: namespace, message: "a"), .connectError(["message": "a"])),
        (SocketPacketEncoder.disconnect(namespace: namespace), .disconnect),
    ]
    for (text, body) in sent {
        precondition(packets(of: text, []) == [SocketPacket(namespace: namespace, body)], "a text that reads otherwise")
    }
    if case .event(let name, let values, _) = packet.body {
        let bytes: [UInt8] = [1, 2, 3]
        if let name = name.text {
            let text = SocketPacketEncoder.soleAttachmentText(event: name, namespace: namespace)
            let expected = SocketPacket(namespace: namespace, .event(.text(name), [.binary(bytes)], ackID: nil))
            precondition(packets(of: text, [bytes]) == [expected], "a snapshot that reads otherwise")
        }
        // Objects that receivers would take for an attachment's place are made harmless.
        let more = SocketPacket(namespace: namespace, .event(name, values.prefix(500) + [.binary(bytes)], ackID: nil))
        if !values.contains(where: \.containsBinary), let (text, attachments) = try? SocketPacketEncoder.encode(more) {
            precondition(packets(of: text, attachments).count == 1, "an event that does not read back")
        }
    }
    let refused: [(SocketPacket, SocketPacketError)] = [
        (SocketPacket(namespace: namespace + ",", .disconnect), .illegalNamespace),
        (SocketPacket(namespace: namespace, .connectError(.null)), .illegalPayload),
        (SocketPacket(namespace: namespace, .connect(["a": .binary([])])), .binaryNotAllowed),
        (SocketPacket(namespace: namespace, .event("connect", [], ackID: nil)), .illegalEventName),
        (SocketPacket(namespace: namespace, .ack([], id: -1)), .illegalAckID),
        (
            SocketPacket(namespace: namespace, .ack(Array(repeating: .binary([]), count: 11), id: 1)),
            .tooManyAttachments
        ),
    ]
    for (packet, expected) in refused {
        do throws(SocketPacketError) {
            _ = try SocketPacketEncoder.encode(packet)
            preconditionFailure("a packet was written that no receiver takes")
        } catch {
            precondition(error == expected && !error.description.isEmpty, "another error")
        }
    }
}

/// What a receiver makes of a message and its attachments; nothing where they are no packet.
private func packets(of message: [UInt8], _ attachments: [[UInt8]]) -> [SocketPacket] {
    var decoder = SocketPacketDecoder()
    do throws(SocketPacketError) {
        var packets = [try decoder.text(message.span.extracting(droppingFirst: 1))]
        for attachment in attachments { packets.append(try decoder.binary(attachment.span)) }
        return packets.compactMap(\.self)
    } catch {
        return []
    }
}
