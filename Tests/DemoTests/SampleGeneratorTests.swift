import Contracts
import Domain
import DomainNames
import Foundation
import Importing
import JSON
import Testing

@testable import Demo

/// The repository's root, for what it ships.
let repositoryRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

@Suite struct SampleGeneratorTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }

    private func partners(_ directory: String) throws -> [Partner] {
        try RegisterFile.partners(in: "\(repositoryRoot)/Examples/partners.csv", temporaryDirectory: directory)
    }

    /// Everything that the files hold, as an import reads them.
    private func read(
        _ inputs: [(kind: ImportKind, file: String)], in directory: String
    ) throws -> (events: [OutgoingEvent], counts: ImportCounts) {
        let plan = try ImportPlan(
            inputs.map { ImportInput(kind: $0.kind, path: "\(directory)/\($0.file)") },
            context: ImportContext(domains: RegistrableDomains()), temporaryDirectory: directory)
        var events: [OutgoingEvent] = []
        while let batch = try plan.next() { events += batch.events }
        return (events, plan.total)
    }

    @Test func `the whole sample has the numbers that it promises`() throws {
        try withDirectory { directory in
            let summary = try SampleGenerator(partners: try partners(directory)).write(to: directory)
            let (events, counts) = try read(SampleGenerator.inputs, in: directory)
            #expect(counts.broken == summary.brokenLines)
            #expect(summary.brokenLines >= 20)
            #expect(counts.skippedTotal == 0)
            let referrals = events.filter { $0.type == ReferralSubmitted.type }
            #expect(referrals.count >= 20_000)
            let repeated = referrals.count - Set(referrals.map(\.id)).count
            #expect(repeated == summary.repeatedEvents)
            #expect(abs(repeated - referrals.count * 3 / 100) <= 30)
            let bodies = Dictionary(grouping: referrals, by: \.id).values.map { Set($0.map(\.payload)).count }
            #expect(bodies.allSatisfy { $0 == 1 }, "a repeated event has the same body")
            #expect(summary.rows[SampleGenerator.opportunitiesCSV] == 3_000)
            #expect(abs(summary.invalidReferrals - referrals.count / 100) <= 10)
            var claimants: [String: Set<PartnerID>] = [:]
            var submitters: Set<PartnerID> = []
            for referral in referrals {
                let data = try JSONDocument.decode(ReferralSubmitted.self, from: referral.payload).submission
                submitters.insert(data.partner)
                if data.registration != nil { claimants[referral.key, default: []].insert(data.partner) }
            }
            #expect(submitters.count == 41, "40 partners, and one that does not exist")
            let contested = claimants.filter { $0.value.count > 1 }.count * 2
            #expect(abs(contested - referrals.count * 5 / 100) <= 60)
            let times = events.map(\.occurredAt)
            #expect(try #require(times.min()) >= Timestamp(rfc3339: "2025-01-01T00:00:00Z") ?? .distantFuture)
            #expect(times == times.sorted())
        }
    }

    @Test func `the same seed gives the same bytes, another seed others`() throws {
        try withDirectory { directory in
            let partners = try partners(directory)
            var texts: [[Data]] = []
            for seed: UInt64 in [1, 1, 2] {
                _ = try SampleGenerator(seed: seed, size: .small, partners: partners).write(to: directory)
                texts.append(
                    try SampleGenerator.inputs.map {
                        try Data(contentsOf: URL(filePath: "\(directory)/\($0.file)"))
                    })
            }
            #expect(texts[0] == texts[1])
            #expect(texts[0] != texts[2])
        }
    }

    @Test func `some deals of the sample name a play of the example programme`() throws {
        try withDirectory { directory in
            _ = try SampleGenerator(size: .small, partners: try partners(directory)).write(to: directory)
            let deals = try read(SampleGenerator.inputs, in: directory).events
                .filter { $0.type == OpportunityUpdated.type }
                .map { try JSONDocument.decode(OpportunityUpdated.self, from: $0.payload) }
            let plays = Set(deals.compactMap(\.play))
            let programme = try String(contentsOfFile: "\(repositoryRoot)/Examples/program.yaml", encoding: .utf8)
            #expect(!plays.isEmpty && plays.allSatisfy { programme.contains("  - play_id: \($0)\n") })
            #expect(deals.contains { $0.play == nil })
        }
    }

    @Test func `a small sample tells every story`() throws {
        try withDirectory { directory in
            let summary = try SampleGenerator(size: .small, partners: try partners(directory)).write(to: directory)
            for scenario in SampleScenario.allCases { #expect((summary.scenarios[scenario] ?? 0) > 0, "\(scenario)") }
            let late = try read([(.decisions, SampleGenerator.lateDecisionsJSON)], in: directory)
            #expect(late.events.count == SampleSize.small.lateReversals && late.counts.broken == 0)
            let types = Set(try read(SampleGenerator.inputs, in: directory).events.map(\.type))
            #expect(types.contains(BlockPlaced.type) && types.contains(RevenueReversed.type))
            #expect(types.contains(TermsAccepted.type) && types.contains(PartnerUpdated.type))
        }
    }
}
