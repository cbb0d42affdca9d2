package import CommandLineKit
import WorkerService

/// The `tributary` program: every command in one table.
package enum Tributary {
    package static let application = Application(
        name: "tributary", summary: "Tributary runs B2B partner programmes: referrals in, explained payouts out.",
        globals: GlobalOptions.table + [Settings.fileOption],
        commands: UpCommand.all + DemoCommand.all + ImportCommand.all + ProgramCommands.all + PartnerCommands.all
            + ReviewCommands.all + PayoutCommands.all + ShowCommands.all + ClockCommands.all + TopicCommands.all
            + DeadLetterCommands.all + LagCommand.all + OffsetCommands.all,
        settings: Settings.reader)

    /// Runs one command and returns the process' exit code.
    package static func run(_ arguments: [String], environment: [String: String]) -> Int32 {
        // Signals are waited for, so they are blocked before any thread exists; a command that does not wait is ended by them.
        if arguments.first == "up" { Signals.block() }
        return application.run(arguments, environment: environment).rawValue
    }
}
