import EventLoop
import JSONCore
import Logging
import ServerCore

/// The server core's hooks, answered by `async` code that resumes on the loop.
struct ShellHooks {
    let hooks: ServerHooks

    init(
        loop: EventLoop, gate: JoinGate, admin: AdminVerifier?, recordings: RecordingStore?, storage: ServerStorage?,
        metrics: MusterMetrics, logger: Logger
    ) {
        var hooks = ServerHooks()
        hooks.build = MusterVersion.build
        if let recordings { hooks.openRecording = { recordings.open($0) } }
        if !gate.isOpen {
            hooks.authorize = { request, decided in
                let decided = LoopBound(decided, on: loop)
                Task(executorPreference: loop) {
                    let outcome = await Self.outcome(of: request, at: gate, logger)
                    decided.value(outcome)
                }
            }
        }
        if let admin {
            hooks.verifyAdmin = { user, password, decided in
                let decided = LoopBound(decided, on: loop)
                Task(executorPreference: loop) {
                    // Off the loop: the hash takes a tenth of a second, and a task's preference holds for what it awaits.
                    let verdict = await withTaskExecutorPreference(globalConcurrentExecutor) {
                        await admin.verify(user: user, password: password)
                    }
                    decided.value(verdict)
                }
            }
            hooks.listAdmins = { answered in
                let answered = LoopBound(answered, on: loop)
                Task(executorPreference: loop) {
                    let users = await withTaskExecutorPreference(globalConcurrentExecutor) { await admin.users() }
                    answered.value(users)
                }
            }
        }
        storage?.add(to: &hooks, on: loop)
        hooks.wallClock = { WallClock.milliseconds }
        hooks.host = (ThisHost.name, ThisHost.process)
        hooks.metrics = { ProcessMetrics.text + metrics.text }
        hooks.log = { severity, line in
            logger.log(level: severity.loggerLevel, "\(line())")
        }
        self.hooks = hooks
    }

    private static func outcome(
        of request: JoinRequest, at gate: JoinGate, _ logger: Logger
    ) async -> Result<Identity, JoinRefusal> {
        var payload: [UInt8] = []
        request.auth.write(to: &payload)
        let attempt = JoinAttempt(
            lobby: request.lobbyID, game: request.game, name: request.name, isResume: request.token != nil,
            takesSeat: request.takesSeat, address: request.peerAddress,
            payload: String(decoding: payload, as: UTF8.self), identity: .guest)
        do {
            return .success(try await gate.decide(attempt, jwt: request.auth["jwt"]?.string).identity)
        } catch let denied as JoinDenied {
            return .failure(.notAuthorized(denied.description))
        } catch {
            logger.error("the join hook failed: \(error)")
            return .failure(.notAuthorized(""))
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
