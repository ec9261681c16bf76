import ServerCore
import Testing

@Suite("Static files (RFC 9110 §8.8, §13.1.2)")
struct WebFileTests {
    static let paths = ["/", "/page.css", "/page.js", "/arena/draw.js", "/tictactoe", "/muster/client.js"]

    @Test(arguments: paths)
    func `a file is sent plain or gzip, each form with a strong tag of its own`(_ path: String) throws {
        let world = World()
        let plain = world.ask(path, "Accept: text/html")
        let packed = world.ask(path, "Accept: text/html", "Accept-Encoding: br, gzip")
        #expect(plain["content-encoding"] == nil && packed["content-encoding"] == "gzip")
        #expect(try packed.unpacked() == plain.text && packed.body.count < plain.body.count)
        let (first, second) = (try #require(plain["etag"]), try #require(packed["etag"]))
        #expect(first.hasPrefix("\"") && second.hasPrefix("\"") && first != second)
        #expect(plain["vary"] == "Accept, Accept-Encoding" && packed["vary"] == plain["vary"])
        #expect(plain["cache-control"] == "no-cache" && packed["x-content-type-options"] == "nosniff")
        #expect(world.ask(path, "Accept: text/html", "Accept-Encoding: gzip;q=0")["etag"] == first)
        #expect(World().ask(path, "Accept: text/html")["etag"] == first)
    }

    @Test(arguments: paths)
    func `who has the file is answered 304`(_ path: String) throws {
        let world = World()
        let tag = try #require(world.ask(path, "Accept: text/html")["etag"])
        for sent in [tag, "W/\(tag)", "\"x\", W/\"y,z\", \(tag)", "*"] {
            let answer = world.ask(path, "Accept: text/html", "If-None-Match: \(sent)")
            #expect(answer.status == 304 && answer.body.isEmpty && answer["etag"] == tag, "\(sent)")
            #expect(answer["cache-control"] == "no-cache" && answer["vary"] == "Accept, Accept-Encoding")
            #expect(answer["content-type"] == nil && answer["content-length"] == nil)
        }
        for sent in ["\"x\"", String(tag.dropFirst().dropLast()), "\"\"", ""] {
            #expect(world.ask(path, "Accept: text/html", "If-None-Match: \(sent)").status == 200, "\(sent)")
        }
        // The tag of one form is not that of the other.
        let other = world.ask(path, "Accept: text/html", "Accept-Encoding: gzip", "If-None-Match: \(tag)")
        #expect(other.status == 200)
    }

    @Test(arguments: paths)
    func `a HEAD is told the length and the tag`(_ path: String) {
        let world = World()
        let whole = world.ask(path, "Accept: text/html", "Accept-Encoding: gzip")
        let head = world.ask(path, method: "HEAD", "Accept: text/html", "Accept-Encoding: gzip")
        #expect(head.status == 200 && head.body.isEmpty && head["etag"] == whole["etag"])
        #expect(head["content-length"] == "\(whole.body.count)")
    }

    /// Nothing of a path is ever opened, so nothing of it can lead anywhere.
    @Test(arguments: [
        "/../page.css", "/./page.css", "//page.css", "/page.css/", "/page.css/.", "/page.css/../page.js",
        "/%2e%2e/page.css",
        "/%70age.css", "/page%2ecss", "/..%2fpage.css", "/..%5cpage.css", "/page.css%00", "/page.css%00.js",
        "/PAGE.CSS",
        "/page.css;a", "/Files/page.css", "/etc/passwd", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/.git/config", "/..\\..\\page.css", "/page.css.gz", "/page.html", "/\\page.css", "/muster/", "/arena",
        "/muster/../page.css", "/tictactoe.html", "/muster/tests/worlds.js",
    ])
    func `a path that is not in the table is 404, however it is written`(_ path: String) {
        let answer = World().ask(path, "Accept: text/html")
        #expect(answer.status == 404 && answer.text == "Not Found\n")
    }

    @Test func `a query does not change which file it is`() {
        #expect(World().ask("/page.css?/../../etc/passwd").status == 200)
    }
}
