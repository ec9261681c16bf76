import ByteKit
internal import HTTPTypes

/// The fields of one head, line by line (RFC 9112 §5).
struct HTTPFieldSection: Sendable {
    private(set) var fields = HTTPFields()
    private var count = 0
    private let fieldsMax: Int

    init(fieldsMax: Int) {
        self.fieldsMax = fieldsMax
    }

    /// Takes one field line, whose bytes are already known to be field bytes.
    mutating func take(_ line: Span<UInt8>) throws(HTTPError) {
        guard count < fieldsMax else { throw .tooManyFields }
        count += 1
        // A folded line begins with a blank, which is no token byte (§5.2); so does a blank before the colon (§5.1).
        guard let colon = HTTPGrammar.firstIndex(of: UInt8(ascii: ":"), in: line) else { throw .field }
        let nameBytes = line.extracting(..<colon)
        guard HTTPGrammar.isToken(nameBytes), let name = HTTPField.Name(HTTPGrammar.text(nameBytes)) else {
            throw .field
        }
        var start = colon + 1
        var end = line.count
        while start < end, isBlank(line[start]) { start += 1 }
        while end > start, isBlank(line[end - 1]) { end -= 1 }
        fields.append(HTTPField(name: name, value: [UInt8](copying: line.extracting(start..<end))))
    }

    /// The number in `Content-Length`, nil where there is none: one field of digits only (RFC 9112 §6.2).
    func contentLength() throws(HTTPError) -> Int? {
        let values = fields[values: .contentLength]
        guard let value = values.first else { return nil }
        guard values.count == 1, !value.isEmpty, value.utf8.allSatisfy(HTTPGrammar.isDigit),
            let length = Int(value)
        else { throw .contentLength }
        return length
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
