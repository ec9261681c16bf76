import ArgumentParser
import Fleet
import Muster
import Testing

@testable import MusterCommand

@Suite("muster: arguments and exit codes")
struct ArgumentsTests {
    @Test(arguments: [
        ["--help"], ["--version"], ["host", "--help"], ["hash-password", "--help"], [], ["host", "--print-config"],
        ["host", "--print-config", "--listen", "127.0.0.1:0", "--listen", "[::1]:0", "--drain-seconds", "0.5"],
    ])
    func `what is asked for rightly ends with 0`(_ arguments: [String]) {
        #expect(Main.run(arguments) == 0)
    }

    @Test(arguments: [
        ["juggle"], ["--no-such-flag"], ["host", "--no-such-flag"], ["host", "extra"], ["host", "--listen"],
        ["host", "--print-config", "--listen", "nowhere"], ["host", "--print-config", "--drain-seconds", "-1"],
        ["host", "--print-config", "--config", "no/such/file.json"],
        ["host", "--print-config", "--limits-lobbies", "1", "--limits-lobbies", "2"],
        ["host", "--admin-password", "correct horse"],
    ])
    func `bad arguments end with 2`(_ arguments: [String]) {
        #expect(Main.run(arguments) == 2)
    }

    @Test func `every key has a flag, but a secret`() throws {
        for key in ConfigurationKey.all where !key.isSecret {
            let flags = try SettingFlags.parse(["--\(key.flag)", "-1", "--\(key.flag)", "--x"])
            #expect(flags.texts == [key.name: ["-1", "--x"]])
        }
        for key in ConfigurationKey.all where key.isSecret {
            #expect(throws: (any Error).self) { try SettingFlags.parse(["--\(key.flag)", "x"]) }
        }
    }

    @Test func `without flags no setting is given`() throws {
        #expect(try SettingFlags.parse([]).texts.isEmpty)
    }

    @Test(arguments: [
        (["--count", "0"], "--count must be"), (["--seconds", "nan"], "--seconds must be"),
        (["--game", "chess"], "No bot plays \"chess\""), (["--ramp", "0"], "--ramp must be"),
        (["--cut-every", "-1"], "--cut-every must be"), (["--protocol", "smoke"], "'smoke' is invalid"),
        (["--server", "ftp://a:1"], "--server must be"), (["--count", "many"], "'many' is invalid"),
        (["--count", "2", "--lobbies", "3"], "--lobbies must be"),
    ])
    func `a bad value for bots is refused by name`(_ arguments: [String], _ expected: String) {
        Self.expectRefusal(BotsCommand.self, arguments, expected)
    }

    @Test(arguments: [
        (["--bots", "0"], "--bots 0 is refused"), (["--lobbies", "-1"], "--lobbies -1 is refused"),
        (["--seconds", "0"], "--seconds 0.0 is refused"), (["--seed", "-1"], "'-1' is invalid"),
        (["--game", "chess"], "--game \"chess\" is refused"), (["--tick-rate", "0"], "--tick-rate 0 is refused"),
        (["--tick-rate", "129"], "--tick-rate 129 is refused"),
    ])
    func `a bad value for a simulation is refused by name`(_ arguments: [String], _ expected: String) {
        Self.expectRefusal(SimulateCommand.self, arguments, expected)
    }

    @Test(arguments: [
        (["--password", ""], "There is no password"),
        (["--password", "scrypt$1024$8$1$TmFDbE5hQ2w=$TmFDbE5hQ2xOYUNsTmFDbA=="], "The password is a hash"),
        (["--password", "correct horse", "--server", "unix:/a"], "--server \"unix:/a\" is refused"),
        (["--password", "correct horse", "--kick", "yard"], "--kick \"yard\" is refused"),
        (["--password", "correct horse", "--kick", "yard/1", "--close", "yard"], "Give one of --kick"),
        (["--password", "correct horse", "--bans", "--close", "yard"], "Give one of --kick"),
        (["--password", "correct horse", "--bans", "--season", "spring"], "Give one of --kick"),
        (["--password", "correct horse", "--ban", "yard"], "--ban \"yard\" is refused"),
        (["--password", "correct horse", "--ban", "yard/1", "--seconds", "0"], "--seconds 0 is refused"),
        (["--password", "correct horse", "--ban", "subject:a", "--from", "yard"], "--from goes with --unban"),
        (["--password", "correct horse", "--kick", "yard/1", "--everywhere"], "go with --ban"),
        (["--password", "correct horse", "--unban", "yard/1"], "--unban \"yard/1\" is refused"),
    ])
    func `a bad value for the monitor is refused by name`(_ arguments: [String], _ expected: String) {
        Self.expectRefusal(MonitorCommand.self, arguments, expected)
    }

    @Test func `bots take what they are told`() throws {
        let bots = try BotsCommand.parse([
            "--server", "http://[::1]:9000/", "--count", "500", "--lobbies", "50", "--seconds", "2.5", "--protocol",
            "websocket", "--cut-every", "5", "--seed", "18446744073709551615", "--quiet",
        ])
        #expect(bots.server == "http://[::1]:9000/")
        #expect(bots.count == 500 && bots.lobbies == 50 && bots.seconds == 2.5)
        #expect(bots.dialect == .plain && bots.cutEvery == 5 && bots.seed == .max)
        #expect(bots.quiet && !bots.json)
    }

    private static func expectRefusal<Options: ParsableArguments>(
        _ options: Options.Type, _ arguments: [String], _ expected: String
    ) {
        do {
            _ = try Options.parse(arguments)
            Issue.record("\(arguments) were taken")
        } catch {
            #expect(Options.exitCode(for: error) == .validationFailure)
            #expect(Options.fullMessage(for: error).contains(expected))
        }
    }
}
