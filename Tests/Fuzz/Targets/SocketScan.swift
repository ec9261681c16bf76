internal import ByteKit
internal import JSONCore
internal import SocketIOCore

/// The fuzz target `socket-scan`: a text of a Socket.IO client under chosen limits. The scan that builds nothing must find
/// in it just what the decoder finds, or leave it to the decoder; and so must the scan of JSON.
package func fuzzSocketScan(_ input: [UInt8]) {
    var settings = Settings(input)
    let json = JSONLimits(depthMax: settings.byte() & 31, valuesMax: settings.byte() * 4)
    let limits = SocketPacketDecoder.Limits(packetBytesMax: settings.byte() * 16, json: json)
    let text = Array(settings.rest)
    // Whoever receives a text has checked that.
    guard UTF8Validator.isValid(text.span) else { return }
    var scan = SocketEventScan(limits: limits)
    // What one packet leaves behind must not matter to the next.
    _ = try? scan.packet(Array(#"20["a",{"b":{"c":[1]}}]"#.utf8).span)
    do throws(SocketPacketError) {
        if let found = try scan.packet(text.span) { compare(found, decoded(text, limits), text, json) }
    } catch {
        guard case .failure(error) = decoded(text, limits) else {
            preconditionFailure("the scan refuses the text, and the decoder does not, or for another reason")
        }
    }
    checkArray(text, json)
}

/// The parts that were found are those of the packet that the decoder makes of the text.
private func compare(
    _ found: ScannedEvent, _ decoded: Result<SocketPacket?, SocketPacketError>, _ text: [UInt8], _ json: JSONLimits
) {
    guard case .success(let packet?) = decoded else { preconditionFailure("a packet was found where there is none") }
    let namespace = found.namespace.isEmpty ? "/" : String(decoding: text[found.namespace], as: UTF8.self)
    precondition(packet.namespace == namespace, "another namespace")
    let values = SocketArguments(text: Array(text[found.arguments])).values
    switch packet.body {
    case .event(let name, let expected, let ackID):
        let own = found.name.map { String(decoding: text[$0], as: UTF8.self) }
        precondition(name.text == own && ackID == found.ackID && expected == values, "another event")
    case .ack(let expected, let id):
        precondition(found.name == nil && found.ackID == id && expected == values, "another ack")
    case .connect, .disconnect, .connectError: preconditionFailure("neither event nor ack")
    }
}

private func decoded(
    _ text: [UInt8], _ limits: SocketPacketDecoder.Limits
) -> Result<SocketPacket?, SocketPacketError> {
    var decoder = SocketPacketDecoder(limits: limits)
    do throws(SocketPacketError) {
        return .success(try decoder.text(text.span))
    } catch {
        return .failure(error)
    }
}

/// A scan of the text as JSON says what the parser says.
private func checkArray(_ text: [UInt8], _ limits: JSONLimits) {
    var scan = JSONScan()
    var parsed: JSONValue?
    var refusal: JSONError?
    do throws(JSONError) {
        parsed = try JSONValue.parse(text.span, limits: limits)
    } catch {
        refusal = error
    }
    do throws(JSONError) {
        guard try scan.array(text.span, from: 0, limits: limits) else {
            return precondition(parsed?.array == nil, "an array was not seen")
        }
        precondition(parsed?.array?.count == scan.elements.count, "an array of another length")
        for (place, value) in zip(scan.elements, parsed?.array ?? []) {
            let element = Array(text[place])
            let read = try? JSONValue.parse(element.span, limits: limits)
            precondition(read == value, "an element stands elsewhere")
        }
    } catch {
        precondition(refusal == error, "refused for another reason")
    }
}
