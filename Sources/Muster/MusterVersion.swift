/// The version of Muster, as in CHANGELOG.md.
public enum MusterVersion {
    /// Major, minor and patch.
    public static let current = "0.1.0"
}
