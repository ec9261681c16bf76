import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// The place of a client that was lost, as servers keep it for each other in Redis: that of `@socket.io/redis-streams-adapter`, with
/// members more that it does not mind (protocol/spec/cluster.md §4.1).
package struct ClusterSession: Sendable {
    /// What the keys of sessions begin with; a private id follows.
    package static let keyPrefix = "sio:session:"

    /// The client's private id, whoever made it.
    package var pid: String
    package var id: SocketID
    package var rooms: [String]
    package var data: JSONValue
    /// Whose place it is in; nil where another implementation wrote the session.
    package var namespace: String?
    /// Where the stream stood when the client first came, and when it was lost.
    package var joined: StreamID?
    package var lost: StreamID?
    /// The key of the offset of the last event that it was sent.
    package var lastSent: UInt64?

    /// The session of a place.
    init(_ place: SocketPlace) {
        pid = place.privateID
        id = place.id
        rooms = place.rooms
        data = place.data
        namespace = place.namespace
        joined = place.marks.joined
        lost = place.marks.lost
        lastSent = place.lastSent
    }

    /// Reads one.
    package init(_ bytes: [UInt8]) throws(ClusterMessageError) {
        guard bytes.count <= 2 * ClusterForm.messageBytesMax, let packed = Base64.decode(bytes.span) else {
            throw .notReadable
        }
        let form = try ClusterForm.unpack(packed)
        guard let pid = form["pid"]?.string else { throw .malformed("pid") }
        guard let id = form["sid"]?.string.flatMap({ SocketID($0) }) else { throw .malformed("sid") }
        self.pid = pid
        self.id = id
        rooms = try ClusterForm.rooms(form["rooms"])
        data = form["data"] ?? [:]
        namespace = form["nsp"]?.string
        joined = form["joined"]?.string.flatMap { StreamID($0) }
        lost = form["lost"]?.string.flatMap { StreamID($0) }
        lastSent = form["last"]?.string.flatMap { UInt64($0, radix: 16) }
    }

    /// Writes it.
    package func encode() -> [UInt8] {
        var form: JSONObject = [
            "sid": .string(id.text), "pid": .string(pid), "rooms": ClusterForm.words(rooms), "data": data,
        ]
        if let namespace { form["nsp"] = .string(namespace) }
        if let joined { form["joined"] = .string(joined.text) }
        if let lost { form["lost"] = .string(lost.text) }
        if let lastSent { form["last"] = .string(String(lastSent, radix: 16)) }
        return Base64.encode(ClusterForm.pack(.object(form)))
    }

    /// Behind which entry the client has missed what was for it; nil where that cannot be told.
    ///
    /// - Parameter offset: What the client shows: the last event that it has seen.
    func start(_ offset: SocketOffset?) -> StreamID? {
        if let lastSent, let lost, offset?.key ?? 0 == lastSent { return lost }
        guard let offset else { return joined }
        guard let id = StreamID(offset.text) else { return nil }
        // Nobody is told what was said before they came.
        return max(id, joined ?? .start)
    }

    /// Whether an entry that is not there any more may be one to start behind: a server of ours has said so, and no client.
    var vouchesForStart: Bool { joined != nil }
}
