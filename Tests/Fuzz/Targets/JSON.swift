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
        let again = try parseWritten(written, limits)
        precondition(again == value, "a value changed when it was written")
        if let object = value.object, let first = object.members.first {
            var without = object
            without[first.key] = nil
            precondition(without.count == object.count - 1 && without[first.key] == nil, "a member that does not go")
        }
        precondition(again.text == value.text, "a text changed when it was read")
    } catch {
        precondition((0...text.count).contains(error.offset), "an error outside of the text")
        precondition(!error.description.isEmpty, "an error without words")
    }
}

/// The value of a text of our own, which must be right.
private func parseWritten(_ text: [UInt8], _ limits: JSONLimits) throws(JSONError) -> JSONValue {
    do throws(JSONError) {
        return try JSONValue.parse(text.span, limits: limits)
    } catch {
        preconditionFailure("what was written is wrong: \(error)")
    }
}
