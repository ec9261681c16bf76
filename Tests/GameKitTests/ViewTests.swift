import GameKit
import Testing

@Suite("Views and groups (docs/decisions/0025-interest.md)")
struct ViewTests {
    @Test func `a view has what all see, and each group once, in order`() {
        var view = View()
        #expect(view.numbers == [0])
        for group in [Group.own(5), .team(1), .seat(3), .team(1), .own(0), .all, .own(5)] { view.add(group) }
        #expect(view.numbers == [0, 4, 1_026, 2_049, 2_054])
        view.removeAll()
        #expect(view == View())
    }

    @Test func `seats, teams and the author's own share no number, and all fit`() {
        let ends = [Group.all, .seat(0), .seat(1_023), .team(0), .team(1_023), .own(0), .own(Group.ownCount - 1)]
        #expect(ends.map(\.number) == [0, 1, 1_024, 1_025, 2_048, 2_049, 65_535])
    }

    @Test func `a grid's cells are side by side, and what is outside is in the nearest`() {
        let grid = GroupGrid(x: -10...15, y: 0...20, cell: 10, first: 100)
        #expect(grid.group(x: -10, y: 0) == .own(100) && grid.group(x: -0.01, y: 9.99) == .own(100))
        #expect(grid.group(x: 0, y: 0) == .own(101) && grid.group(x: 14, y: 19) == .own(105))
        #expect(grid.group(x: -1e300, y: -5) == .own(100) && grid.group(x: 15, y: 1e300) == .own(105))
        #expect(grid.group(x: .nan, y: .infinity) == .own(103))
    }

    @Test func `a view around a place has the cells that the square around it touches`() {
        let grid = GroupGrid(x: 0...50, y: 0...50, cell: 10)
        func cells(_ x: Double, _ y: Double, _ radius: Double) -> [Int] {
            var view = View()
            view.add(grid, x: x, y: y, radius: radius)
            return view.numbers.dropFirst().map { Int($0) - 2_049 }
        }
        #expect(cells(5, 5, 0) == [0] && cells(25, 25, 4) == [12])
        #expect(cells(25, 25, 6) == [6, 7, 8, 11, 12, 13, 16, 17, 18])
        #expect(cells(49, 49, 12) == [18, 19, 23, 24] && cells(-40, 25, 5) == [10, 15])
        #expect(cells(25, 25, 1_000).count == 25)
        #expect(cells(.nan, 25, .nan) == [0], "an author's mistake shows too little")
        #expect(cells(25, 25, -20).count == 1)
    }
}
