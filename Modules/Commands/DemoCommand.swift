import CommandLineKit

enum DemoCommand { static let all: [Command] = [] }
