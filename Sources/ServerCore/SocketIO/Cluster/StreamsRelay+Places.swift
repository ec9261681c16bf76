import Determinism
import JSONCore
import SocketIOCore

/// The places of clients that were lost, where every server of the cluster finds them: kept under the private id, taken once, and
/// completed with what the stream holds behind the client's offset.
extension StreamsRelay {
    /// How many entries are read at once, and how often in a row.
    private static let pageMax = 32
    private static let pagesMax = 625
    /// A stream that is no longer than this has lost nothing.
    private static let wholeMax = 500

    func keepInRedis(_ place: SocketPlace, refused: @escaping () -> Void) {
        let session = ClusterSession(place)
        let time = place.expiresAt - hub.server.clock()
        guard bus.isReached, time > .zero else { return refused() }
        bus.keep(ClusterSession.keyPrefix + session.pid, session.encode(), for: time) { if !$0 { refused() } }
    }

    func takeFromRedis(
        _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void
    ) {
        guard hub.sequencer != nil else { return done(nil) }
        let search = Search(claim, namespace, bytesMax: bytesMax, readBefore: lastRead, done)
        let deadline = hub.after(hub.settings.requestTimeout) { search.end(nil) }
        search.ended = { [weak hub] in hub?.callOff(deadline) }
        bus.take(ClusterSession.keyPrefix + claim.pid) { [weak self] in self?.found($0, search) }
    }

    /// A search for what a client claims.
    private final class Search {
        let claim: SocketClaim
        let namespace: String
        let bytesMax: Int
        /// Up to where this server had read when the client asked: what it has read since is kept for the client here.
        let readBefore: StreamID?
        var ended: () -> Void = {}
        private var done: ((SocketPlace?) -> Void)?
        /// What has been read, and how much that is.
        var packets: [(id: StreamID, packet: SocketPlace.Packet)] = []
        var byteCount = 0
        var entryCount = 0
        var pageCount = 0
        /// Whether the entry to start behind is not there.
        var isStartGone = false

        init(
            _ claim: SocketClaim, _ namespace: String, bytesMax: Int, readBefore: StreamID?,
            _ done: @escaping (SocketPlace?) -> Void
        ) {
            self.readBefore = readBefore
            self.claim = claim
            self.namespace = namespace
            self.bytesMax = bytesMax
            self.done = done
        }

        func end(_ place: SocketPlace?) {
            guard let done else { return }
            self.done = nil
            ended()
            done(place)
        }
    }

    private func found(_ bytes: [UInt8]?, _ search: Search) {
        guard let bytes else { return search.end(nil) }
        var found: ClusterSession?
        hub.attempt { () throws(ClusterMessageError) in found = try ClusterSession(bytes) }
        guard let session = found, session.pid == search.claim.pid, search.claim.id ?? session.id == session.id,
            session.namespace ?? search.namespace == search.namespace,
            let start = session.start(search.claim.offset)
        else { return search.end(nil) }
        var place = SocketPlace(
            namespace: search.namespace, id: session.id, secret: search.claim.secret ?? hub.makeID(),
            rooms: session.rooms, data: session.data, lastSent: search.claim.offset?.key ?? 0, since: nil, lostAt: 0)
        place.expiresAt = hub.server.clock() + (hub.recovery?.settings.duration ?? .zero)
        place.marks = SocketMarks(joined: session.joined, lost: start)
        if search.claim.secret == nil { place.foreignID = session.pid }
        bus.read(identity.prefix, from: start, isAfter: false, countMax: Self.pageMax + 1) { [weak self] entries in
            guard let self, let entries else { return search.end(nil) }
            // What another server has told the client already, this one would tell it again as it reads it, or has kept for it.
            guard start <= search.readBefore ?? start else { return search.end(nil) }
            if entries.first?.id == start {
                return take(entries.dropFirst(), countMax: Self.pageMax, behind: start, place, search)
            }
            // It was the stream's end once, and may have been before any entry; or it is there no more.
            guard session.vouchesForStart, let mark = hub.sequencer?.mark, start <= mark else { return search.end(nil) }
            search.isStartGone = true
            take(entries[...], countMax: Self.pageMax + 1, behind: start, place, search)
        }
    }

    private func take(
        _ entries: ArraySlice<StreamEntry>, countMax: Int, behind last: StreamID, _ place: SocketPlace,
        _ search: Search
    ) {
        for entry in entries { read(entry, place, search) }
        search.entryCount += entries.count
        guard !search.isStartGone || search.entryCount <= Self.wholeMax else { return search.end(nil) }
        guard search.byteCount <= search.bytesMax, search.pageCount < Self.pagesMax else { return search.end(nil) }
        guard entries.count == countMax, let last = entries.last?.id else {
            var place = place
            // What this server has yet to read, it will then tell the client like everybody else.
            place.missed = search.packets.filter { $0.id <= lastRead ?? $0.id }.map(\.packet)
            return search.end(place)
        }
        search.pageCount += 1
        bus.read(identity.prefix, from: last, isAfter: true, countMax: Self.pageMax) { [weak self] more in
            guard let self, let more else { return search.end(nil) }
            take(more[...], countMax: Self.pageMax, behind: last, place, search)
        }
    }

    /// Adds an entry that was for the client.
    private func read(_ entry: StreamEntry, _ place: SocketPlace, _ search: Search) {
        hub.attempt { () throws(ClusterMessageError) in
            guard let message = try StreamsMessage(entry: entry.fields), message.namespace == place.namespace,
                case .command(.emit(var emission), let target) = message.body, !emission.options.isVolatile,
                place.takes(.target(target))
            else { return }
            let offset = SocketOffset(text: entry.id.text)
            emission.offset = offset
            guard let frames = hub.frames(emission, inNamespace: place.namespace) else { return }
            search.packets.append((entry.id, SocketPlace.Packet(key: offset.key, frames: frames)))
            search.byteCount += frames.count
        }
    }
}
