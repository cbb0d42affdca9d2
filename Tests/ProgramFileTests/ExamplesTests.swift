import Contracts
import Domain
import JSON
import ProgramFile
import Testing
import YAML

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files that a newcomer starts from.
enum Examples {
    static func text(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return String(
            decoding: try Data(contentsOf: root.appendingPathComponent(name)), as: UTF8.self)
    }

    static func program(_ text: String) throws -> ProgramFile {
        try ProgramFile(parsing: Array(text.utf8), file: "program.yaml")
    }
}

@Suite struct ExamplesTests {
    @Test func `the example programme has no problems, not even doubtful ones`() throws {
        let file = try Examples.program(Examples.text("Examples/program.yaml"))
        let currencies = ["EUR", "USD", "GBP", "JPY"].compactMap { Currency(code: $0) }
        let partners = currencies.enumerated().map { index, currency in
            Partner(
                id: PartnerID(unchecked: "ptr_00\(index)"), version: 1, name: "P", domain: "p.example",
                types: [.agency], tier: .registered, status: .active, currency: currency, locale: "en",
                contact: ContactAddress(name: "", email: ""), isTaxFormOnFile: true, vatID: nil,
                effectiveAt: file.program.effectiveFrom)
        }
        #expect(file.check(against: ProgramCheckContext(partners: partners)).map(\.description) == [])
    }

    @Test func `a published version is complete: its document read back is the same programme`() throws {
        let program = try Examples.program(Examples.text("Examples/program.yaml")).program
        #expect(try JSONDocument.decode(Program.self, from: JSONEncoding.encode(program)) == program)
    }
}
