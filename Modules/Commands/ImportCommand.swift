import CommandLineKit

enum ImportCommand { static let all: [Command] = [] }
