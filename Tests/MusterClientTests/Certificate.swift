import Foundation
import VectorFiles

/// A certificate for this machine, made anew by `scripts/dev-cert`, in a folder that goes with its object.
final class Certificate: Sendable {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "client-\(UUID().uuidString)")
        let maker = Process()
        maker.executableURL = repository.appending(path: "scripts/dev-cert")
        maker.arguments = ["--out", folder.path()]
        maker.standardOutput = FileHandle.nullDevice
        try maker.run()
        maker.waitUntilExit()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var chain: String { folder.appending(path: "certificate.pem").path() }
    var key: String { folder.appending(path: "key.pem").path() }
}
