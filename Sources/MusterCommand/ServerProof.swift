import ArgumentParser
import Fleet
import MusterClient

/// The flags that say how a server with TLS has to prove who it is.
struct ServerProof: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Trust the certificates in this PEM file instead of the system's authorities: what scripts/dev-cert makes.",
            valueName: "path"))
    var ca: String?

    @Flag(help: "Trust any certificate. Only for tests on one machine.")
    var insecure = false

    /// What the flags mean.
    var trust: ServerTrust { ServerTrust(authorities: ca, isInsecure: insecure) ?? .system }

    func validate() throws {
        guard ServerTrust(authorities: ca, isInsecure: insecure) != nil else {
            throw ValidationError("Give --ca or --insecure, not both.")
        }
    }
}
