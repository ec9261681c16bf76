import SocketIOCore
import Testing

@Suite("Engine.IO cookie: spec/socketio.md §11, reliability E-04 and E-15")
struct EngineCookieTests {
    @Test func `the field is exact`() throws {
        let plain = try #require(EngineCookie())
        #expect(plain.field(value: "AbC_-9", isSecure: false) == "io=AbC_-9; Path=/; HttpOnly; SameSite=Lax")
        #expect(plain.field(value: "AbC_-9", isSecure: true) == "io=AbC_-9; Path=/; HttpOnly; Secure; SameSite=Lax")
        let other = try #require(EngineCookie(name: "seat", path: "/game", maxAgeSeconds: 60, sameSite: .strict))
        #expect(
            other.field(value: "x", isSecure: false) == "seat=x; Max-Age=60; Path=/game; HttpOnly; SameSite=Strict")
        let cross = try #require(EngineCookie(sameSite: .none))
        #expect(cross.field(value: "x", isSecure: true) == "io=x; Path=/; HttpOnly; Secure; SameSite=None")
    }

    @Test(arguments: ["", "a b", "a=b", "a;b", "a\r\nb", "é", "a\"", "a,b"])
    func `a name is a token`(_ name: String) {
        #expect(EngineCookie(name: name) == nil)
    }

    @Test(arguments: ["", "game", "/a;b", "/a b", "/a\r\n", "/é"])
    func `a path begins with a slash and ends nothing`(_ path: String) {
        #expect(EngineCookie(path: path) == nil)
    }

    @Test func `an age is not below zero`() {
        #expect(EngineCookie(maxAgeSeconds: -1) == nil)
        #expect(EngineCookie(maxAgeSeconds: 0)?.field(value: "", isSecure: false).contains("Max-Age=0") == true)
    }

    @Test(arguments: ["a; Domain=evil", "a\r\nSet-Cookie: b=c", "a b", "\"", "é"])
    func `a hostile value stops the program, as values are our own`(_ value: String) async {
        await #expect(processExitsWith: .failure) { [value] in
            _ = EngineCookie()?.field(value: value, isSecure: false)
        }
    }

    @Test func `a request's cookie counts once, whole and by its own name`() throws {
        let cookie = try #require(EngineCookie())
        let rows: [([String], Bool)] = [
            (["io=secret"], true), (["a=b; io=secret; c=d"], true), (["a=b", "io=secret"], true),
            (["a=b;io=secret"], true), (["a=b;\tio=secret"], true), ([], false), ([""], false), (["io"], false),
            (["io="], false), (["io=secre"], false), (["io=secrett"], false), (["io=Secret"], false),
            (["Io=secret"], false), (["xio=secret"], false), (["io =secret"], false), (["io=secret; io=secret"], false),
            (["io=secret", "io=other"], false), (["io=\"secret\""], false), (["=secret"], false),
        ]
        for (fields, expected) in rows {
            #expect(cookie.isPresent(in: fields, value: "secret") == expected, "\(fields)")
        }
    }
}
