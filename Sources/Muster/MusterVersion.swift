/// The version of Muster, as in CHANGELOG.md.
public enum MusterVersion {
    /// Major, minor and patch.
    public static let current = "0.1.0"

    /// The version, and what it was built for: recordings of one build need not be those of another.
    package static var build: String {
        #if DEBUG
            let kind = "debug"
        #else
            let kind = "release"
        #endif
        #if arch(x86_64)
            let processor = "x86_64"
        #elseif arch(arm64)
            let processor = "aarch64"
        #else
            let processor = "another processor"
        #endif
        return "\(current) \(kind) \(processor)"
    }
}
