import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import Testing
import WorkerService

@testable import Commands

private let moment = Timestamp(rfc3339: "2024-03-01T00:00:00Z")!
private let partner = PartnerID("ptr_001")!

private func entry(
    _ account: String, iban: String, holder: String = "Nordlicht", bic: String? = nil, version: Int64 = 1
) -> PayeeUpdated {
    PayeeUpdated(
        payee: Payee(
            partner: partner, version: version, isVerified: true, accountFingerprint: account, effectiveAt: moment),
        account: PayeeAccount(name: holder, iban: iban, bic: bic), occurredAt: moment)
}

private func part(_ partition: Int64, file: String? = nil, isApproved: Bool = true) -> PayoutRun {
    var run = PayoutRun(
        id: PayoutRunID("run_1")!, cutOff: moment, rail: .csv, executionDate: moment.date,
        requestedBy: .person(PersonID("psn_ines")!), requestedAt: moment, partition: partition)
    run.debtor = PayoutRun.Debtor(name: "Acme GmbH", account: "DE00")
    run.fileSHA256 = file
    if isApproved { run.approvedAt = moment + .hours(Int(partition)) }
    return run
}

private func payout(_ account: String?, state: Payout.State = .approved) -> Payout {
    var payout = Payout(
        id: PayoutID("pay_1")!, run: part(0), partner: partner, currency: Currency(code: "EUR")!, lines: [],
        clawbacks: [], gross: 100, net: 100, payeeVersion: 1, accountFingerprint: account, plannedAt: moment)
    payout.state = state
    return payout
}

private func view(_ parts: [PayoutRun], _ payouts: [Payout] = []) -> PayoutRunView {
    PayoutRunView(id: PayoutRunID("run_1")!, parts: parts, payouts: payouts)
}

/// Which account a payout gets, whatever the register's topic has under its payee's version.
@Suite struct PayoutAccountTests {
    private let approved = entry("one", iban: "DE01")
    private let refused = entry("two", iban: "DE02")

    @Test func `a payout gets the account that it names, wherever it stands`() throws {
        for history in [[approved], [approved, refused], [refused, approved], [approved, refused, approved]] {
            #expect(try PayoutAccounts(history).account(of: payout("one")).iban == "DE01")
        }
    }

    @Test func `where only another account is left, none is paid`() {
        let later = entry("one", iban: "DE01", version: 2)
        for history in [[refused], [refused, later], [later], []] {
            #expect(throws: CommandFailure.self) { try PayoutAccounts(history).account(of: payout("one")) }
        }
        let failure = #expect(throws: CommandFailure.self) {
            try PayoutAccounts([refused]).account(of: payout("one"))
        }
        let text = failure?.description ?? ""
        #expect(text.contains("version 1 of the payee of ptr_001"))
        #expect(!text.contains("DE02"))
    }

    @Test func `a payout that names none gets the only one there ever was`() throws {
        #expect(try PayoutAccounts([approved, approved]).account(of: payout(nil)).iban == "DE01")
        let again = entry("one.details", iban: "DE01")
        #expect(try PayoutAccounts([approved, again]).account(of: payout(nil)).iban == "DE01")
        #expect(throws: CommandFailure.self) {
            try PayoutAccounts([approved, refused]).account(of: payout(nil))
        }
    }

    @Test func `a payout that names holder and bank gets no other, wherever they stand`() throws {
        let right = entry("one.right", iban: "DE01", bic: "BYLADEM1001")
        let others = [
            entry("one.holder", iban: "DE01", holder: "Somebody", bic: "BYLADEM1001"),
            entry("one.bank", iban: "DE01", bic: "COBADEFF"), entry("one", iban: "DE01", holder: "Before"),
        ]
        for other in others {
            for history in [[right, other], [other, right], [other, right, other]] {
                let account = try PayoutAccounts(history).account(of: payout("one.right"))
                #expect(account.name == "Nordlicht" && account.bic == "BYLADEM1001")
            }
            // What compaction leaves where the other came last.
            let failure = #expect(throws: CommandFailure.self) {
                try PayoutAccounts([other]).account(of: payout("one.right"))
            }
            #expect(failure?.description.contains("Import the approved account again") == true)
        }
    }

    @Test func `a payout that was approved by the number alone is paid to it, by whatever entry is left`() throws {
        let again = entry("one.details", iban: "DE01")
        for history in [[approved], [approved, again], [again]] {
            #expect(try PayoutAccounts(history).account(of: payout("one")).iban == "DE01")
        }
        let other = entry("two.details", iban: "DE02")
        #expect(throws: CommandFailure.self) { try PayoutAccounts([other]).account(of: payout("one")) }
    }
}

/// When a run's file is made, and of what.
@Suite struct PayoutRunViewTests {
    @Test func `a file needs every part, approved`() throws {
        try view([part(0), part(1, file: "f")]).requireApproved(partitions: 2)
        for parts in [[part(0)], [part(0), part(2)], [part(0), part(1, isApproved: false)]] {
            #expect(throws: CommandFailure.self) { try view(parts).requireApproved(partitions: 2) }
        }
    }

    @Test func `a file is taken when every part has it`() {
        #expect(view([part(0, file: "f"), part(1, file: "f")]).hasTaken("f"))
        #expect(view([part(0, file: "f"), part(1, file: "f")]).takenFile == "f")
        for other in [nil, "g"] {
            #expect(!view([part(0, file: "f"), part(1, file: other)]).hasTaken("f"))
            #expect(view([part(0, file: "f"), part(1, file: other)]).takenFile == nil)
        }
    }

    @Test(arguments: [Payout.State.failed, .returned, .disputed])
    func `no new file is made where money was freed`(state: Payout.State) throws {
        #expect(throws: CommandFailure.self) { try view([part(0)], [payout("one", state: state)]).requireUnsettled() }
        for state in [Payout.State.approved, .submitted, .cancelled] {
            try view([part(0)], [payout("one", state: state)]).requireUnsettled()
        }
    }

    @Test func `what was taken back is not in the file, and not in what it says of its part`() throws {
        let accounts = PayoutAccounts([entry("one", iban: "DE01")])
        let whole = view([part(0), part(1)], [payout("one")])
        let file = try whole.file(accounts: accounts, programs: [])
        #expect(file.transfers.map(\.creditorAccount) == ["DE01"])
        #expect(file.debtorAccount == "DE00")
        #expect(file.createdAt == moment + .hours(1))
        let less = view([part(0), part(1)], [payout("one", state: .cancelled)])
        #expect(try less.file(accounts: accounts, programs: []).transfers.isEmpty)
        let place = Int(Partitioner.partition(of: partner.text, count: 2))
        #expect(whole.paidHashes()[place] != less.paidHashes()[place])
        #expect(whole.paidHashes()[1 - place] == less.paidHashes()[1 - place])
    }

    @Test func `parts that name two debtors make no file`() {
        var other = part(1)
        other.debtor = PayoutRun.Debtor(name: "Acme GmbH", account: "DE99")
        #expect(throws: CommandFailure.self) {
            try view([part(0), other]).file(accounts: PayoutAccounts([]), programs: [])
        }
    }
}

/// The file of a run, made through the workers of an embedded log.
@Suite(.serialized, .timeLimit(.minutes(10))) struct PayoutExportTests {
    private let planner = Actor.person(PersonID("psn_ines")!)
    private let approver = Actor.person(PersonID("psn_kenji")!)
    private let run = PayoutRunID("run_test")!
    /// As Examples/payees.csv has it.
    private static let account = "DE18131470100029641575"

    /// An installation with the register of the examples, one won deal of `ptr_001`, and a run that pays it, approved.
    private func withApprovedRun(_ body: (Installation, String) throws -> Void) throws {
        try DemoDirectory.with { directory in
            let (data, examples) = ("\(directory.path)/data", "\(repositoryRoot)/Examples")
            try #require(ImportSample.prepare(data))
            let register = [
                "import", "--partners", "\(examples)/partners.csv", "--people", "\(examples)/people.csv", "--payees",
                "\(examples)/payees.csv", "--yes", "--mail", "null", "--data", data,
            ]
            try #require(Tributary.run(register, environment: [:]) == 0)
            let installation = try Installation(
                try directory.options("data"), runsWorkers: true, mail: MailOptions(sink: .null))
            defer { installation.close() }
            try win(in: installation)
            let cycle = PayoutCycle(installation: installation)
            let now = try installation.commandTime()
            let planned = try cycle.plan(run, cutOff: now, executionDate: now.date + 2, actor: planner, reason: nil)
            try #require(planned.refusal == nil)
            let approved = try cycle.approve(try view(installation), actor: approver, reason: nil)
            try #require(approved.refusal == nil)
            try #require(try view(installation).paid.map(\.partner) == [partner])
            try body(installation, directory.path)
        }
    }

    /// A deal whose hold is over.
    private func win(in installation: Installation) throws {
        let time = try installation.commandTime()
        let euro = Currency(code: "EUR")!
        let value = Money(minor: 4_800_000, currency: euro)
        let credit = CommissionTrigger(
            partner: partner, partnerType: .agency,
            account: AccountReference(key: AccountKey(unchecked: "acme.example"), name: "Acme"),
            productLine: "platform", opportunity: OpportunityID("opp_1")!, referral: nil, trigger: .closedWon,
            revision: 1, attribution: AttributionID("atr_1")!, registration: RegistrationID("reg_1")!,
            creditClass: .sourced, share: .whole, firstYear: value,
            total: value, stage: .beforeContact, duties: [], settlement: .payout, tier: .silver, kind: .new,
            terms: TermsReference(id: TermsID("trm_agency")!, version: 1), programVersion: 1,
            registeredAt: time - .days(30),
            closedAt: time)
        let topic = installation.options.catalogue.name(of: .payout)
        let count = try installation.log.partitionCount(of: topic)
        let envelope = EventEnvelope(
            id: "won-1", source: "/test", type: CommissionTriggered.type, time: time, key: partner.text)
        try installation.append([
            CloudEventCodec.encode(
                envelope, data: JSONEncoding.encode(CommissionTriggered(credit, occurredAt: time)), topic: topic,
                partition: Partitioner.partition(of: partner.text, count: count))
        ])
        try installation.clock.tick(to: time + .days(60), timeout: .seconds(60))
    }

    private func view(_ installation: Installation) throws -> PayoutRunView {
        try installation.withReadModel { try PayoutRunView(run, model: $0) }
    }

    private func export(_ view: PayoutRunView, _ installation: Installation, to path: String) throws -> String? {
        try PayoutCycle(installation: installation).export(view, to: path, actor: planner, reason: nil)
    }

    @Test func `another account under the payee's version is refused, and gets no money`() throws {
        try withApprovedRun { installation, directory in
            let time = try installation.commandTime()
            let other = PayeeUpdated(
                payee: Payee(
                    partner: partner, version: 1, isVerified: true, accountFingerprint: "-", effectiveAt: time),
                account: PayeeAccount(name: "Nordlicht", iban: "DE02500105170137075030", bic: nil), occurredAt: time)
            let outcome = try CommandSender(installation: installation).register([other])
            #expect(outcome.refusal != nil)
            let known = try RegisterReader(installation).entries(PayeeUpdated.self).filter {
                $0.payee.partner == partner
            }
            #expect(known.map(\.account?.iban) == [Self.account])

            let before = try view(installation)
            #expect(try export(before, installation, to: "\(directory)/first.csv") == nil)
            let first = try Data(contentsOf: URL(filePath: "\(directory)/first.csv"))
            let text = String(decoding: first, as: UTF8.self)
            #expect(text.contains(Self.account))
            #expect(!text.contains("DE02500105170137075030"))
            // Once more, from what was known before and from what is known now.
            for known in [before, try view(installation)] {
                #expect(try export(known, installation, to: "\(directory)/again.csv") == nil)
                #expect(try Data(contentsOf: URL(filePath: "\(directory)/again.csv")) == first)
            }
        }
    }

    @Test func `another holder or bank under the payee's version is refused, and stands in no file`() throws {
        try withApprovedRun { installation, directory in
            let known = try #require(
                try RegisterReader(installation).entries(PayeeUpdated.self).first { $0.payee.partner == partner })
            #expect(known.payee.fingerprint.details != nil)
            #expect(try view(installation).paid.map(\.accountFingerprint) == [known.payee.accountFingerprint])
            var other = known
            other.account = PayeeAccount(name: "Somebody", iban: Self.account, bic: "COBADEFF")
            other.occurredAt = try installation.commandTime()
            let outcome = try CommandSender(installation: installation).register([other])
            #expect(outcome.refusal?.contains("with other content") == true)
            #expect(try export(view(installation), installation, to: "\(directory)/run.csv") == nil)
            let text = String(decoding: try Data(contentsOf: URL(filePath: "\(directory)/run.csv")), as: UTF8.self)
            #expect(text.contains(Self.account))
            #expect(!text.contains("Somebody") && !text.contains("COBADEFF"))
        }
    }

    @Test func `the file is its owner's alone, also where another one was in the way`() throws {
        try DemoDirectory.with { directory in
            let path = "\(directory.path)/run.csv"
            try Data("old".utf8).write(to: URL(filePath: path))
            try Data("half".utf8).write(to: URL(filePath: path + ".part"))
            try BankFile.write(Array("new".utf8), to: path)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("new".utf8))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(!FileManager.default.fileExists(atPath: path + ".part"))
            #expect(throws: CommandFailure.self) { try BankFile.write([], to: "\(directory.path)/none/run.csv") }
        }
    }

    @Test func `a file that does not pay what is approved is not written, and the next one is`() throws {
        try withApprovedRun { installation, directory in
            let path = "\(directory)/run.csv"
            let whole = try view(installation)
            let less = PayoutRunView(id: run, parts: whole.parts, payouts: [])
            let refusal = try #require(try export(less, installation, to: path))
            #expect(refusal.contains("export again"))
            #expect(!FileManager.default.fileExists(atPath: path))
            let between = try view(installation)
            #expect(between.takenFile == nil)
            #expect(between.paid.map(\.state) == [.approved])
            #expect(try export(between, installation, to: path) == nil)
            let after = try view(installation)
            #expect(after.takenFile != nil)
            #expect(after.paid.map(\.state) == [.submitted])
            #expect(after.paid.map(\.fileSHA256) == [after.takenFile])
        }
    }
}
