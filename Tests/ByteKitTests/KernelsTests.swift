import ByteKit
import Testing

@Suite("Byte kernels against their definitions")
struct KernelsTests {
    @Test func `masking by words equals masking byte by byte at every phase and length`() {
        let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        for phase in 0..<4 {
            let turned = key[phase...] + key[..<phase]
            let word = turned.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            for length in 0..<70 {
                let source = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
                var masked = source
                var span = masked.mutableSpan
                applyMask(&span, key: word)
                #expect(masked == source.enumerated().map { $1 ^ key[($0 + phase) & 3] })
            }
        }
    }

    @Test func `a word is eight bytes, least significant first, at any offset`() {
        let bytes = (0..<40).map { UInt8($0 * 5) }
        for offset in 0...32 {
            let word = bytes.span.word(at: offset)
            #expect(word == bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    @Test func `bits read back as written, and padding is zero`() {
        var writer = BitWriter(appendingTo: [9])
        let fields: [(UInt32, Int)] = [(1, 1), (5, 3), (.max, 32), (0, 0), (1000, 10), (0, 1)]
        for (value, width) in fields { writer.write(value, width: width) }
        let bytes = writer.finish()
        var reader = BitReader(at: 1)
        for (value, width) in fields {
            let read = reader.read(width: width, from: bytes.span)
            #expect(read == value)
        }
        let padded = reader.paddingIsZero(in: bytes.span)
        let beyond = reader.read(width: 8, from: bytes.span)
        #expect(padded && beyond == nil)
    }

    @Test func `base64 decodes what it encodes and refuses everything else`() {
        for length in 0..<20 {
            let bytes = (0..<length).map { UInt8($0 * 13) }
            let encoded = Base64.encode(bytes)
            let decoded = Base64.decode(encoded.span)
            let url = Array(Base64.encodeURL(bytes).utf8)
            let fromURL = Base64.decodeURL(url.span)
            #expect(decoded == bytes && fromURL == bytes)
        }
        for bad in ["A", "AB=", "A===", "AB==AB==", "A B=", "AB-_", "AC==x", "AB=="] {
            let text = Array(bad.utf8)
            let decoded = Base64.decode(text.span)
            #expect(decoded == nil, "\(bad)")
        }
    }

    @Test(arguments: ["", "abc", "κόσμε", "\u{10FFFF}", "\u{D7FF}\u{E000}"])
    func `valid UTF-8 passes whole and in every split`(_ text: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var validator = UTF8Validator()
            let first = validator.consume(bytes.span.extracting(first: cut))
            let rest = validator.consume(bytes.span.extracting(droppingFirst: cut))
            #expect(first && rest && validator.isComplete)
        }
    }

    @Test(arguments: [
        [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF5], [0x80], [0xE2, 0x28], [0xFF] as [UInt8],
    ])
    func `overlong, surrogate, out of range and stray bytes fail at once`(_ bytes: [UInt8]) {
        var validator = UTF8Validator()
        let accepted = validator.consume(bytes.span)
        #expect(!accepted)
    }
}
