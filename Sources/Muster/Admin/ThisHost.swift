import FoundationEssentials

/// The machine that the server runs on, as admins are shown it.
enum ThisHost {
    /// Its name; asked for once, and of the kernel alone: a resolver may take seconds to answer.
    static let name: String = {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)
        return text?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "localhost"
    }()

    /// The process's number.
    static var process: Int { Int(ProcessInfo.processInfo.processIdentifier) }
}
