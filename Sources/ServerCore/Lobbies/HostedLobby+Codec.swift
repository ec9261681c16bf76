import Determinism
import GameKit
import JSONCore
import LobbyCore

/// In which codec somebody is sent snapshots (protocol/spec/snapshot.md §9.9).
extension HostedLobby {
    /// The codec for whoever joins so. Who watches with a delay is shown what was made for all of them: codec 0.
    func codec(for request: JoinRequest) -> UInt8 {
        guard request.codec > 0, lobby.game.snapshotTables != nil else { return 0 }
        return request.watches && watchDelay > .zero ? 0 : 1
    }

    /// Tells a member its codec, and the tables for it unless it has them or makes them itself.
    func addCodec(of member: LocalMember, to welcome: inout JSONObject, _ request: JoinRequest) {
        welcome["codec"] = .integer(Int64(member.basis.codec))
        guard member.basis.codec > 0, let tables = lobby.game.snapshotTables else { return }
        welcome["tablesHash"] = .string(tables.hash)
        if request.tablesHash != tables.hash, let text = tables.text { welcome["tables"] = .string(text) }
    }
}
