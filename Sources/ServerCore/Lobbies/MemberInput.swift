import ByteKit
import GameKit
import JSONCore
import SnapshotCore

/// Why an input in JSON form was refused; the text goes back to the client.
struct InputRefusal: Error {
    var message: String
}

/// What a player sends while playing, the same for both dialects (protocol/spec/lobby.md §4). It is checked on the loop of
/// the player's session, wherever the lobby is.
extension Member {
    /// Takes a binary message: inputs, an ack, or a keyframe request. Returns what is wrong with it, if anything.
    final func receiveBinary(_ bytes: Span<UInt8>) -> String? {
        let server = session.server
        if server.eventSample.isOpen {
            server.sample(.received, "input", of: self, isOfTick: true, .buffer(bytes.count))
        }
        // Taken out meanwhile: what an input brings about may end this session, and others.
        var inputs: [QuantisedInput] = []
        swap(&inputs, &server.inputs)
        defer { swap(&inputs, &server.inputs) }
        do {
            switch try ClientMessage.read(bytes, game.schema.inputLayout, into: &inputs) {
            case .inputs(let seen, let count): take(inputs[..<count], seen: seen)
            case .ack(let tick): acknowledge(tick)
            case .keyframeRequest(let reason): keyframeRequested(isMismatch: reason == .hashMismatch)
            }
            return nil
        } catch {
            server.counters[.inputsRefused] += 1
            return "\(error)"
        }
    }

    /// Takes `{"input": {field: value}, "tick"?, "sequence"?, "seen"?}`. With a key, the session is told for which tick it waits.
    final func receiveInput(_ data: JSONValue, key: JSONValue?) throws(InputRefusal) {
        let server = session.server
        if server.eventSample.isOpen { server.sample(.received, "input", of: self, isOfTick: true, data) }
        do throws(InputRefusal) {
            guard let fields = data["input"], let values = game.inputValues(fromJSON: fields) else {
                throw InputRefusal(
                    message: "\"input\" must be an object with the fields of the game's input, each in its range")
            }
            let input = OfferedInput(
                tick: try wholeNumber(data, "tick"), sequence: try wholeNumber(data, "sequence"), values: values,
                seen: try wholeNumber(data, "seen") ?? 0)
            take(input, key: key)
        } catch {
            server.counters[.inputsRefused] += 1
            throw error
        }
    }

    private func wholeNumber(_ data: JSONValue, _ key: String) throws(InputRefusal) -> UInt32? {
        guard let value = data[key], value != .null else { return nil }
        guard let number = value.integer.flatMap(UInt32.init(exactly:)) else {
            throw InputRefusal(message: "\"\(key)\" must be a whole number from 0 to 4294967295")
        }
        return number
    }

    /// The client can't go on from what it has: the next snapshot is a keyframe.
    final func keyframeRequested(isMismatch: Bool) {
        session.server.counters[.keyframesRequested] += 1
        if isMismatch { session.server.counters[.stateMismatches] += 1 }
        needsKeyframe(isMismatch: isMismatch)
    }
}
