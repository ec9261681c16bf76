import Glibc

/// The process's standard error, written to without buffers.
package enum StandardError {
    /// Whether it is a terminal.
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line with its end in one piece, so that lines of several threads do not mix. What cannot be written is lost.
    package static func write(_ line: String) {
        var line = line + "\n"
        line.withUTF8 { bytes in
            _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
