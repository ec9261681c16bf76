import JSONCore

/// Why an Engine.IO request is refused, as the reference server says it (protocol/spec/socketio.md §9).
///
/// What the request said is never repeated in the answer.
package enum EngineRefusal: Error, Sendable, Equatable {
    /// The transport is missing, unknown or not allowed.
    case transportUnknown
    /// No session has that id.
    case sessionUnknown
    /// A session begins with a GET.
    case badMethod
    /// The request does not fit itself or its session.
    case badRequest
    /// The server does not let this client in, with a sentence for it.
    case forbidden(String = "Forbidden")
    /// The revision is none that is allowed.
    case unsupportedRevision

    /// The number in the answer's JSON.
    package var code: Int {
        switch self {
        case .transportUnknown: 0
        case .sessionUnknown: 1
        case .badMethod: 2
        case .badRequest: 3
        case .forbidden: 4
        case .unsupportedRevision: 5
        }
    }

    /// The sentence in the answer's JSON, and all of the body when a WebSocket was asked for.
    package var message: String {
        switch self {
        case .transportUnknown: "Transport unknown"
        case .sessionUnknown: "Session ID unknown"
        case .badMethod: "Bad handshake method"
        case .badRequest: "Bad request"
        case .forbidden(let message): message
        case .unsupportedRevision: "Unsupported protocol version"
        }
    }

    /// The HTTP status of the answer.
    package var status: Int {
        if case .forbidden = self { 403 } else { 400 }
    }

    /// The answer's body where no WebSocket was asked for: `{"code":1,"message":"Session ID unknown"}`.
    package var json: [UInt8] {
        var text: [UInt8] = []
        let object: JSONValue = ["code": .integer(Int64(code)), "message": .string(message)]
        object.write(to: &text)
        return text
    }
}
