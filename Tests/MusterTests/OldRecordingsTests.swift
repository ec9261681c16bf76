import Foundation
import Testing

@testable import Muster

@Suite("Old recordings make room for new ones")
struct OldRecordingsTests {
    private let folder: URL
    private let now = Date()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func add(_ name: String, bytes: Int, age: TimeInterval) throws {
        let path = folder.appending(path: name).path
        try Data(count: bytes).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.modificationDate: now - age], ofItemAtPath: path)
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    @Test func `the oldest go until the rest is within the bound, whatever their names, and nothing else goes`() throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        try add("c.recording", bytes: 400, age: 4_000)
        try add("a.recording", bytes: 400, age: 3_000)
        try add("b.recording", bytes: 400, age: 2_000)
        try add("notes.txt", bytes: 9_000, age: 90_000)
        var old = OldRecordings(folder: folder.path, bytesMax: 800)
        let deleted = old.wrote(1, at: now)
        #expect(deleted == 1 && names == ["a.recording", "b.recording", "notes.txt"])
        try add("d.recording", bytes: 400, age: 1_000)
        let unseen = old.wrote(8, at: now)
        #expect(unseen == 0, "not a hundredth of the bound has come")
        let seen = old.wrote(1, at: now)
        #expect(seen == 1 && names == ["b.recording", "d.recording", "notes.txt"])
    }

    @Test func `one that is being written stays, however large it is`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try add("long.recording", bytes: 5_000, age: 59)
        try add("other.recording", bytes: 10, age: 61)
        var old = OldRecordings(folder: folder.path, bytesMax: 100)
        let deleted = old.wrote(1, at: now)
        #expect(deleted == 1 && names == ["long.recording"])
    }

    @Test func `a folder that is gone is none the worse`() {
        var old = OldRecordings(folder: folder.path + "/gone", bytesMax: 100)
        let deleted = old.wrote(1_000)
        #expect(deleted == 0)
        try? FileManager.default.removeItem(at: folder)
    }
}
