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
        var payload: [UInt8] = []
        payload.reserveCapacity(64)
        payload.append(contentsOf: #"{"event":"#.utf8)
        JSONValue.write(string: name, to: &payload)
        payload.append(contentsOf: #","data":"#.utf8)
        data.write(to: &payload)
        payload.append(UInt8(ascii: "}"))
        return framed(payload)
    }

    /// A value as a text frame.
    static func text(_ value: JSONValue) -> [UInt8] {
        var payload: [UInt8] = []
        value.write(to: &payload)
        return framed(payload)
    }

    private static func framed(_ payload: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(payload.count + 10)
        WebSocketFrame.append(.text, payload.span, to: &frame)
        return frame
    }
}
