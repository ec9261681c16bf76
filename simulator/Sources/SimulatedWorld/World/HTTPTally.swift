/// Counts the messages of one direction of an HTTP connection, from bytes in any pieces: each whole one by its first line.
///
/// Only as much of HTTP/1.1 as our own clients and the server's answers to them have: bodies by `Content-Length` (RFC 9112 §6.3), no
/// others. Behind `101` it stops.
struct HTTPTally {
    private var head: [UInt8] = []
    /// How much of a body is still to come.
    private var bodyLeft = 0
    /// The first line of the message whose body is coming.
    private var line = ""
    /// Whether the connection speaks something else from here on.
    private(set) var isTunnel = false

    /// Takes bytes; `whole` is called with the first line of each message that is whole with them.
    mutating func take(_ bytes: Span<UInt8>, _ whole: (String) -> Void) {
        var index = 0
        while index < bytes.count, !isTunnel {
            if bodyLeft > 0 {
                let count = min(bodyLeft, bytes.count - index)
                index += count
                bodyLeft -= count
                if bodyLeft == 0 { whole(line) }
                continue
            }
            head.append(bytes[index])
            index += 1
            let count = head.count
            guard bytes[index - 1] == 10, count > 3, head[count - 2] == 13, head[count - 3] == 10, head[count - 4] == 13
            else { continue }
            endHead(whole)
        }
    }

    private mutating func endHead(_ whole: (String) -> Void) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        head.removeAll(keepingCapacity: true)
        line = lines.first.map(String.init) ?? ""
        isTunnel = line.hasPrefix("HTTP/1.1 101")
        for field in lines.dropFirst() {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            bodyLeft = Int(parts[1].drop { $0 == " " }) ?? 0
        }
        if bodyLeft == 0 { whole(line) }
    }
}
