/// A world's trace for people: a line for each event, with a column for each process of the world.
package final class WorldColumns {
    private static let width = 22

    private var names: [String] = ["world"]
    /// Which processes a connection is between, by its number.
    private var ends: [[String]] = [[]]
    private let say: (String) -> Void

    /// Lines for `say`, the first of which names the columns.
    package init(of network: SimulatedNetwork, _ say: @escaping (String) -> Void) {
        self.say = say
        for node in network.nodes where !names.contains(node.name) { names.append(node.name) }
        say(Self.padded("seconds", 14) + names.map { Self.padded($0, Self.width) }.joined())
        network.trace.line = { [unowned network] text in self.add(text, network) }
    }

    /// Adds one event: `NANOSECONDS #CONNECTION SIDE WHAT`.
    private func add(_ text: String, _ network: SimulatedNetwork) {
        let words = text.split(separator: " ", maxSplits: 3)
        guard words.count == 4, let nanoseconds = Int(words[0]), let connection = Int(words[1].dropFirst()) else {
            return
        }
        while ends.count <= connection { ends.append([]) }
        if ends[connection].isEmpty, let pipe = network.livePipes.last, pipe.connection == connection {
            ends[connection] = [pipe.client.node.name, pipe.server.node.name]
        }
        let side = words[2] == "client" ? 0 : words[2] == "server" ? 1 : nil
        let name = side.flatMap { ends[connection].count > $0 ? ends[connection][$0] : nil } ?? "world"
        let column = names.firstIndex(of: name) ?? 0
        let micros = String(nanoseconds % 1_000_000_000 / 1_000)
        let seconds = "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 6 - micros.count) + micros
        say(
            Self.padded(seconds, 14) + String(repeating: " ", count: Self.width * column) + "#\(connection) \(words[3])"
        )
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
