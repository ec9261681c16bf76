import FoundationEssentials

/// Makes room in the folder of recordings: the oldest go once all together are larger than they may be.
///
/// The folder says what there is, so that those of earlier runs count, and whatever somebody else puts there or takes away. It
/// is looked at again for each hundredth of the bound that was written since.
struct OldRecordings {
    /// One that was written to a short time ago is one of a match that goes on.
    private static let quietTime: TimeInterval = 60

    private let folder: String
    private let bytesMax: Int
    /// How much has been written since the folder was looked at; it was not, before the first.
    private var written: Int?

    init(folder: String, bytesMax: Int) {
        self.folder = folder
        self.bytesMax = bytesMax
    }

    /// Notes bytes that were written.
    ///
    /// - Returns: How many recordings were deleted for them.
    mutating func wrote(_ byteCount: Int, at now: Date = Date()) -> Int {
        if let written, written + byteCount <= bytesMax / 100 {
            self.written = written + byteCount
            return 0
        }
        written = 0
        return makeRoom(now)
    }

    private func makeRoom(_ now: Date) -> Int {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: folder)) ?? []
        var found: [(path: String, size: Int, changed: Date)] = []
        for name in names where name.hasSuffix(".recording") {
            let path = "\(folder)/\(name)"
            guard let attributes = try? files.attributesOfItem(atPath: path),
                let changed = attributes[.modificationDate] as? Date,
                // An integer, or where all of Foundation is there a number object.
                let size = attributes[.size].flatMap({ Int("\($0)") })
            else { continue }
            found.append((path, size, changed))
        }
        var total = found.reduce(0) { $0 + $1.size }
        var deleted = 0
        for file in found.sorted(by: { $0.changed < $1.changed }) {
            guard total > bytesMax, now.timeIntervalSince(file.changed) >= Self.quietTime else { break }
            guard (try? files.removeItem(atPath: file.path)) != nil else { continue }
            total -= file.size
            deleted += 1
        }
        return deleted
    }
}
