import LobbyCore
import RecordingCore

/// Recordings of a server's lobbies, for those who want them (protocol/spec/recording.md).
extension Server {
    /// What records a new lobby; nil where none is recorded.
    var recorder: Recorder? {
        guard let open = hooks.openRecording else { return nil }
        return Recorder(build: hooks.build) { [unowned self] header in
            guard let sink = open(header) else { return nil }
            counters[.recordingsOpened] += 1
            return CountedSink(sink, server: self)
        }
    }

    /// Ends the recordings of all lobbies, whose games go no further.
    func endRecordings(_ reason: String) {
        for hosted in lobbies { hosted.lobby.endRecording(reason) }
    }
}

/// A sink whose bytes and failures are counted.
private final class CountedSink: RecordingSink {
    private let sink: any RecordingSink
    private unowned let server: Server

    init(_ sink: any RecordingSink, server: Server) {
        self.sink = sink
        self.server = server
    }

    func write(_ bytes: [UInt8]) -> Bool {
        guard sink.write(bytes) else {
            server.counters[.recordingsBroken] += 1
            return false
        }
        server.counters[.bytesRecorded] += UInt64(bytes.count)
        return true
    }

    func end() { sink.end() }
}
