import JSONCore
import WebSocketCore

/// Framed messages of the plain dialect.
enum PlainFrames {
    /// An empty WebSocket ping.
    static let ping: [UInt8] = {
        var frame: [UInt8] = []
        let nothing: [UInt8] = []
        WebSocketFrame.append(.ping, nothing.span, to: &frame)
        return frame
    }()

    /// `{"event": name, "data": data}` as a text frame.
    static func event(_ name: String, _ data: JSONValue) -> [UInt8] {
        text(.object(["event": .string(name), "data": data]))
    }

    /// A value as a text frame.
    static func text(_ value: JSONValue) -> [UInt8] {
        var payload: [UInt8] = []
        value.write(to: &payload)
        var frame: [UInt8] = []
        WebSocketFrame.append(.text, payload.span, to: &frame)
        return frame
    }
}
