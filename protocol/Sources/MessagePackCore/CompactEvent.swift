package import JSONCore

/// An event of the compact dialect: a byte that says who speaks, then `[name, data, id?]` in MessagePack
/// (protocol/spec/lobby.md §1.1).
package struct CompactEvent: Sendable, Equatable {
    /// Who says an event, by its first byte, which stands where other binary messages have their kind.
    package enum Speaker: UInt8, Sendable {
        case server = 0x07
        case client = 0x0F
    }

    /// Why bytes are no event.
    package enum Malformed: Error, Equatable, CustomStringConvertible {
        /// They do not begin with the speaker's byte.
        case otherKind
        /// What follows is not MessagePack.
        case notMessagePack(MessagePackError)
        /// It is not an array of one to three values, the first a text.
        case notAnEvent

        package var description: String {
            switch self {
            case .otherKind: "another kind of message"
            case .notMessagePack(let error): "not MessagePack: \(error)"
            case .notAnEvent: "an event must be [name, data, id?]"
            }
        }
    }

    /// The WebSocket subprotocol by which a client asks for the dialect, and a server agrees.
    package static let subprotocol = "muster.compact.1"

    package let name: String
    package let data: JSONValue
    /// What the answer is to be known by; in an answer, of what it is one. Nil for none.
    package let id: JSONValue?

    /// An event without an id, or one that wants an answer or is one.
    package init(_ name: String, _ data: JSONValue, id: JSONValue? = nil) {
        self.name = name
        self.data = data
        self.id = id
    }

    /// The event that `bytes` are, all of them; what is left out is null.
    package init(decoding bytes: Span<UInt8>, from speaker: Speaker) throws(Malformed) {
        guard !bytes.isEmpty, bytes[0] == speaker.rawValue else { throw .otherKind }
        let value: JSONValue
        do throws(MessagePackError) {
            value = try JSONValue.unpack(bytes.extracting(droppingFirst: 1))
        } catch {
            throw .notMessagePack(error)
        }
        guard let parts = value.array, (1...3).contains(parts.count), let name = parts[0].string else {
            throw .notAnEvent
        }
        self.init(name, parts.count > 1 ? parts[1] : .null, id: parts.dropFirst(2).first)
    }

    /// The event as a message.
    package func encoded(from speaker: Speaker) -> [UInt8] {
        var message = [speaker.rawValue]
        MessagePack.append(.array([.string(name), data] + (id.map { [$0] } ?? [])), to: &message)
        return message
    }
}
