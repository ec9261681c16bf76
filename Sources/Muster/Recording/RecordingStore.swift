import EventLoop
import FoundationEssentials
import Glibc
import Logging
import RecordingCore
import ServerCore
import Synchronization

/// Writes the recordings of all loops into one folder, on a thread of its own.
///
/// What waits to be written is bounded. A recording that cannot be written, because the disk is full or does not keep up,
/// is given up where it is, and its match goes on. The first of them raises an alarm; what follows within a minute is
/// counted in the next.
final class RecordingStore: Sendable {
    /// The most bytes that wait, of all recordings.
    static let bytesMax = 16_777_216

    private let folder: String
    private let loop: EventLoop
    private let thread: Mutex<LoopThread?>
    private let logger: Logger
    private let count: @Sendable (Counter, Int) -> Void
    private let old: Mutex<OldRecordings>
    private let waiting = Atomic<Int>(0)
    private let opened = Atomic<Int>(0)
    private let alarm = Mutex((raisedAt: Date.distantPast, leftOut: 0))

    /// Makes the folder if it is not there, and starts the thread.
    ///
    /// - Parameters:
    ///   - bytesMax: How much is kept; the oldest recordings are deleted beyond it.
    ///   - count: Counts what happens off the loops.
    /// - Throws: ``HostError`` for a folder that cannot be written to.
    init(
        folder: String, bytesMax: Int, logger: Logger, count: @escaping @Sendable (Counter, Int) -> Void
    ) throws {
        self.folder = folder
        self.logger = logger
        self.count = count
        old = Mutex(OldRecordings(folder: folder, bytesMax: bytesMax))
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw HostError("record: the folder \(folder) cannot be made: \(error)")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw HostError("record: the folder \(folder) cannot be written to")
        }
        let loop = try EventLoop()
        self.loop = loop
        thread = Mutex(try LoopThread { loop.run() })
    }

    /// Opens a recording; its file is made with its first bytes. On any loop.
    func open(_ header: RecordingHeader) -> any RecordingSink {
        let number = opened.add(1, ordering: .relaxed).newValue
        return StoredRecording(store: self, lobby: header.lobby, number: number)
    }

    /// Writes what waits, and ends the thread. Nothing may be written any more.
    func close() {
        loop.stop()
        let ended = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        ended?.join()
    }

    /// Has the thread write `bytes`; whether there was room for them.
    fileprivate func write(_ bytes: [UInt8], to file: StoredFile) -> Bool {
        let (_, total) = waiting.add(bytes.count, ordering: .relaxed)
        guard total <= Self.bytesMax else {
            waiting.subtract(bytes.count, ordering: .relaxed)
            failed(file, "the disk does not keep up")
            return false
        }
        return loop.post { [self] in
            waiting.subtract(bytes.count, ordering: .relaxed)
            guard !file.isBroken else { return }
            do throws(UVError) {
                try file.write(bytes, in: folder)
                let deleted = old.withLock { $0.wrote(bytes.count) }
                if deleted > 0 { count(.recordingsDeleted, deleted) }
            } catch {
                failed(file, error.message)
            }
        }
    }

    private func failed(_ file: StoredFile, _ why: String) {
        file.markBroken()
        let leftOut: Int? = alarm.withLock { alarm in
            let now = Date()
            guard now.timeIntervalSince(alarm.raisedAt) >= 60 else {
                alarm.leftOut += 1
                return nil
            }
            defer { alarm = (now, 0) }
            return alarm.leftOut
        }
        guard let leftOut else { return }
        let others = leftOut > 0 ? " (and so were \(leftOut) others)" : ""
        logger.error(
            "the recording of lobby \(file.lobby) in \(folder) is given up\(others), its match goes on: \(why)")
    }
}

/// The end of a recording that belongs to its lobby's loop.
private final class StoredRecording: RecordingSink {
    private let store: RecordingStore
    private let file: StoredFile

    init(store: RecordingStore, lobby: String, number: Int) {
        self.store = store
        file = StoredFile(lobby: lobby, number: number)
    }

    func write(_ bytes: [UInt8]) -> Bool {
        !file.isBroken && store.write(bytes, to: file)
    }

    // The file is closed once what waits has been written and nobody has it any more.
    func end() {}
}

/// The end that belongs to the thread which writes.
private final class StoredFile: Sendable {
    let lobby: String
    private let number: Int
    private let broken = Atomic<Bool>(false)
    private let file = Mutex<NewFile?>(nil)

    init(lobby: String, number: Int) {
        self.lobby = lobby
        self.number = number
    }

    /// Whether something of it is missing, so that nothing more makes sense.
    var isBroken: Bool { broken.load(ordering: .relaxed) }

    func markBroken() { broken.store(true, ordering: .relaxed) }

    func write(_ bytes: [UInt8], in folder: String) throws(UVError) {
        let open = try file.withLock { [self] open throws(UVError) in
            if let open { return open }
            let made = try NewFile(path(in: folder))
            open = made
            return made
        }
        try open.write(bytes)
    }

    /// The process's number keeps apart those of two servers, and the count those of one.
    private func path(in folder: String) -> String {
        let time = Date().formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
        return "\(folder)/\(lobby)-\(time)-\(getpid())-\(number).recording"
    }
}
