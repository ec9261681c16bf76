import Foundation

/// One Swift file of the repository, as tidy reads it.
struct SourceFile {
    /// Relative to the repository's root: `Sources/EventLoop/Loop.swift`.
    let path: String
    /// The lines as they are.
    let lines: [String]
    /// The same lines with comments and string literals blanked, so that a word found here is code.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.components(separatedBy: "\n")
        code = blankingCommentsAndStrings(text).components(separatedBy: "\n")
    }

    /// The target that the file belongs to, or nil for a file of no target (`Package.swift`).
    var target: String? {
        let parts = path.split(separator: "/").map(String.init)
        switch parts.first {
        case "Sources" where parts.count > 2, "Tests" where parts.count > 2: return parts[1]
        case "protocol" where parts.count > 3, "simulator" where parts.count > 3:
            return parts[1] == "Sources" ? parts[2] : nil
        default: return nil
        }
    }

    /// Whether the file ends up in something a user runs or links.
    var isShipped: Bool { target != nil && !path.hasPrefix("Tests/") }

    /// `path:line: what is there`, for every line of code that matches `pattern`.
    func places(matching pattern: String) -> [String] {
        code.indices.filter { code[$0].range(of: pattern, options: .regularExpression) != nil }
            .map { "\(path):\($0 + 1): \(lines[$0].trimmingCharacters(in: .whitespaces))" }
    }

    /// The modules that the file imports, each with its place.
    var imports: [(module: String, place: String)] {
        let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        return code.enumerated().compactMap { index, line in
            var words = line.split(whereSeparator: \.isWhitespace).map(String.init)[...]
            while let first = words.first, first.hasPrefix("@") || Self.accessLevels.contains(first) {
                words.removeFirst()
            }
            guard words.popFirst() == "import" else { return nil }
            if let kind = words.first, kinds.contains(kind) { words.removeFirst() }
            guard let name = words.first?.split(separator: ".").first else { return nil }
            return (String(name), "\(path):\(index + 1)")
        }
    }

    private static let accessLevels: Set = ["public", "package", "internal", "fileprivate", "private"]
}

/// The repository's own text.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every file below the source folders whose name ends in one of `extensions`, sorted by path.
    static func paths(in folders: [String], extensions: Set<String>) -> [String] {
        var found: [String] = []
        for folder in folders {
            let walk = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
            while let name = walk?.nextObject() as? String {
                if name.hasPrefix(".") || name.contains("/.") { continue }
                if extensions.contains((name as NSString).pathExtension) { found.append("\(folder)/\(name)") }
            }
        }
        return found.sorted()
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// All Swift files, `Package.swift` among them.
    static let swiftFiles: [SourceFile] = {
        let below = paths(in: ["Sources", "Tests", "protocol", "simulator"], extensions: ["swift"])
        return (["Package.swift"] + below).compactMap { path in
            (try? text(path)).map { SourceFile(path: path, text: $0) }
        }
    }()

    static var shippedFiles: [SourceFile] { swiftFiles.filter(\.isShipped) }
}
