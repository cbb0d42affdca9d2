import CommandLineKit
import Foundation

// The only command is the program itself.
let arguments = Array(CommandLine.arguments.dropFirst())
let code = SimulateCommand.application.run(
    ["run"] + arguments, environment: ProcessInfo.processInfo.environment)
exit(code.rawValue)
