internal import ByteKit

/// The fuzz target `utf8`: text in chosen cuts. The verdict must be the standard library's, and come at the first byte
/// after which no text can be valid any more.
package func fuzzUTF8(_ input: [UInt8]) {
    var settings = Settings(input)
    let sizes = settings.sizes()
    let text = Array(settings.rest)
    let isValid = String(validating: text, as: UTF8.self) != nil
    precondition(UTF8Validator.isValid(text.span) == isValid, "a text was judged wrongly")

    var byPiece = UTF8Validator()
    let passes = pieces(of: text, sizes: sizes).allSatisfy { byPiece.consume($0.span) }
    precondition((passes && byPiece.isComplete) == isValid, "a text was judged differently when cut")

    var byByte = UTF8Validator()
    var start = 0
    for (index, byte) in text.enumerated() {
        let passes = byByte.consume([byte].span)
        precondition(passes == canBeginCharacter(text[start...index]), "byte \(index) was judged too early or too late")
        guard passes else { return }
        if byByte.isComplete { start = index + 1 }
    }
}

/// Whether `bytes` are a character, or the beginning of one.
private func canBeginCharacter(_ bytes: ArraySlice<UInt8>) -> Bool {
    var ends: [[UInt8]] = [[]]
    for _ in 0..<4 {
        if ends.contains(where: { String(validating: bytes + $0, as: UTF8.self) != nil }) { return true }
        // One byte of every range that a continuation byte may have to be in.
        ends = ends.flatMap { end in [0x80, 0x90, 0xA0].map { end + [$0] } }
    }
    return false
}
