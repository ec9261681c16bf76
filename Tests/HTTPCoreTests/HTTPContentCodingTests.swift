import HTTPCore
import HTTPTypes
import Testing

@Suite("What a client accepts and has (RFC 9110 §12.5.3, §13.1.2)")
struct HTTPContentCodingTests {
    @Test(
        arguments: [
            (nil, .identity), ("", .identity), ("gzip", .gzip), ("GZIP", .gzip), ("x-gzip", .gzip),
            ("deflate", .deflate),
            ("gzip, deflate", .gzip), ("deflate, gzip", .gzip), ("deflate, gzip;q=0.9", .deflate),
            ("gzip;q=1.0, deflate;q=0.999", .gzip), ("gzip;q=0.001", .gzip), ("gzip;q=0", .identity),
            ("gzip;q=0.000, deflate", .deflate), ("gzip ; q=0.5 , deflate ;\tQ=0.4", .gzip), ("*", .gzip),
            ("*;q=0", .identity), ("gzip;q=0, *", .deflate), ("gzip;q=0, deflate;q=0, *", .identity), ("br", .identity),
            ("br, *;q=0.1", .gzip), ("identity", .identity), ("identity;q=0", .identity), ("identity;q=0, gzip", .gzip),
            ("identity, gzip", .gzip), ("identity, gzip;q=0.5", .identity), ("identity;q=0.5, gzip;q=0.5", .gzip),
            ("gzip;q=0.2, *;q=0.5", .deflate), ("gzip;q=0, deflate;q=0.2, *;q=0.5", .identity),
            // What is no element is passed over.
            ("gzip;q=2", .identity), ("gzip;q=1.001", .identity), ("gzip;q=0.1234", .identity), ("gzip;q=", .identity),
            ("gzip;q=.5", .identity), ("gzip;q=0,5", .identity), ("gzip;level=9", .identity), ("gzip q=1", .identity),
            ("gzip;", .identity), (", ,gzip,,", .gzip), ("gzip;q=0., deflate;q=0", .identity), ("gzip;q=1.", .gzip),
            ("gzip;q=-1", .identity), ("\u{212A}zip", .identity), ("gzipp, gzi", .identity),
            // Of one that stands twice the first counts.
            ("gzip;q=0, gzip", .identity), ("gzip, gzip;q=0", .gzip),
        ] as [(String?, HTTPContentCoding)])
    func `the best coding is the one of the highest weight`(_ accepted: String?, _ coding: HTTPContentCoding) {
        var fields = HTTPFields()
        if let accepted { fields[.acceptEncoding] = accepted }
        #expect(HTTPContentCoding.best(for: fields) == coding)
    }

    @Test func `several fields are one list, and only what is offered counts`() {
        var fields = HTTPFields()
        fields.append(HTTPField(name: .acceptEncoding, value: "gzip;q=0.1"))
        fields.append(HTTPField(name: .acceptEncoding, value: "deflate"))
        #expect(HTTPContentCoding.best(for: fields) == .deflate)
        #expect(HTTPContentCoding.best(of: [.gzip], for: fields) == .gzip)
        #expect(HTTPContentCoding.best(of: [], for: fields) == .identity)
    }

    @Test(arguments: [
        ("\"a\"", true), ("W/\"a\"", true), ("*", true), ("\"b\", \"a\"", true), ("\"b\",\"a\"", true),
        ("\"b,\", W/\"c\" ,\t\"a\"", true), (",,\"a\"", true), ("\"b\"", false), ("\"A\"", false), ("", false),
        ("a", false), ("\"a", false), ("a\"", false), ("\"\"", false), ("\"a,\"", false), ("\",a\"", false),
        ("w/\"a\"", false), ("W/ \"a\"", false), ("\"b\" x \"a\"", false), ("W/", false), ("W", false), ("\"", false),
        ("**", false), ("\"aa\"", false),
    ])
    func `a tag is named by a list that holds it, strong or weak`(_ list: String, _ isNamed: Bool) {
        let fields: HTTPFields = [.ifNoneMatch: list]
        #expect(HTTPEntityTag("a").isNamed(in: fields) == isNamed)
        #expect(HTTPEntityTag("a", isWeak: true).isNamed(in: fields) == isNamed)
    }

    @Test func `a tag is named in the second field too, and never without one`() {
        var fields = HTTPFields()
        #expect(!HTTPEntityTag("a").isNamed(in: fields))
        fields.append(HTTPField(name: .ifNoneMatch, value: "\"b\""))
        fields.append(HTTPField(name: .ifNoneMatch, value: "\"a\""))
        #expect(HTTPEntityTag("a").isNamed(in: fields))
        #expect(HTTPEntityTag("a", isWeak: true).text == "W/\"a\"")
    }
}
