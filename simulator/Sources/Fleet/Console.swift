import Foundation
import Glibc

/// The terminal, or whatever the standard streams are.
enum Console {
    /// Whether standard output is a terminal.
    static var showsOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether what is written there may have colours: on a terminal that knows them, unless NO_COLOR is set (no-color.org).
    static var takesColors: Bool { showsOutput && takesColors(ProcessInfo.processInfo.environment) }

    /// The same of a terminal, as its environment says.
    static func takesColors(_ environment: [String: String]) -> Bool {
        environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// Whether standard error is a terminal.
    static var showsErrors: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes to standard output, at once. A reader that has gone is not our concern.
    static func write(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    /// Whether a file can be written there: it is made, and left as it was if it is there.
    static func canWrite(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
            ? FileManager.default.isWritableFile(atPath: path)
            : FileManager.default.createFile(atPath: path, contents: nil)
    }

    /// Writes a whole file. False, with a line on standard error, where that cannot be.
    static func write(_ text: String, toFile path: String) -> Bool {
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
            return true
        } catch {
            writeError("muster bots: \(path) cannot be written: \(error.localizedDescription)\n")
            return false
        }
    }

    /// Writes to standard error, at once.
    static func writeError(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
