import JSONCore
import MessagePackCore
import WebSocketCore

/// Framed messages of the compact dialect.
enum CompactFrames {
    /// An event as a binary frame; an answer has the id of what it answers.
    static func event(_ name: String, _ data: JSONValue, id: JSONValue? = nil) -> [UInt8] {
        WebSocketFrame.framed(.binary, CompactEvent(name, data, id: id).encoded(from: .server).span)
    }
}
