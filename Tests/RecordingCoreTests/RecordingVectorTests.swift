import Foundation
import GameFuzzTargets
import GameKit
import JSONCore
import RecordingCore
import Testing
import VectorFiles

/// One recording of `protocol/vectors/recording.json`.
private struct RecordingVector: Decodable, CustomTestStringConvertible {
    var id: String
    var input: [Segment]
    var seed: String?
    var game: String?
    var error: String?
    var cut: Bool?

    var testDescription: String { id }
}

private let all: [RecordingVector] = {
    struct File: Decodable { var recordings: [RecordingVector] }
    do {
        return try vectors("recording.json", as: File.self).recordings
    } catch {
        Issue.record(error)
        return []
    }
}()

/// The entries of each vector, whose members have no one type.
private let entriesByID: [String: JSONValue] = {
    do {
        let text = Array(try Data(contentsOf: repository.appending(path: "protocol/vectors/recording.json")))
        let file = try JSONValue.parse(text.span, limits: JSONLimits(valuesMax: 100_000))
        let pairs = (file["recordings"]?.array ?? []).map { ($0["id"]?.string ?? "", $0["entries"] ?? .null) }
        return Dictionary(uniqueKeysWithValues: pairs)
    } catch {
        Issue.record(error)
        return [:]
    }
}()

/// An entry as vectors write it.
private func spelled(_ entry: RecordingEntry) -> JSONValue {
    func spelled(_ inputs: [SeatInput]) -> JSONValue {
        .array(
            inputs.map { entry in
                [
                    .integer(Int64(entry.seat)), .integer(Int64(entry.input.tick)),
                    .integer(Int64(entry.input.sequence)), .array(entry.input.values.map { .integer(Int64($0)) }),
                    .integer(Int64(entry.input.seen)),
                ]
            })
    }
    return switch entry {
    case .step(let inputs, let fingerprint): ["step", .integer(Int64(fingerprint)), spelled(inputs)]
    case .failedStep(let inputs): ["failedStep", spelled(inputs)]
    case .join(let seat): .array(["join", .integer(Int64(seat.number)), .string(seat.name)] + details(of: seat))
    case .leave(let seat): ["leave", .integer(Int64(seat))]
    case .drop(let seat): ["drop", .integer(Int64(seat))]
    case .resume(let seat): ["resume", .integer(Int64(seat))]
    case .congested(let seat, let isCongested): ["congested", .integer(Int64(seat)), .bool(isCongested)]
    case .latency(let seat, let latency):
        ["latency", .integer(Int64(seat)), .integer(Int64(latency.roundTrip)), .integer(Int64(latency.clockOffset))]
    case .end(let reason): ["end", .string(reason)]
    }
}

private func name(of fault: RecordingFault) -> String {
    if case .header = fault { return "header" }
    return "\(fault)"
}

@Suite("Recordings (protocol/spec/recording.md)")
struct RecordingVectorTests {
    @Test(arguments: all)
    private func `a recording is read whole, byte by byte and in random pieces`(_ vector: RecordingVector) throws {
        let bytes = vector.input.bytes
        let whole = items(of: [bytes])
        // A mebibyte byte by byte takes a while, and its pieces show nothing that shorter ones do not.
        for sizes in bytes.count > 100_000 ? [[65_536]] : cuts(ofLength: bytes.count, seed: 7) {
            let pieces = FuzzPieces.cut(bytes, sizes)
            #expect(items(of: pieces) == whole, "in pieces of \(sizes)")
        }
        var entries: [JSONValue] = []
        var error: String?
        var header: RecordingHeader?
        for item in whole {
            switch item {
            case .header(let read): header = read
            case .entry(let entry): entries.append(spelled(entry))
            case .failed(let failure): error = name(of: failure.fault)
            case .cut: break
            }
        }
        #expect(.array(entries) == entriesByID[vector.id])
        #expect(error == vector.error)
        #expect((whole.last == .cut) == (vector.cut ?? false))
        #expect(header.map { String($0.seed, radix: 16) } == vector.seed.map { String($0.drop { $0 == "0" }) })
        #expect(header?.game == vector.game)
        guard let header, error == nil, vector.cut == nil else { return }
        var encoder = RecordingEncoder(header)
        for case .entry(let entry) in whole { encoder.append(entry) }
        #expect(encoder.bytes.count == bytes.count && items(of: [encoder.bytes]) == whole)
    }

    @Test func `what fuzzing has found stays right`() throws {
        for (_, input) in try corpus("recording") { fuzzRecording(input) }
    }

    @Test func `a header's options, of any kind, come back the same`() throws {
        let options: JSONValue = ["a": [1, 1.5, -0.0, 1e300, true, nil, "é\u{0}\n"], "b": ["c": .integer(.min)]]
        let type = GameType(Walk.self)
        let header = RecordingHeader(
            build: "b", lobby: "l", game: "walk", options: options, seed: .max, rules: type.rules, schema: type.schema)
        #expect(items(of: [header.encoded]) == [.header(header)])
    }

    @Test func `names and reasons are cut at a character`() throws {
        let type = GameType(Walk.self)
        let header = RecordingHeader(
            build: "b", lobby: "l", game: "walk", options: .null, seed: 1, rules: type.rules, schema: type.schema)
        var encoder = RecordingEncoder(header)
        encoder.append(.join(Seat(number: 0, name: "x" + String(repeating: "é", count: 600))))
        encoder.append(.end(reason: String(repeating: "🙂", count: 600)))
        let read = items(of: [encoder.bytes])
        #expect(
            read == [
                .header(header), .entry(.join(Seat(number: 0, name: "x" + String(repeating: "é", count: 511)))),
                .entry(.end(reason: String(repeating: "🙂", count: 256))),
            ])
    }
}

/// What stands behind a name, as the vectors write it.
private func details(of seat: Seat) -> [JSONValue] {
    let team = seat.team.map { JSONValue.integer(Int64($0)) } ?? .null
    guard seat.subject != nil || seat.role != nil else { return seat.team == nil ? [] : [team] }
    return [team, seat.subject.map { .string($0) } ?? .null, seat.role.map { .string($0) } ?? .null]
}

private enum FuzzPieces {
    static func cut(_ bytes: [UInt8], _ sizes: [Int]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + max(1, sizes[pieces.count % sizes.count]))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }
}
