package import HTTPTypes

/// The name of one state of a representation (RFC 9110 §8.8.3), by which a client asks whether its copy is still good.
package struct HTTPEntityTag: Sendable, Equatable {
    /// The field's value: `"x"`, or `W/"x"` where two bodies of the same meaning may differ in their bytes.
    package let text: String

    /// A tag of visible ASCII without quotes.
    package init(_ opaque: String, isWeak: Bool = false) {
        precondition(
            opaque.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") },
            "an entity tag holds visible ASCII without quotes")
        text = (isWeak ? "W/\"" : "\"") + opaque + "\""
    }

    /// Whether a request's `If-None-Match` names this tag, so that the answer is 304 (RFC 9110 §13.1.2).
    ///
    /// Tags are compared weakly, and `*` stands for any. A field that is no list of tags, or `*` beside others, names
    /// what stands before its fault.
    package func isNamed(in fields: HTTPFields) -> Bool {
        for field in fields where field.name == .ifNoneMatch {
            let value = field.value
            if isNamed(in: value.utf8.span) { return true }
        }
        return false
    }

    private func isNamed(in list: Span<UInt8>) -> Bool {
        if HTTPGrammar.equalIgnoringCase(list, "*") { return true }
        var cursor = 0
        while let tag = Self.nextTag(list, at: &cursor) {
            if isSame(list.extracting(tag)) { return true }
        }
        return false
    }

    /// Whether a quoted text is this tag's.
    private func isSame(_ tag: Span<UInt8>) -> Bool {
        let own = text.utf8.span
        let start = own[0] == UInt8(ascii: "W") ? 2 : 0
        guard tag.count == own.count - start else { return false }
        for index in tag.indices where tag[index] != own[start + index] { return false }
        return true
    }

    /// The next tag of a list with its quotes and without `W/`; nil at the end, or where there is no tag. A tag may
    /// hold commas, so the list cannot be split at them.
    private static func nextTag(_ list: Span<UInt8>, at cursor: inout Int) -> Range<Int>? {
        while cursor < list.count, [UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "\t")].contains(list[cursor]) {
            cursor += 1
        }
        if list.count - cursor >= 2, list[cursor] == UInt8(ascii: "W"), list[cursor + 1] == UInt8(ascii: "/") {
            cursor += 2
        }
        guard cursor < list.count, list[cursor] == UInt8(ascii: "\"") else { return nil }
        let start = cursor
        guard let length = HTTPGrammar.firstIndex(of: UInt8(ascii: "\""), in: list.extracting((start + 1)...)) else {
            return nil
        }
        cursor = start + length + 2
        return start..<cursor
    }
}
