import FoundationEssentials
import ServerCore

/// The official client for browsers, served beside its server, so that pages need nothing from elsewhere:
/// `<script src="/socket.io/socket.io.min.js"></script>`.
///
/// The files are those of the npm package `socket.io`, folder `client-dist`; one of them is enough, such as
/// `curl -O https://cdn.socket.io/4.8.1/socket.io.min.js` brings it.
public struct ClientBundle: Sendable {
    /// Why there is nothing to serve.
    public struct NotFound: Error, CustomStringConvertible {
        /// What is missing, and where to get it.
        public let description: String
    }

    private static let names = ["socket.io", "socket.io.min", "socket.io.esm.min", "socket.io.msgpack.min"].flatMap {
        ["\($0).js", "\($0).js.map"]
    }

    /// What there is, by name.
    let files: [(name: String, file: WebFile)]

    /// Reads the files, once.
    ///
    /// - Parameter folder: Where they lie: `socket.io.js`, `socket.io.min.js`, `socket.io.esm.min.js`, `socket.io.msgpack.min.js`
    ///   and their maps, as many of them as there are. No other file is served.
    /// - Throws: ``NotFound`` where there is none.
    public init(folder: String) throws(NotFound) {
        files = Self.names.compactMap { name in
            guard let data = try? Data(contentsOf: URL(filePath: "\(folder)/\(name)")) else { return nil }
            let type = name.hasSuffix("js") ? "text/javascript" : "application/json"
            return (name, WebFile(String(decoding: data, as: UTF8.self), type: type))
        }
        guard files.isEmpty else { return }
        throw NotFound(
            description: """
                there is no socket.io.js, socket.io.min.js or the like in the folder \(folder): take the folder client-dist of the npm \
                package socket.io, or https://cdn.socket.io/4.8.1/socket.io.min.js
                """)
    }

    /// The files, each with the path at which it stands beside a server.
    func files(below path: String) -> [(path: String, file: WebFile)] {
        let folder = path.last == "/" ? path : path + "/"
        return files.map { (folder + $0.name, $0.file) }
    }
}
