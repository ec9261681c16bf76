import Foundation
import Muster

/// Where the tables are that Tag has learnt from its recordings, if it has.
private let tablesFile = URL(filePath: "tag.tables")

extension Tag {
    static var snapshotTables: [UInt8]? { (try? Data(contentsOf: tablesFile)).map { [UInt8]($0) } }
}

extension Main {
    /// Makes the tables of recordings, where that is asked for: `swift run tag train recordings/tag*.recording`.
    static func trains(_ server: MusterServer) throws -> Bool {
        guard CommandLine.arguments.dropFirst().first == "train" else { return false }
        let tables = try server.trainTables(on: Array(CommandLine.arguments.dropFirst(2)))
        try Data(tables).write(to: tablesFile)
        return true
    }
}
