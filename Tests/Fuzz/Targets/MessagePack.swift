internal import JSONCore
internal import MessagePackCore

/// The fuzz target `messagepack`: bytes under chosen limits. What comes of them, written again, is read as what it was,
/// and the same bytes come of that.
package func fuzzMessagePack(_ input: [UInt8]) {
    var settings = Settings(input)
    let limits = JSONLimits(depthMax: settings.byte() & 127, valuesMax: settings.byte() * 4)
    let bytes = Array(settings.rest)
    do throws(MessagePackError) {
        let value = try JSONValue.unpack(bytes.span, limits: limits)
        let written = value.packed
        let again = unpackWritten(written, limits)
        // Doubles that are whole have become whole numbers, and nothing else is another.
        precondition(again.packed == written, "bytes changed when they were read")
        precondition(again.text == wholeNumbers(value).text, "a value changed when it was written")
    } catch {
        precondition((0...bytes.count).contains(error.offset), "an error outside of the bytes")
        precondition(!error.description.isEmpty, "an error without words")
    }
    checkParts(bytes, limits)
    checkEvent([CompactEvent.Speaker.client.rawValue] + bytes)
}

/// An event that is read is the same one when it is written and read again.
private func checkEvent(_ bytes: [UInt8]) {
    guard let event = try? CompactEvent(decoding: bytes.span, from: .client) else { return }
    let written = event.encoded(from: .client)
    let again = try? CompactEvent(decoding: written.span, from: .client)
    precondition(again?.encoded(from: .client) == written, "an event changed when it was written")
}

/// The value of bytes of our own, which must be right.
private func unpackWritten(_ bytes: [UInt8], _ limits: JSONLimits) -> JSONValue {
    do throws(MessagePackError) {
        return try JSONValue.unpack(bytes.span, limits: limits)
    } catch {
        preconditionFailure("what was written is wrong: \(error)")
    }
}

/// The value with whole numbers for doubles that are whole.
private func wholeNumbers(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number(let number): Int64(exactly: number).map { .integer($0) } ?? value
    case .array(let values): .array(values.map(wholeNumbers))
    case .object(let object): .object(object.mapValues(wholeNumbers))
    default: value
    }
}

/// A map that is read part by part is what it is as a whole.
private func checkParts(_ bytes: [UInt8], _ limits: JSONLimits) {
    var reader = MessagePackReader(limits: limits)
    do throws(MessagePackError) {
        if let count = try reader.arrayCount(bytes.span) {
            for _ in 0..<count { _ = try reader.value(bytes.span, depth: 1) }
        } else if let count = try reader.mapCount(bytes.span) {
            for _ in 0..<count {
                guard try reader.text(bytes.span) != nil else { return }
                _ = try reader.definedValue(bytes.span, depth: 1)
            }
        } else {
            precondition(reader.offset == 0, "what is neither has been stepped past")
            return
        }
        try reader.end(bytes.span)
    } catch {
        let whole = try? JSONValue.unpack(bytes.span, limits: limits)
        precondition(whole == nil, "parts are wrong where the whole is right: \(error)")
    }
}
