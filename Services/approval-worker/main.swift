import Contracts
import Foundation
import WorkerService

WorkerMain.run(
    .approval, Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
