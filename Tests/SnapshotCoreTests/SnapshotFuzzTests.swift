import FuzzTargets
import Testing
import VectorFiles

@Suite("Snapshot fuzz corpora (Tests/Fuzz)")
struct SnapshotFuzzTests {
    @Test func `stored inputs of codec 1 and its tables break nothing`() throws {
        for (_, input) in try corpus("snapshot-codec1") { fuzzSnapshotCodec1(input) }
    }

    @Test func `stored inputs of messages in groups break nothing`() throws {
        for (_, input) in try corpus("snapshot-groups") { fuzzSnapshotGroups(input) }
    }
}
