import Foundation
import MusterClient

/// A chat on a terminal, with the example server `chat`: `swift run chat-client http://127.0.0.1:8080 Ann lobby`.
@main
struct Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            show("usage: chat-client URL NAME [ROOM]")
            exit(2)
        }
        let entry = Entry(name: arguments[2], room: arguments.count > 3 ? arguments[3] : "lobby")

        let manager = try SocketManager(arguments[1])
        manager.onChange { change in
            if case .waiting(let wait, _) = change {
                show("* the server is away; again in \(Int(wait.seconds.rounded(.up))) s")
            }
        }
        let chat = manager.socket()
        chat.on("entered") { show("* \($0.arguments.first.string ?? "?") has come") }
        chat.on("left") { show("* \($0.arguments.first.string ?? "?") has gone") }
        chat.on("kicked") { _ in show("* you have been thrown out") }
        chat.on(said) { show("\($0.from): \($0.text)") }
        chat.onDisconnect { reason in
            show("* \(reason.rawValue)")
            if reason == .serverDisconnect { exit(1) }
        }
        chat.onConnect {
            // Also after every loss of the connection: the server knows nothing of who was there before.
            Task {
                let welcome = try await chat.request(enter, entry)
                if let refusal = welcome.refusal {
                    show("* \(refusal)")
                    exit(1)
                }
                show("* in \(entry.room): \(welcome.names.sorted().joined(separator: ", "))")
            }
        }
        try await chat.connect()
        for await line in lines() { try chat.emit(say, line) }
        chat.disconnect()
    }

    /// The lines of standard input; a thread waits for them.
    static func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
        }
    }
}

/// Prints a line at once, on a pipe too.
func show(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

/// What the server of the example `chat` understands and says.
let enter = SocketRequest<Entry, Welcome>("enter")
let say = SocketEvent<String>("say")
let said = SocketEvent<Line>("said")

struct Entry: Codable {
    var name: String
    var room: String
}

struct Welcome: Codable {
    var names: [String] = []
    var refusal: String?
}

struct Line: Codable {
    var from: String
    var text: String
}
