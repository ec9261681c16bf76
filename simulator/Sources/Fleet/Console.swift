import Foundation
import Glibc

/// The terminal, or whatever the standard streams are.
enum Console {
    /// Whether standard output is a terminal.
    static var showsOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether standard error is a terminal.
    static var showsErrors: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes to standard output, at once. A reader that has gone is not our concern.
    static func write(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    /// Writes to standard error, at once.
    static func writeError(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
