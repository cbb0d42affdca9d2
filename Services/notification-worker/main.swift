import Contracts
import Foundation
import WorkerService

WorkerMain.run(
    .notification, Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
