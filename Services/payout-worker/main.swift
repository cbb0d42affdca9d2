import Contracts
import Foundation
import WorkerService

WorkerMain.run(
    .payout, Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
