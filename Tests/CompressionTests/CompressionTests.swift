import Compression
import Determinism
import FuzzTargets
import Testing
import VectorFiles

@Suite("RFC 1951 streams, RFC 7692 §7.2 messages")
struct CompressionTests {
    private func bytes(_ count: Int, _ random: inout SeededRandom, from letters: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(random.int(in: 0...letters)) }
    }

    @Test(arguments: 9...15)
    func `what is compressed comes out again, in every cut, with and without what came before`(_ windowBits: Int) {
        var random = SeededRandom(seed: UInt64(windowBits))
        let deflater = Deflater(windowBits: windowBits, level: 1 + windowBits % 9, memLevel: 1 + windowBits % 9)
        let inflater = Inflater(windowBits: windowBits)
        for size in [0, 1, 5, 125, 126, 511, 513, 5000, 70_000] {
            for letters in [0, 3, 255] {
                let message = bytes(size, &random, from: letters)
                if random.int(in: 0...2) == 0 { deflater.reset() }
                var compressed: [UInt8] = [7]
                deflater.deflateMessage(message.span, into: &compressed)
                let cut = pieces(of: Array(compressed.dropFirst()), sizes: [random.int(in: 1...20), 1, 1000])
                let read = inflateTranscript(of: cut, by: inflater, outputMax: size)
                #expect(compressed[0] == 7 && read.error == nil && read.output == message, "\(size) of \(letters)")
            }
        }
    }

    @Test(arguments: [0, 1, 511, 512, 513, 4096, 65_536])
    func `output stops one byte behind the limit, and memory with it`(_ limit: Int) {
        let zeros = [UInt8](repeating: 0, count: 1 << 22)
        var bomb: [UInt8] = []
        Deflater().deflateMessage(zeros.span, into: &bomb)
        let inflater = Inflater()
        let read = inflateTranscript(of: [bomb], by: inflater, outputMax: limit)
        #expect(read.error == .outputTooLong && read.output.count == limit + 1)
        #expect(read.output.capacity <= 2 * limit + 1024 && inflater.residentBytes <= 40 * 1024)
    }

    @Test func `an inflater is good for another stream after an error`() {
        let inflater = Inflater()
        #expect(inflateTranscript(of: [[7]], by: inflater, outputMax: 9).error == .invalidData)
        inflater.reset()
        let hello = inflateTranscript(of: [bytesOfHex("f248cdc9c90700")], by: inflater, outputMax: 9)
        #expect(hello.output == Array("Hello".utf8) && hello.error == nil)
        inflater.reset(windowBits: 9)
        #expect(inflateTranscript(of: [bytesOfHex("f200110000")], by: inflater, outputMax: 9).error == .invalidData)
    }

    @Test func `an empty message is one byte, also the second time`() {
        let deflater = Deflater()
        var out: [UInt8] = []
        let nothing: [UInt8] = []
        deflater.deflateMessage(nothing.span, into: &out)
        deflater.deflateMessage(nothing.span, into: &out)
        #expect(out == [0, 0])
    }

    @Test func `a window of 8 bits is not compressed with`() async {
        await #expect(processExitsWith: .failure) { _ = Deflater(windowBits: 8) }
    }

    @Test(arguments: [CompressionFormat.gzip, .zlib])
    func `a whole file comes out again, and neither more nor less of it`(_ format: CompressionFormat) throws {
        var random = SeededRandom(seed: 1952)
        for size in [0, 1, 300, 100_000] {
            let body = bytes(size, &random, from: 7)
            let file = format == .gzip ? gzip(body.span) : zlibDeflate(body.span)
            let read = { (file: [UInt8], outputMax: Int) throws(InflateError) in
                try inflated(file.span, as: format, outputMax: outputMax)
            }
            #expect(try read(file, size) == body)
            #expect(throws: InflateError.invalidData) { try read(file.dropLast(), size) }
            #expect(throws: InflateError.invalidData) { try read(file + [0], size) }
            if size > 0 { #expect(throws: InflateError.outputTooLong) { try read(file, size - 1) } }
        }
        let text = Array("Hello".utf8)
        let zipped = gzip(text.span)
        let deflated = zlibDeflate(text.span)
        #expect(zipped == bytesOfHex("1f8b0800000000000003f348cdc9c907008289d1f705000000"))
        #expect(deflated == bytesOfHex("789cf348cdc9c90700058c01f5"))
    }

    @Test func `every stored fuzz input inflates without a trap`() throws {
        for (_, input) in try corpus("inflate") { fuzzInflate(input) }
    }
}
