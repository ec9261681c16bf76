import Determinism
package import Foundation

/// Bytes as a vector writes them: text or hexadecimal, perhaps many times over (protocol/vectors/README.md).
package struct Segment: Decodable, Sendable {
    private var text: String?
    private var hex: String?
    private var times: Int?

    /// The bytes it stands for.
    package var bytes: [UInt8] {
        let once = text.map { Array($0.utf8) } ?? bytesOfHex(hex ?? "")
        return Array(repeating: once, count: times ?? 1).flatMap(\.self)
    }
}

extension [Segment] {
    /// All bytes in their order.
    package var bytes: [UInt8] { flatMap(\.bytes) }
}

/// The bytes that pairs of hexadecimal digits stand for.
package func bytesOfHex(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    precondition(digits.count % 2 == 0, "half a byte in a vector")
    return stride(from: 0, to: digits.count, by: 2).map { index in
        guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
            preconditionFailure("not hexadecimal in a vector: \(hex)")
        }
        return byte
    }
}

/// The folder of the repository.
package let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// The vectors of one file in `protocol/vectors`.
package func vectors<File: Decodable>(_ name: String, as file: File.Type) throws -> File {
    try JSONDecoder().decode(file, from: Data(contentsOf: repository.appending(path: "protocol/vectors/\(name)")))
}

/// The stored inputs of a fuzz target, by name.
package func corpus(_ name: String) throws -> [(name: String, input: [UInt8])] {
    let folder = repository.appending(path: "Tests/Fuzz/\(name)/corpus")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
    return try files.map { ($0, Array(try Data(contentsOf: folder.appending(path: $0)))) }
}

/// The ways in which every stream is cut: byte by byte, and 50 random ones that follow from `seed`.
package func cuts(ofLength length: Int, seed: UInt64) -> [[Int]] {
    var random = SeededRandom(seed: seed)
    return [[1]]
        + (0..<50).map { _ in
            // Most streams end before their list of sizes does, so short lists and long pieces both occur.
            let largest = random.int(in: 1...max(1, min(length, 200)))
            return (0..<random.int(in: 1...12)).map { _ in random.int(in: 1...largest) }
        }
}
