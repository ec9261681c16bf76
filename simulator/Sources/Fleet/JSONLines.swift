/// On which line each value of a JSON document stands, by its path: `phases[1].link.delay_ms`.
///
/// The document is one that has been parsed; of any other the lines mean nothing.
struct JSONLines {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var lines: [String: Int] = [:]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        value("", depth: 0)
    }

    /// The line of that value, or of its key.
    subscript(path: String) -> Int { lines[path] ?? 1 }

    /// The line of a byte.
    static func line(ofByte offset: Int, in bytes: [UInt8]) -> Int {
        bytes.prefix(offset).reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    }

    private var next: UInt8? {
        mutating get {
            while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { step() }
            return index < bytes.count ? bytes[index] : nil
        }
    }

    private mutating func step() {
        if bytes[index] == UInt8(ascii: "\n") { line += 1 }
        index += 1
    }

    private mutating func value(_ path: String, depth: Int) {
        guard let first = next, depth <= 32 else { return }
        // A member has the line of its key.
        if lines[path] == nil { lines[path] = line }
        switch first {
        case UInt8(ascii: "{"): members(path, depth: depth + 1)
        case UInt8(ascii: "["): elements(path, depth: depth + 1)
        case UInt8(ascii: "\""): _ = string()
        default: while let byte = next, ![0x2C, 0x5D, 0x7D].contains(byte) { step() }
        }
    }

    private mutating func members(_ path: String, depth: Int) {
        step()
        while let byte = next, byte != UInt8(ascii: "}") {
            guard byte == UInt8(ascii: "\"") else {
                step()
                continue
            }
            let keyLine = line
            let key = string()
            let member = path.isEmpty ? key : path + "." + key
            lines[member] = keyLine
            guard next == UInt8(ascii: ":") else { return }
            step()
            value(member, depth: depth)
        }
        if index < bytes.count { step() }
    }

    private mutating func elements(_ path: String, depth: Int) {
        step()
        var count = 0
        while let byte = next, byte != UInt8(ascii: "]") {
            if byte == UInt8(ascii: ",") {
                step()
                continue
            }
            value("\(path)[\(count)]", depth: depth)
            count += 1
        }
        if index < bytes.count { step() }
    }

    /// Steps over a string; its text as it stands there, escapes and all.
    private mutating func string() -> String {
        step()
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count { step() }
            step()
        }
        let text = String(decoding: bytes[start..<min(index, bytes.count)], as: UTF8.self)
        if index < bytes.count { step() }
        return text
    }
}
