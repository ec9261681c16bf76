import Glibc

/// How much a terminal shows.
package struct TerminalSize: Sendable, Equatable {
    /// Characters in a line.
    package var columns: Int
    /// Lines.
    package var rows: Int

    /// A size.
    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    /// That of standard output, as of now; nil where it is no terminal, or one that does not say.
    package static var ofOutput: TerminalSize? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }
}
