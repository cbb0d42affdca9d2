import Contracts
import Foundation
import WorkerService

WorkerMain.run(
    .referral, Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
