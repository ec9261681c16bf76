internal import ByteKit
internal import JSONCore

/// The fuzz target `json`: a text under chosen limits. What comes of it, written again, is read as the same value, and the
/// same text comes of that.
package func fuzzJSON(_ input: [UInt8]) {
    var settings = Settings(input)
    let limits = JSONLimits(depthMax: settings.byte() & 127, valuesMax: settings.byte() * 4)
    let text = Array(settings.rest)
    do throws(JSONError) {
        let value = try JSONValue.parse(text.span, limits: limits)
        precondition(!value.containsBinary, "bytes came of plain JSON")
        let written = Array(value.text.utf8)
        let again = parseWritten(written, limits)
        precondition(again == value, "a value changed when it was written")
        if let object = value.object, let first = object.members.first {
            var without = object
            without[first.key] = nil
            precondition(without.count == object.count - 1 && without[first.key] == nil, "a member that does not go")
            without[first.key] = nil
            precondition(without.isEmpty == (object.count == 1), "a member that goes twice")
            without = object
            without[first.key] = .null
            precondition(without.count == object.count && without[first.key] == .null, "a member that does not change")
        }
        checkReading(value)
        precondition(again.text == value.text, "a text changed when it was read")
    } catch {
        precondition((0...text.count).contains(error.offset), "an error outside of the text")
        precondition(!error.description.isEmpty, "an error without words")
    }
}

/// The value of a text of our own, which must be right.
private func parseWritten(_ text: [UInt8], _ limits: JSONLimits) -> JSONValue {
    do throws(JSONError) {
        return try JSONValue.parse(text.span, limits: limits)
    } catch {
        preconditionFailure("what was written is wrong: \(error)")
    }
}

/// A value is of one kind, whoever asks.
private func checkReading(_ value: JSONValue) {
    let kinds = [
        value.isNull, value.bool != nil, value.number != nil, value.string != nil, value.array != nil,
        value.object != nil, value.binary != nil,
    ]
    precondition(kinds.count { $0 } == 1, "a value of several kinds, or of none")
    precondition(value.integer == nil || value.number != nil, "a whole number that is none")
    precondition((value[0] != nil) == (value.array?.isEmpty == false), "an element that is not there")
    let others: [JSONValue] = [nil, true, 1, 1.5, "", [], [:]]
    precondition(others.count { $0 == value } <= 1, "a value is equal to several")
    // What JSON does not have.
    let bytes = JSONValue.binary(Array(value.text.utf8.prefix(40)))
    precondition(bytes.containsBinary && bytes != value, "bytes are of their own kind")
    let written = Array(JSONValue.array([bytes, .number(.infinity)]).text.utf8)
    let read = parseWritten(written, JSONLimits())
    let text = Array((read[0]?.string ?? "").utf8)
    let decoded = Base64.decode(text.span)
    precondition(decoded == bytes.binary && read[1] == .null, "bytes that do not read back")
}
