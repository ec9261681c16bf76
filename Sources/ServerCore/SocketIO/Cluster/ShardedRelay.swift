import SocketIOCore

/// The way to other servers through Redis's sharded channels, as `createShardedAdapter` of `@socket.io/redis-adapter` speaks on them with
/// `subscriptionMode: "dynamic"`: a broadcast to one room goes on the room's channel, which those hear who have somebody in it
/// (protocol/spec/cluster.md §5).
package final class ShardedRelay: ChannelRelay {
    /// A room of so many characters is taken for a socket's own, and has no channel.
    private static let idCharacterCount = 20

    private static func hasChannel(_ room: String) -> Bool { room.utf16.count != idCharacterCount }

    package override func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String) {
        let all = channel(namespace)
        if case .emit = command, target.rooms.count == 1, Self.hasChannel(target.rooms[0]) {
            return publish(.command(command, target), on: "\(all)\(target.rooms[0])#", in: namespace)
        }
        publish(.command(command, target), on: all, in: namespace)
    }

    override func encode(_ message: StreamsMessage) -> [UInt8] { message.encodeReadably() }

    package override func roomOpened(_ room: String, in namespace: String) {
        guard Self.hasChannel(room) else { return }
        let name = "\(channel(namespace))\(room)#"
        // A room may be named like a server.
        guard namespaces.updateValue(namespace, forKey: name) == nil else { return }
        bus.subscribe(channels: [name], patterns: [])
    }

    package override func roomClosed(_ room: String, in namespace: String) {
        guard Self.hasChannel(room), room != identity.id else { return }
        let name = "\(channel(namespace))\(room)#"
        guard namespaces.removeValue(forKey: name) != nil else { return }
        bus.unsubscribe(channels: [name], patterns: [])
    }
}
