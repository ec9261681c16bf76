import ByteKit
import EventLoop
import FoundationEssentials
import Logging
import ServerCore
import TLS

/// The certificates of a server process, shared by its loops.
final class SecureListening: Sendable {
    /// What TLS streams are made from.
    let context: TLSServerContext
    private let identities: [TLSIdentity]

    /// Reads the certificates and keys.
    ///
    /// - Throws: ``ConfigurationError`` naming the first file that can't be used.
    init(_ settings: TLSSettings) throws(ConfigurationError) {
        identities = zip(settings.certificate, settings.key).map {
            TLSIdentity(certificateChainPath: $0, privateKeyPath: $1)
        }
        do throws(TLSError) {
            context = try TLSServerContext(identities)
        } catch {
            throw ConfigurationError(problems: [Self.problem(error, identities)])
        }
    }

    /// Reads the files anew for the connections from now on; on a fault the old certificates stay.
    func reload(_ logger: Logger) {
        do throws(TLSError) {
            try context.reload()
            logger.info("certificates read anew: \(context.certificates.map(\.path).joined(separator: ", "))")
            warn(logger)
        } catch {
            logger.error("the certificates stay as they were: \(Self.problem(error, identities))")
        }
    }

    /// Logs what an operator should know about the files.
    func warn(_ logger: Logger) {
        for identity in identities where identity.isKeyReadableByAnyone {
            logger.warning("tls.key: every user of this machine may read \(identity.privateKeyPath); chmod 600 it")
        }
        let now = Date().timeIntervalSince1970
        for certificate in context.certificates where Double(certificate.expiresAtUnixSeconds) < now {
            logger.warning("tls.certificate: \(certificate.path) has expired; clients will refuse it")
        }
    }

    /// A sentence with the setting and the file.
    private static func problem(_ error: TLSError, _ identities: [TLSIdentity]) -> String {
        guard case .file(let path, let reason) = error else { return "tls: \(error)" }
        let key = identities.contains { $0.certificateChainPath == path } ? "tls.certificate" : "tls.key"
        return "\(key): \(path) cannot be used: \(reason)"
    }
}

/// What becomes of the sockets that one loop accepts: who they speak for, TLS where it is due, then the server.
///
/// Belongs to the loop's thread.
final class Arrivals {
    private let server: Server
    private let secure: SecureListening?
    private let workspace: TLSWorkspace

    /// - Parameters:
    ///   - secure: The certificates; nil when no address listens with TLS.
    ///   - workspace: The loop's.
    init(server: Server, secure: SecureListening?, workspace: TLSWorkspace) {
        self.server = server
        self.secure = secure
        self.workspace = workspace
    }

    /// Takes a socket that was accepted at an address with TLS or without.
    func take(_ socket: SocketStream, isSecure: Bool) {
        server.identify(socket, peer: socket.peer) { [server, secure, workspace] client in
            guard isSecure else {
                server.accept(socket, peer: client)
                return
            }
            guard let secure, let stream = try? TLSStream(socket, server: secure.context, workspace: workspace) else {
                // There is no memory for another connection.
                return socket.close(.now)
            }
            if server.accept(stream, peer: client, isSecure: true) { stream.start() }
        }
        // One that was turned away has no handler.
        if socket.handler != nil { socket.startReading() }
    }
}

/// Where the server listens, as told to the loop.
struct ListenPlace {
    /// The socket's address.
    var address: SocketAddress
    /// Whether TLS is spoken there.
    var isSecure: Bool

    /// The port, if it has one.
    var port: Int? {
        if case .ip(_, let port) = address { port } else { nil }
    }

    /// The address as a person types it.
    var url: String {
        switch address {
        case .ip: "\(isSecure ? "https" : "http")://\(address)"
        case .unix: address.description
        }
    }
}

extension ListenAddress {
    var place: ListenPlace {
        switch self {
        case .ip(let host, let port): ListenPlace(address: .ip(host: host, port: port), isSecure: false)
        case .tls(let host, let port): ListenPlace(address: .ip(host: host, port: port), isSecure: true)
        case .unix(let path): ListenPlace(address: .unix(path: path), isSecure: false)
        }
    }
}
