import ArgumentParser
import Muster

/// `muster hash-password`: turns a password into what a configuration may hold in its place.
struct HashPasswordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-password", abstract: "Hash a password for admin.password.",
        discussion: """
            Reads one line from standard input and prints its salted hash, which admin.password may hold in place of \
            the password itself. Only the line's end is cut off.

              muster hash-password < password.txt
              MUSTER_ADMIN_PASSWORD=$(muster hash-password < password.txt) muster host
            """)

    func run() throws {
        guard let line = readLine() else { throw ValidationError("There is no password on standard input.") }
        do throws(AdminPasswordError) {
            print(try AdminPassword(plain: line))
        } catch .outOfMemory {
            Main.complain("muster: \(AdminPasswordError.outOfMemory)")
            throw ExitCode.failure
        } catch {
            throw ValidationError("The password is refused: \(error).")
        }
    }
}
