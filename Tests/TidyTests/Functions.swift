import Foundation

/// One function or initialiser with a body.
struct Function {
    let name: String
    /// The line of its name, from 1.
    let line: Int
    /// From the line of its name to the line of its closing brace.
    let lineCount: Int
}

extension SourceFile {
    /// The functions and initialisers of the file, nested ones too.
    var functions: [Function] {
        code.indices.compactMap { index in
            guard let name = declaredName(at: index), let last = lastLine(ofBodyFrom: index) else { return nil }
            return Function(name: name, line: index + 1, lineCount: last - index + 1)
        }
    }

    private func declaredName(at index: Int) -> String? {
        let pattern = /\b(?:func\s+([^\s(<]+)|(init)[?!]?[(<])/
        guard !lines[index].contains("`") else {
            // A name in backquotes is blank in `code`.
            let parts = lines[index].split(separator: "`", maxSplits: 2)
            return code[index].contains("func ") && parts.count == 3 ? "`\(parts[1])`" : nil
        }
        guard let match = code[index].firstMatch(of: pattern) else { return nil }
        // `self.init(…)` is a call.
        if match.output.2 != nil, code[index][..<match.range.lowerBound].hasSuffix(".") { return nil }
        return String(match.output.1 ?? match.output.2 ?? "")
    }

    /// The line of the brace that closes the body of the declaration on line `first`; nil for a requirement.
    private func lastLine(ofBodyFrom first: Int) -> Int? {
        let modifiers = #"^\s*((public|package|private|static|mutating|@\w+)\s+)*"#
        let declaration = modifiers + #"(func|var|let|init|subscript|case|associatedtype)\b"#
        var parentheses = 0
        var braces = 0
        for index in first..<code.count {
            if index > first, braces == 0, parentheses == 0, begins(index, declaration) { return nil }
            for character in code[index] {
                switch character {
                case "(": parentheses += 1
                case ")": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                case "}" where parentheses == 0 || braces > 0:
                    braces -= 1
                    // Below zero: the end of the protocol that the requirement stands in.
                    if braces <= 0 { return braces == 0 ? index : nil }
                default: break
                }
            }
        }
        return nil
    }

    private func begins(_ index: Int, _ pattern: String) -> Bool {
        code[index].range(of: pattern, options: .regularExpression) != nil
    }
}
