import CommandLineKit
import Contracts
import Testing
import WorkerService

@testable import Commands

/// One environment and one file serve every executable: each must know what any of them knows.
@Suite struct KnownSettingsTests {
    private static let options: [CommandOption] = {
        let applications = [Tributary.application] + WorkerName.allCases.map { WorkerMain.application(of: $0) }
        return applications.flatMap { $0.globals + $0.commands.flatMap(\.options) }
    }()

    @Test func `every option that takes its value from outside is known under its name and variable`() {
        let known = Dictionary(uniqueKeysWithValues: KnownSettings.all.map { ($0.name, $0.variable) })
        for option in Self.options where option.name != Settings.fileOption.name {
            guard let variable = option.environment else { continue }
            #expect(known[option.name] == variable, "--\(option.name)")
        }
    }

    @Test func `every setting is an option of some program`() {
        let names = Set(Self.options.filter { $0.environment != nil }.map(\.name))
        for setting in KnownSettings.all { #expect(names.contains(setting.name), "\(setting.name)") }
    }

    @Test func `no two settings share a name or a variable`() {
        #expect(Set(KnownSettings.all.map(\.name)).count == KnownSettings.all.count)
        #expect(Set(KnownSettings.all.map(\.variable)).count == KnownSettings.all.count)
    }
}

/// Settings of `up` are looked at before anything is opened.
@Suite struct UpSettingsTests {
    @Test(arguments: ["nobody", "Partners <partners@acme.com>"])
    func `a sender under whose address nothing can be sent is refused`(sender: String) throws {
        try DemoDirectory.with { directory in
            let code = Tributary.application.run(
                ["up", "--check-config", "--data", directory.path, "--mail-from", sender], environment: [:])
            #expect(code == .wrongUsage)
        }
    }
}
