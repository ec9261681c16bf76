import ArgumentParser
import Foundation
import Glibc

/// Asks for a password: on a terminal twice and unseen, else one line of standard input.
enum PasswordPrompt {
    static func ask(for user: String) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine() else { throw ValidationError("There is no password on standard input.") }
            return line
        }
        let first = unseen("Password of \(user): ")
        guard first == unseen("Once more: ") else { throw ValidationError("The two are not the same.") }
        return first
    }

    private static func unseen(_ prompt: String) -> String {
        FileHandle.standardError.write(Data(prompt.utf8))
        setEcho(false)
        defer {
            setEcho(true)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine() ?? ""
    }

    /// By the program that every system has for it: the terminal's own interface wants unsafe code.
    private static func setEcho(_ isOn: Bool) {
        let stty = Process()
        stty.executableURL = URL(filePath: "/usr/bin/env")
        stty.arguments = ["stty", isOn ? "echo" : "-echo"]
        try? stty.run()
        stty.waitUntilExit()
    }
}
