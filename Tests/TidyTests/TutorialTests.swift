import Testing

@Suite("The tutorial's code is the example's")
struct TutorialTests {
    @Test func `each piece of Swift in it stands in the example, line by line`() throws {
        let tutorial = try Repository.text("Sources/GameKit/GameKit.docc/BuildAGame.md")
        let folder = "Sources/Examples/Tag"
        let example = try Repository.paths(in: [folder], extensions: ["swift"]).map { "\n" + (try Repository.text($0)) }
        let pieces = tutorial.matches(of: /(?s)```swift\n(.*?)```/).map { String($0.output.1) }
        #expect(pieces.count > 8, "no code was found in the tutorial: has its form changed?")
        for piece in pieces where !example.contains(where: { $0.contains("\n" + piece) }) {
            Issue.record("BuildAGame.md: this stands nowhere in \(folder); change both together:\n\(piece)")
        }
    }

    @Test func `all of the game is in it`() throws {
        let tutorial = try Repository.text("Sources/GameKit/GameKit.docc/BuildAGame.md")
        let game = try Repository.text("Sources/Examples/Tag/Tag.swift")
        for line in game.split(separator: "\n") where line.contains("func ") && line.hasPrefix("    mutating") {
            #expect(tutorial.contains(line), "BuildAGame.md does not tell of:\(line)")
        }
    }
}
