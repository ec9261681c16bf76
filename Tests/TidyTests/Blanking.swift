/// Swift source with comments, string literals and names in backquotes replaced by blanks, line for line.
///
/// Not a Swift parser: regex literals with a quote in them are taken for the start of a string, which then ends with
/// the line.
func blankingCommentsAndStrings(_ text: String) -> String {
    var blanking = Blanking(Array(text.utf8))
    blanking.code(isHidden: false, untilParenthesis: false)
    return String(decoding: blanking.output, as: UTF8.self)
}

private struct Blanking {
    let input: [UInt8]
    var output: [UInt8] = []
    var at = 0

    init(_ input: [UInt8]) { self.input = input }

    private func sees(_ text: StaticString) -> Bool { sees(Array("\(text)".utf8)) }

    private func sees(_ bytes: [UInt8]) -> Bool { input[at...].starts(with: bytes) }

    private mutating func take(_ count: Int, isHidden: Bool) {
        for byte in input[at..<min(at + count, input.count)] {
            output.append(isHidden && byte != UInt8(ascii: "\n") ? UInt8(ascii: " ") : byte)
        }
        at = min(at + count, input.count)
    }

    /// Code to the end, or to the parenthesis that ends an interpolation.
    mutating func code(isHidden: Bool, untilParenthesis: Bool) {
        var depth = 0
        while at < input.count {
            switch input[at] {
            case UInt8(ascii: "/") where sees("//"):
                line(until: UInt8(ascii: "\n"))
            case UInt8(ascii: "/") where sees("/*"):
                blockComment()
            case UInt8(ascii: "`"):
                take(1, isHidden: isHidden)
                line(until: UInt8(ascii: "`"))
            case UInt8(ascii: "\""), UInt8(ascii: "#"):
                let hashes = input[at...].prefix { $0 == UInt8(ascii: "#") }.count
                guard at + hashes < input.count, input[at + hashes] == UInt8(ascii: "\"") else {
                    take(max(hashes, 1), isHidden: isHidden)
                    continue
                }
                string(hashes: hashes)
            case UInt8(ascii: ")") where untilParenthesis && depth == 0:
                return
            case let byte:
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                take(1, isHidden: isHidden)
            }
        }
    }

    /// Blanks up to `end`, which stays for the caller; never beyond the line.
    private mutating func line(until end: UInt8) {
        while at < input.count, input[at] != UInt8(ascii: "\n"), input[at] != end { take(1, isHidden: true) }
        if end != UInt8(ascii: "\n") { take(1, isHidden: false) }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if sees("/*") {
                depth += 1
                take(2, isHidden: true)
            } else if sees("*/") {
                depth -= 1
                take(2, isHidden: true)
            } else {
                take(1, isHidden: true)
            }
        } while depth > 0 && at < input.count
    }

    private mutating func string(hashes: Int) {
        let pounds = [UInt8](repeating: UInt8(ascii: "#"), count: hashes)
        take(hashes, isHidden: true)
        let isMultiline = sees("\"\"\"")
        let end = [UInt8](repeating: UInt8(ascii: "\""), count: isMultiline ? 3 : 1) + pounds
        take(isMultiline ? 3 : 1, isHidden: true)
        let escape = [UInt8(ascii: "\\")] + pounds
        while at < input.count, !sees(end) {
            if !isMultiline, input[at] == UInt8(ascii: "\n") { return }
            guard sees(escape) else {
                take(1, isHidden: true)
                continue
            }
            take(escape.count, isHidden: true)
            let interpolates = sees("(")
            take(1, isHidden: true)
            if interpolates { code(isHidden: true, untilParenthesis: true) }
        }
        take(end.count, isHidden: true)
    }
}
