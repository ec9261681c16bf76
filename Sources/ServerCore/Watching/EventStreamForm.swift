import HTTPTypes
import JSONCore

/// The form of an event stream (HTML §9.2).
enum EventStreamForm {
    static let fields: HTTPFields = {
        var fields: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        // Some proxies keep an answer to themselves until it has ended.
        if let name = HTTPField.Name("X-Accel-Buffering") { fields[name] = "no" }
        return fields
    }()

    /// How long a browser waits before it connects again, in milliseconds.
    static let opening = Array("retry: 3000\n\n".utf8)
    static let heartbeat = Array(": \n\n".utf8)

    static func event(_ name: String, data: JSONValue) -> [UInt8] {
        var text: [UInt8] = []
        data.write(to: &text)
        return event(name, data: text)
    }

    /// - Parameter data: One line.
    static func event(_ name: String, id: UInt32? = nil, data: [UInt8]) -> [UInt8] {
        var text = Array("event: \(name)\n".utf8)
        if let id { text.append(contentsOf: "id: \(id)\n".utf8) }
        text.append(contentsOf: "data: ".utf8)
        text += data
        text.append(contentsOf: "\n\n".utf8)
        return text
    }
}
