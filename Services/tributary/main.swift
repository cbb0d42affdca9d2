import Commands
import Foundation

exit(Tributary.run(Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment))
