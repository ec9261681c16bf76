import Testing

@testable import Muster

@Suite("The season of the leaderboards")
struct SeasonTests {
    @Test func `what the configuration names stays`() {
        let season = Season(configured: "spring")
        season.restore("autumn")
        #expect(!season.begin("winter") && season.name == "spring")
    }

    @Test func `else an admin begins one, and what comes late from the storage is the past`() {
        let season = Season(configured: "")
        #expect(season.name.isEmpty)
        season.restore("autumn")
        #expect(season.name == "autumn")
        #expect(season.begin("winter"))
        season.restore("autumn")
        #expect(season.name == "winter")
    }
}
