import ByteKit
import Testing

@Suite("Integers and varints (protocol/spec/snapshot.md §2)")
struct IntegersTests {
    @Test(arguments: [UInt64(0), 1, 127, 128, 300, 1 << 32, .max])
    func `a varint reads back whole and answers nil at every shorter length`(_ value: UInt64) {
        var bytes: [UInt8] = []
        bytes.appendVarint(value)
        var offset = 0
        let read = bytes.span.varint(at: &offset)
        #expect(read == value)
        #expect(offset == bytes.count)
        for length in 0..<bytes.count {
            var start = 0
            let cut = bytes.span.extracting(first: length).varint(at: &start)
            #expect(cut == nil)
            #expect(start == 0)
        }
    }

    @Test(arguments: [[0x80, 0x00], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02] as [UInt8]])
    func `a varint that is not in shortest form or is too wide is refused`(_ bytes: [UInt8]) {
        var offset = 0
        let read = bytes.span.varint(at: &offset)
        #expect(read == nil)
    }
}
