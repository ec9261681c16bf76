import Foundation
import SnapshotCore

/// A recording of bodies: frames back to back, each of 901 records of eight little-endian `int32` (docs/decisions/0023-codec-1.md).
struct BodyRecording {
    /// Why a file is no such recording.
    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    /// How many bodies there are in each frame.
    static let bodies = 901
    private static let recordBytes = 32

    /// A body: its rotation with 9 bits a component, its place in 1/512 m, and whether the player moves it.
    static let schema = Schema(
        types: [
            .init(
                "body", .table,
                [
                    .init("orientation", .quaternion(bits: 9), .linear),
                    .init("x", .fixed(-31.998046875...31.998046875, step: 1 / 512), .linear),
                    .init("y", .fixed(-31.998046875...31.998046875, step: 1 / 512), .linear),
                    .init("z", .fixed(0...15.998046875, step: 1 / 512), .linear), .init("interacting", .bool),
                ])
        ], input: [])

    /// The frames, from tick 1 on.
    let states: [WorldState]

    init(_ path: String) throws(Unreadable) {
        let bytes: [UInt8]
        do {
            bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw Unreadable(description: "\(path): it cannot be read")
        }
        let frameBytes = Self.bodies * Self.recordBytes
        guard !bytes.isEmpty, bytes.count % frameBytes == 0 else {
            throw Unreadable(
                description: "\(path): \(bytes.count) bytes are no whole number of frames of \(frameBytes) bytes"
                    + " (unpack .xz files first)")
        }
        var states: [WorldState] = []
        let ids = (0..<Self.bodies).map { UInt16($0) }
        for frame in 0..<bytes.count / frameBytes {
            var values: [UInt32] = []
            values.reserveCapacity(Self.bodies * 5)
            for body in 0..<Self.bodies {
                guard Self.append(bytes, at: frame * frameBytes + body * Self.recordBytes, to: &values) else {
                    throw Unreadable(
                        description: "\(path): body \(body) of frame \(frame) has a number out of its range")
                }
            }
            var state = WorldState(schema: Self.schema)
            state.tick = UInt32(frame + 1)
            state.tables[0] = EntityTable(ids: ids, values: values)
            states.append(state)
        }
        self.states = states
    }

    private static func append(_ bytes: [UInt8], at offset: Int, to values: inout [UInt32]) -> Bool {
        func number(_ index: Int, _ range: ClosedRange<Int32>) -> UInt32? {
            let at = offset + index * 4
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) }
            let number = Int32(bitPattern: bits)
            return range.contains(number) ? UInt32(number - range.lowerBound) : nil
        }
        guard let largest = number(0, 0...3), let first = number(1, 0...511), let second = number(2, 0...511),
            let third = number(3, 0...511), let x = number(4, -16_383...16_383), let y = number(5, -16_383...16_383),
            let z = number(6, 0...8_191), let interacting = number(7, 0...1)
        else { return false }
        values.append(largest << 27 | first << 18 | second << 9 | third)
        for value in [x, y, z, interacting] { values.append(value) }
        return true
    }
}
