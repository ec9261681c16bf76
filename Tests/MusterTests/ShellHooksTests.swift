import Determinism
import EventLoop
import JSONCore
import Logging
import Testing

@testable import Muster
@testable import ServerCore

@Suite("Hooks that await resume on their loop", .serialized)
struct ShellHooksTests {
    private struct Oops: Error {}

    /// Runs a loop until `body` calls the closure it is given.
    private func run(
        _ authorize: (@Sendable (JoinAttempt) async throws -> Void)?, admin: AdminVerifier? = nil,
        _ body: (EventLoop, ServerHooks, @escaping () -> Void) throws -> Void
    ) throws {
        let loop = try EventLoop()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let hooks = ShellHooks(loop: loop, authorize: authorize, admin: admin, logger: logger).hooks
        try body(loop, hooks) { loop.stop() }
        loop.run()
    }

    @Test func `a join is allowed when the hook returns, and its answer comes on the loop`() throws {
        var answers: [JoinRefusal?] = []
        try run({ attempt in
            #expect(attempt.lobby == "yard" && attempt.name == "Ann" && !attempt.isResume)
            await Task.yield()
        }) { loop, hooks, finish in
            let request = try JoinRequest(lobbyID: "yard", auth: ["name": "Ann"], peerAddress: "192.0.2.1")
            hooks.authorize?(request) { refusal in
                #expect(loop.isCurrent)
                answers.append(refusal)
                finish()
            }
        }
        #expect(answers == [nil])
    }

    @Test func `a denial reaches the player in its own words, any other error does not`() throws {
        for (error, expected) in [
            (JoinDenied("not in this league") as any Error, JoinRefusal.notAuthorized("not in this league")),
            (Oops(), .notAuthorized("")),
        ] {
            var answers: [JoinRefusal?] = []
            try run({ _ in throw error }) { _, hooks, finish in
                let request = try JoinRequest(lobbyID: "yard", auth: .null, peerAddress: "192.0.2.1")
                hooks.authorize?(request) {
                    answers.append($0)
                    finish()
                }
            }
            #expect(answers == [expected])
        }
    }

    @Test func `a password is checked off the loop, which goes on turning, and the answer comes on it`() throws {
        let verifier = AdminVerifier(user: "admin", password: try AdminPassword(plain: "correct horse"))
        // The hash takes as long as dozens of these turns; on the loop it would leave room for one or two.
        var turns = 0
        try run(nil, admin: verifier) { loop, hooks, finish in
            var timer: LoopTimer?
            timer = loop.makeTimer {
                turns += 1
                timer?.arm(at: loop.now)
            }
            timer?.arm(at: .zero)
            hooks.verifyAdmin?("admin", "correct horse") { isRight in
                #expect(loop.isCurrent && isRight)
                timer?.close()
                timer = nil
                finish()
            }
        }
        #expect(turns > 4)
    }
}
