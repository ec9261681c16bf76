import ByteKit
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore

/// Why an input in JSON form was refused; the text goes back to the client.
struct InputRefusal: Error {
    var message: String
}

/// What a player sends while playing, the same for both dialects (protocol/spec/lobby.md §4).
extension Member {
    /// Takes a binary message: inputs, an ack, or a keyframe request. Returns what is wrong with it, if anything.
    func receiveBinary(_ bytes: Span<UInt8>) -> String? {
        do {
            switch try ClientMessage(decoding: bytes, schema: hosted.lobby.game.schema) {
            case .inputs(_, let inputs):
                for input in inputs {
                    _ = hosted.receive(tick: input.tick, sequence: input.sequence, values: input.values, from: self)
                }
            case .ack: break
            case .keyframeRequest(let reason): keyframeRequested(isMismatch: reason == .hashMismatch)
            }
            return nil
        } catch {
            session.server.counters[.inputsRefused] += 1
            return "\(error)"
        }
    }

    /// Takes `{"input": {field: value}, "tick"?, "sequence"?}`. The answer says for which tick it waits.
    func receiveInput(_ data: JSONValue) -> Result<JSONValue, InputRefusal> {
        guard let fields = data["input"], let values = hosted.lobby.game.inputValues(fromJSON: fields) else {
            session.server.counters[.inputsRefused] += 1
            return .failure(
                InputRefusal(
                    message: "\"input\" must be an object with the fields of the game's input, each in its range"))
        }
        let tick: UInt32?
        let sequence: UInt32?
        do {
            tick = try wholeNumber(data, "tick")
            sequence = try wholeNumber(data, "sequence")
        } catch {
            session.server.counters[.inputsRefused] += 1
            return .failure(error)
        }
        let verdict = hosted.receive(tick: tick, sequence: sequence, values: values, from: self)
        return .success(
            .object(["accepted": .bool(verdict == .accepted), "tick": .integer(Int64(hosted.lobby.tick))]))
    }

    private func wholeNumber(_ data: JSONValue, _ key: String) throws(InputRefusal) -> UInt32? {
        guard let value = data[key], value != .null else { return nil }
        guard let number = value.integer.flatMap(UInt32.init(exactly:)) else {
            throw InputRefusal(message: "\"\(key)\" must be a whole number from 0 to 4294967295")
        }
        return number
    }

    /// The client can't go on from what it has: the next snapshot is a keyframe.
    func keyframeRequested(isMismatch: Bool) {
        session.server.counters[.keyframesRequested] += 1
        if isMismatch { session.server.counters[.stateMismatches] += 1 }
        lastSentTick = nil
    }
}
