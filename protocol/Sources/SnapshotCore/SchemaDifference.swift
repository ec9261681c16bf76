extension Schema {
    /// Why a client cannot play that was built for the schema with this text or hash: the first field or type that differs, in words.
    /// Nil when it can (protocol/spec/lobby.md §2).
    ///
    /// - Parameter other: A canonical text, or 16 lower-case hexadecimal digits; of which only the text lets the field be named.
    package func mismatch(with other: String) -> String? {
        guard other != hashText, other != text else { return nil }
        guard other.contains("\n") else {
            return "the client was built for schema \(other), the game has \(hashText);"
                + " a client that sends its schema's text is told which field differs"
        }
        do throws(SchemaError) {
            return "the client was built for another schema: \(difference(from: try Schema.parse(other)))"
        } catch {
            return "\"schema\" is neither a schema's hash nor its text: \(error)"
        }
    }

    /// The first line in which the texts of two schemas differ, in words: of which type, and what each of them says.
    ///
    /// - Precondition: they differ.
    package func difference(from other: Schema) -> String {
        let (ours, theirs) = (text.split(separator: "\n"), other.text.split(separator: "\n"))
        var owner = ""
        for index in 0... {
            let (line, otherLine) = (Self.line(index, of: ours), Self.line(index, of: theirs))
            guard line == otherLine else {
                return "\(Self.words(line, of: owner)) in the game, \(Self.words(otherLine, of: owner)) in the client"
            }
            guard let line else { break }
            // `table NAME`, `single NAME` or `input`.
            if !line.hasPrefix("field ") { owner = String(line.split(separator: " ").prefix(2).last ?? "") }
        }
        preconditionFailure("schemas that do not differ")
    }

    private static func line(_ index: Int, of lines: [Substring]) -> Substring? {
        index < lines.count ? lines[index] : nil
    }

    /// A line as it is shown: a field with the type that it belongs to.
    private static func words(_ line: Substring?, of owner: String) -> String {
        guard let line else { return "nothing more" }
        guard line.hasPrefix("field ") else { return "\"\(line)\"" }
        return "\"\(line)\" of \"\(owner)\""
    }
}
