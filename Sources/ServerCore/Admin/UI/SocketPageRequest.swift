import JSONCore
import SocketIOCore

/// What a page of the official Admin UI wants done to sockets of an author's namespace (protocol/spec/admin.md §9.5).
struct SocketPageRequest {
    /// Which of its buttons do something: all that there are.
    static let features: [JSONValue] = ["EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"]
    /// The longest name of a room, in bytes.
    private static let roomBytesMax = 256

    let namespace: String
    let command: SocketCommand
    let target: SocketTarget
    /// The namespace, what is joined, left or said, and whom it is about, for the audit log.
    let text: String

    /// Reads what a page has said: `join` and `leave` with a room, `_disconnect` with whether the whole connection ends, `emit` with
    /// an event; and a room, or a socket's id, whose sockets are meant, or nothing for all of the namespace.
    init(_ event: ReceivedEvent) throws(AdminRefusal) {
        let values = event.arguments.values
        func text(_ place: Int) throws(AdminRefusal) -> String? {
            guard values.indices.contains(place), values[place] != .null, values[place] != "" else { return nil }
            guard let text = values[place].string, text.utf8.count <= Self.roomBytesMax else {
                throw .malformed("a namespace, a room and an event have names of at most \(Self.roomBytesMax) bytes")
            }
            return text
        }
        func required(_ place: Int, _ what: String) throws(AdminRefusal) -> String {
            guard let text = try text(place) else { throw .malformed("\(what) is missing") }
            return text
        }
        namespace = try required(0, "the namespace")
        let filter: String?
        var object: String?
        switch event.name {
        case "join":
            let room = try required(1, "the room")
            (command, object, filter) = (.join([room]), room, try text(2))
        case "leave":
            let room = try required(1, "the room")
            (command, object, filter) = (.leave([room]), room, try text(2))
        case "_disconnect":
            (command, filter) = (.disconnect(closes: values.count > 1 && values[1].bool == true), try text(2))
        case "emit":
            let name = try required(2, "the event")
            guard SocketEventName(.string(name)) != nil else { throw .malformed("no event may have that name") }
            command = .emit(SocketEmission(name, SocketArguments(Array(values.dropFirst(3)))))
            (object, filter) = (name, try text(1))
        default: throw .noSuchVerb
        }
        var target = SocketTarget()
        if let filter { target.rooms = [filter] }
        self.target = target
        self.text = [namespace, object, filter].compactMap(\.self).joined(separator: " ")
    }
}

extension AdminHub {
    /// Does what a page wants of an author's sockets, on all loops and servers, and notes it in the audit log whatever became of it.
    ///
    /// - Returns: What the page is told, if it asks.
    func perform(_ event: ReceivedEvent, on pages: SocketPages, by actor: AdminActor) -> JSONValue {
        let action = DisplayText.cleaned(event.name, charactersMax: 64)
        var target = ""
        do throws(AdminRefusal) {
            guard actor.user.role > .viewer else { throw .forbidden(.moderator) }
            let request = try SocketPageRequest(event)
            target = request.text
            guard pages.knows(request.namespace) else { throw .noSuchNamespace }
            pages.hub.perform(request.command, on: request.target, inNamespace: request.namespace)
            server.counters[.adminActions] += 1
            note(action, by: actor, target: target, outcome: "done")
            return AdminVerb.done
        } catch {
            server.counters[.adminCallsRefused] += 1
            note(action, by: actor, target: target, outcome: error.code)
            return error.json
        }
    }
}
