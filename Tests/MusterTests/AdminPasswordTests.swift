import Testing

@testable import Muster

@Suite("Admin password: scrypt, RFC 7914")
struct AdminPasswordTests {
    /// Made by OpenSSL.
    private static let foreign =
        "scrypt$1024$8$16$TmFDbE5hQ2w=$XsC2ZTdXJ4zsfzVdRtTQNNSXMToqf+tcSxiTF5U/"
        + "EW4bQrmC0tFSLiqsSgATDJlsuk/bU58fe99WhUo5izDpPw=="

    @Test func `a hash takes its own password and no other, before and after it was text`() throws {
        let password = try AdminPassword(plain: "correct horse")
        let read = try #require(AdminPassword(text: password.description))
        #expect(read.description == password.description)
        #expect(password.matches("correct horse"))
        #expect(read.matches("correct horse"))
        #expect(!read.matches("correct horsf"))
        #expect(!read.matches(""))
        #expect(!read.matches(String(repeating: "a", count: 257)))
    }

    @Test func `a hash of another implementation is understood`() throws {
        let password = try #require(AdminPassword(text: Self.foreign))
        #expect(password.matches("password"))
        #expect(!password.matches("passwort"))
    }

    @Test func `the salt is fresh each time`() throws {
        let first = try AdminPassword(plain: "correct horse").description
        let second = try AdminPassword(plain: "correct horse").description
        #expect(first != second)
        #expect(first.hasPrefix("scrypt$32768$8$1$"))
    }

    @Test(arguments: ["", "1234567", "\u{E4}\u{F6}\u{FC}\u{DF}\u{E4}\u{F6}\u{FC}", String(repeating: "a", count: 257)])
    func `a password that is too short or too long is refused`(_ plain: String) {
        #expect(throws: AdminPasswordError.length) { try AdminPassword(plain: plain) }
        #expect(!AdminPassword.isAcceptable(plain))
    }

    @Test(arguments: [
        "", "scrypt", "scrypt$1024$8$16$TmFDbE5hQ2w=", "bcrypt$1024$8$16$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1000$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==", "scrypt$0$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$-1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1048576$32$16$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1024$0$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1024$8$0$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==",
        "scrypt$1024$8$1$TmFDbA==$TmFDbE5hQ2xOYUNsTmFDbA==", "scrypt$1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2w=",
        "scrypt$1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA==$", "scrypt$1024$8$1$*$TmFDbE5hQ2xOYUNsTmFDbA==",
    ])
    func `a text that is no hash, or too cheap, or too dear, is refused`(_ text: String) {
        #expect(AdminPassword(text: text) == nil)
        #expect(!text.hasPrefix("scrypt$") || !AdminPassword.isAcceptable(text))
    }

    @Test func `a generated password has 28 characters of a readable alphabet and differs each time`() {
        let passwords = (0..<100).map { _ in AdminPassword.generate() }
        #expect(Set(passwords).count == 100)
        for password in passwords {
            #expect(password.filter { $0 != "-" }.count == 28)
            #expect(password.allSatisfy { !"ilou".contains($0) && ($0 == "-" || $0.isNumber || $0.isLowercase) })
            #expect(AdminPassword.isAcceptable(password))
        }
    }
}

@Suite("Admin verifier")
struct AdminVerifierTests {
    @Test func `only the right user with the right password is let in`() async throws {
        var settings = AdminSettings()
        settings.password = try AdminPassword(plain: "correct horse").description
        let made = try #require(try settings.makeVerifier())
        #expect(made.generated == nil)
        #expect(await made.verifier.verify(user: "admin", password: "correct horse"))
        #expect(await !made.verifier.verify(user: "admin", password: "correct house"))
        #expect(await !made.verifier.verify(user: "root", password: "correct horse"))
        #expect(await !made.verifier.verify(user: "", password: ""))
    }

    @Test func `a plain password is hashed, and a missing one generated and told once`() async throws {
        var settings = AdminSettings()
        settings.password = "correct horse"
        let plain = try #require(try settings.makeVerifier())
        #expect(plain.generated == nil)
        #expect(await plain.verifier.verify(user: "admin", password: "correct horse"))

        settings.password = nil
        let fresh = try #require(try settings.makeVerifier())
        let generated = try #require(fresh.generated)
        #expect(await fresh.verifier.verify(user: "admin", password: generated))
    }

    @Test func `without an admin there is nothing to verify against`() throws {
        var settings = AdminSettings()
        settings.isEnabled = false
        #expect(try settings.makeVerifier() == nil)
    }
}
