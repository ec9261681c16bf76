import EventLoop
import JSONCore
import Logging
import ServerCore

/// The server core's hooks, answered by `async` code that resumes on the loop.
struct ShellHooks {
    let hooks: ServerHooks

    init(
        loop: EventLoop, authorize: (@Sendable (JoinAttempt) async throws -> Void)?, admin: AdminVerifier?,
        recordings: RecordingStore?, storage: ServerStorage?, logger: Logger
    ) {
        var hooks = ServerHooks()
        hooks.build = MusterVersion.build
        if let recordings { hooks.openRecording = { recordings.open($0) } }
        if let authorize {
            hooks.authorize = { request, decided in
                let decided = LoopBound(decided, on: loop)
                Task(executorPreference: loop) {
                    let refusal = await Self.refusal(of: request, by: authorize, logger)
                    decided.value(refusal)
                }
            }
        }
        if let admin {
            hooks.verifyAdmin = { user, password, decided in
                let decided = LoopBound(decided, on: loop)
                Task(executorPreference: loop) {
                    // Off the loop: the hash takes a tenth of a second, and a task's preference holds for what it awaits.
                    let isRight = await withTaskExecutorPreference(globalConcurrentExecutor) {
                        await admin.verify(user: user, password: password)
                    }
                    decided.value(isRight)
                }
            }
        }
        storage?.add(to: &hooks, on: loop)
        hooks.log = { severity, line in
            logger.log(level: severity.loggerLevel, "\(line())")
        }
        self.hooks = hooks
    }

    private static func refusal(
        of request: JoinRequest, by authorize: @Sendable (JoinAttempt) async throws -> Void,
        _ logger: Logger
    ) async -> JoinRefusal? {
        var payload: [UInt8] = []
        request.auth.write(to: &payload)
        let attempt = JoinAttempt(
            lobby: request.lobbyID, game: request.game, name: request.name, isResume: request.token != nil,
            takesSeat: request.takesSeat, address: request.peerAddress,
            payload: String(decoding: payload, as: UTF8.self))
        do {
            try await authorize(attempt)
            return nil
        } catch let denied as JoinDenied {
            return .notAuthorized(denied.description)
        } catch {
            logger.error("the join hook failed: \(error)")
            return .notAuthorized("")
        }
    }
}

extension LogSeverity {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .error: .error
        case .warning: .warning
        case .info: .info
        case .debug: .debug
        }
    }
}
