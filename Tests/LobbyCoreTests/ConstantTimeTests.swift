import LobbyCore
import Testing

/// Bytes that count how often they are looked at.
private struct CountedBytes: RandomAccessCollection {
    final class Count {
        var reads = 0
    }

    let bytes: [UInt8]
    let count: Int
    let reads = Count()

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        count = bytes.count
    }

    var startIndex: Int { 0 }
    var endIndex: Int { count }

    subscript(index: Int) -> UInt8 {
        reads.reads += 1
        return bytes[index]
    }
}

@Suite("Secrets are compared with the same work wherever they differ (reliability.md A-03)")
struct ConstantTimeTests {
    private static let secret = (0..<32).map { UInt8($0) &* 37 }

    @Test func `each byte of both is looked at once, whatever is right of the guess`() {
        for wrong in 0...32 {
            var guess = Self.secret
            if wrong < 32 { guess[wrong] ^= 1 }
            let (left, right) = (CountedBytes(Self.secret), CountedBytes(guess))
            #expect(ConstantTime.areEqual(left, right) == (wrong == 32))
            #expect(left.reads.reads == 32 && right.reads.reads == 32)
        }
    }

    @Test func `what is shorter or longer is not the same`() {
        #expect(!ConstantTime.areEqual(Self.secret, Self.secret.dropLast()))
        #expect(!ConstantTime.areEqual(Self.secret.dropFirst(), Self.secret))
        #expect(ConstantTime.areEqual([], []))
    }
}
