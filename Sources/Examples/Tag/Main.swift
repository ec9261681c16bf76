import Muster

/// Hosts lobbies of Tag, on the addresses of `muster.json` or `MUSTER_LISTEN`: `swift run tag`.
@main
struct Main {
    static func main() throws {
        let server = MusterServer(configuration: try MusterConfiguration.load().configuration)
        server.serve(Tag.self)
        server.serve(TeamTag.self)
        if try trains(server) { return }
        try server.run { print("tag: listening on \($0.addresses.joined(separator: ", "))") }
    }
}
