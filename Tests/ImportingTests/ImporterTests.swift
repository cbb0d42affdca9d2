import Contracts
import Domain
import DomainNames
import EventLog
import Hashing
import JSON
import Synchronization
import Testing

@testable import Importing

@Suite struct ImporterTests {
    private let catalogue = TopicCatalogue(prefix: "t", partitions: 4)
    private let context = ImportContext(
        domains: RegistrableDomains(), payeeKey: PayeeKey(bytes: Array(repeating: 7, count: 32)))
    private let key = "2025-01-02T09:00:00.000Z"

    private func log() throws -> MemoryLog {
        let log = MemoryLog()
        try log.createTopics(catalogue.specifications)
        return log
    }

    private func touches(_ directory: TemporaryDirectory, days: [Int]) throws -> ImportInput {
        var text = "touch_id,account.domain,party,kind,occurred_at\n"
        for (index, day) in days.enumerated() {
            text += "T\(index),firm\(index % 5).example,direct,email,2025-01-\(day < 10 ? "0" : "")\(day)T10:00:00Z\n"
        }
        return ImportInput(kind: .touches, path: try directory.file("touches.csv", text))
    }

    private func plan(_ inputs: [ImportInput], _ directory: TemporaryDirectory, bufferBytes: Int = 1 << 20) throws
        -> ImportPlan
    {
        try ImportPlan(inputs, context: context, temporaryDirectory: directory.path, bufferBytes: bufferBytes)
    }

    private func importer(_ log: MemoryLog, _ directory: TemporaryDirectory, transaction: Int = 3) throws -> Importer {
        try Importer(
            log: log, catalogue: catalogue, identity: "import", dataDirectory: directory.path,
            transactionRecords: transaction)
    }

    @Test func `on a stream clock a day's events are written, then time goes on to the day's end`() throws {
        let directory = try TemporaryDirectory()
        let log = try log()
        let plan = try plan([try touches(directory, days: [3, 1, 1, 2, 3, 3])], directory)
        var ticks: [String] = []
        let importer = try importer(log, directory)
        let report = try importer.run(
            plan,
            clock: ImportClock(kind: .stream) { time in
                ticks.append("\(time.date) after \(log.records(of: "t.approval.v1").count)")
            })
        #expect(ticks == ["2025-01-02 after 2", "2025-01-03 after 3", "2025-01-04 after 6"])
        #expect(report.committed == 6 && report.alreadyCommitted == 0)
        let records = log.records(of: "t.approval.v1")
        #expect(
            records.allSatisfy { record in
                guard let key = record.key else { return false }
                return record.partition == Partitioner.partition(of: key, count: 4)
                    && record.headerText(HeaderName.source) == "/import/touches"
                    && record.headerText(HeaderName.type) == TouchRecorded.type
                    && record.headerText(HeaderName.key) == String(decoding: key, as: UTF8.self)
            })
        #expect(Set(records.compactMap { $0.headerText(HeaderName.id) }).count == 6)
    }

    @Test func `a broken-off import goes on where it ended, and a finished one writes nothing again`() throws {
        let directory = try TemporaryDirectory()
        let log = try log()
        let input = try touches(directory, days: [1, 2, 3, 4, 5])
        log.content.withLock { $0.failsAfter = 2 }
        #expect(throws: LogError.self) {
            _ = try importer(log, directory).run(
                try plan([input], directory), clock: ImportClock(kind: .stream) { _ in })
        }
        #expect(log.records(of: "t.approval.v1").count == 2)
        log.content.withLock { $0.failsAfter = .max }
        var ticks: [CalendarDate] = []
        let report = try importer(log, directory).run(
            try plan([input], directory), clock: ImportClock(kind: .stream) { ticks.append($0.date) })
        #expect(report.committed == 3 && report.alreadyCommitted == 2)
        #expect(ticks.map(\.description) == ["2025-01-04", "2025-01-05", "2025-01-06"])
        #expect(log.records(of: "t.approval.v1").count == 5)
        let again = try importer(log, directory).run(
            try plan([input], directory), clock: ImportClock(kind: .stream) { _ in Issue.record("nothing to settle") })
        #expect(again.committed == 0 && again.alreadyCommitted == 5)
        #expect(log.records(of: "t.approval.v1").count == 5)
    }

    @Test func `without its journal an import sends the same events, byte by byte`() throws {
        let directory = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        let log = try log()
        let input = try touches(directory, days: [1, 2])
        for data in [directory, other] {
            _ = try importer(log, data).run(try plan([input], directory), clock: ImportClock(kind: .wall) { _ in })
        }
        let records = log.records(of: "t.approval.v1")
        let distinct = Set(records.map { [$0.key, $0.value] + $0.headers.map(\.value) })
        #expect(records.count == 4 && distinct.count == 2)
    }

    @Test func `a journal of another log counts for nothing`() throws {
        let directory = try TemporaryDirectory()
        let input = try touches(directory, days: [1])
        let people = ImportInput(
            kind: .people,
            path: try directory.file(
                "people.csv",
                "person_id,person.name,person.email,roles,effective_at\npsn_a,A,a@b.example,sales,\(key)\n"))
        for _ in 0..<2 {
            let log = try log()
            let report = try importer(log, directory).run(
                try plan([people, input], directory), clock: ImportClock(kind: .wall) { _ in })
            #expect(report.committed == 2)
        }
    }

    @Test func `time never goes back, and a late import still lets the workers take up its events`() throws {
        let directory = try TemporaryDirectory()
        let log = try log()
        let now = try #require(Timestamp(rfc3339: "2025-06-01T00:00:00Z"))
        var ticks: [Timestamp] = []
        _ = try importer(log, directory).run(
            try plan([try touches(directory, days: [1, 2])], directory),
            clock: ImportClock(kind: .stream, at: now) { ticks.append($0) }, until: now + .days(1))
        #expect(ticks == [now, now + .days(1)])
    }

    @Test func `register entries come first, whole in their own topic and once in every reader's partition`() throws {
        let directory = try TemporaryDirectory()
        let log = try log()
        let payees = try directory.file(
            "payees.csv",
            "partner_id,payee.name,payee.iban,effective_at\nptr_1,Firm,DE02 1203 0000 0000 2020 51,\(key)\n"
                + "ptr_2,Other,de02120300000000202051,\(key)\n")
        let partners = try directory.file(
            "partners.csv",
            "partner_id,name,domain,types,currency,contact.name,contact.email,accepted_terms,effective_at\n"
                + "ptr_1,Firm,firm.example,agency;reseller,EUR,Jo,jo@firm.example,trm_agency/2,\(key)\n")
        let rates = try directory.file("fx.csv", "from,to,date,rate\nUSD,EUR,2025-01-02,0.92\n")
        let plan = try plan(
            [
                try touches(directory, days: [2]), ImportInput(kind: .payees, path: payees),
                ImportInput(kind: .partners, path: partners), ImportInput(kind: .fx, path: rates),
            ], directory)
        #expect(plan.total.broken == 0)
        let batch = try #require(try plan.next())
        #expect(
            batch.events.map { $0.type.split(separator: ".").dropFirst(2).joined(separator: ".") } == [
                "fx.published.v1", "payee.updated.v1", "payee.updated.v1", "partner.updated.v1", "terms.accepted.v1",
                "touch.recorded.v1",
            ])
        _ = try importer(log, directory).run(
            try self.plan(
                [ImportInput(kind: .payees, path: payees), ImportInput(kind: .partners, path: partners)], directory),
            clock: ImportClock(kind: .wall) { _ in })
        let whole = log.records(of: "t.program.v1")
        #expect(
            whole.compactMap(\.key).map { String(decoding: $0, as: UTF8.self) }.sorted()
                == ["ptr_1/1", "ptr_1/payee/1", "ptr_1/trm_agency/2", "ptr_2/payee/1"])
        let payee = try JSONDocument.decode(PayeeUpdated.self, from: try #require(whole.first?.value))
        #expect(payee.account?.iban == "DE02 1203 0000 0000 2020 51")
        for topic in ["t.referral.v1", "t.approval.v1", "t.payout.v1"] {
            let copies = log.records(of: topic)
            #expect(copies.count == 4 * 4)
            #expect(copies.allSatisfy { $0.headerText(HeaderName.broadcast) == "1" })
            #expect(
                copies.allSatisfy { !String(decoding: $0.value ?? [], as: UTF8.self).contains("2020") },
                "no account leaves the register's own topic")
        }
        let fingerprints = try log.records(of: "t.payout.v1")
            .filter { $0.headerText(HeaderName.type) == PayeeUpdated.type }
            .map { try JSONDocument.decode(PayeeUpdated.self, from: $0.value ?? []).payee.fingerprint }
        #expect(Set(fingerprints.map(\.account)).count == 1, "one account is one, however it is written")
        #expect(Set(fingerprints.map(\.details)).count == 2, "and its holders are two")
    }

    @Test func `a fingerprint tells the account from what is paid to it`() {
        let key = PayeeKey(bytes: Array(repeating: 7, count: 32))
        func fingerprint(_ account: PayeeAccount) -> AccountFingerprint {
            AccountFingerprint(key.fingerprint(of: account))
        }
        let known = PayeeAccount(name: "Firm", iban: "DE02", bic: "BYLADEM1001")
        let one = fingerprint(known)
        #expect(one.account.count == 64 && one.details?.count == 64)
        #expect(fingerprint(known) == one)
        let changes: [(inout PayeeAccount) -> Void] = [
            { $0.name = "Firm AG" }, { $0.bic = "COBADEFF" }, { $0.bic = nil }, { $0.iban = "de 02" },
        ]
        for change in changes {
            var other = known
            change(&other)
            #expect(fingerprint(other).account == one.account)
            #expect(fingerprint(other).details != one.details)
        }
        var other = known
        other.iban = "DE03"
        #expect(fingerprint(other).account != one.account)
    }

    /// The number alone, as it was hashed before the rest was: entries of then are known by it.
    @Test func `the account's part is what the whole fingerprint was`() {
        let key = Array(repeating: UInt8(7), count: 32)
        let account = PayeeAccount(name: "Firm", iban: "de02 1203", bic: nil)
        #expect(
            AccountFingerprint(PayeeKey(bytes: key).fingerprint(of: account)).account
                == Hashing.hmacSHA256(key: key, message: Array("DE021203".utf8)).hex)
    }

    @Test func `a payee's row is another event than when its number alone was told`() throws {
        let directory = try TemporaryDirectory()
        let payees = try directory.file(
            "payees.csv", "event_id,partner_id,payee.name,payee.iban,effective_at\n1,ptr_1,Firm,DE02,\(key)\n")
        let plan = try plan([ImportInput(kind: .payees, path: payees)], directory)
        #expect(try plan.next()?.events.map(\.id) == ["1#details"])
    }

    @Test func `a payee's row without an account, or with an IBAN that is none, is broken`() throws {
        let directory = try TemporaryDirectory()
        let payees = try directory.file(
            "payees.csv",
            "partner_id,payee.name,payee.iban,effective_at\nptr_1,,,\(key)\nptr_2,Firm,,\(key)\n"
                + "ptr_3,Firm,DE02120300000000202015,\(key)\nptr_4,Firm,DE02120300000000202051,\(key)\n")
        let plan = try plan([ImportInput(kind: .payees, path: payees)], directory)
        #expect(plan.total.broken == 3)
        #expect(try plan.next()?.events.count == 1)
    }

    @Test func `a writer of entries repeats itself under the same id`() throws {
        let log = try log()
        let writer = RegisterWriter(
            log: log, catalogue: catalogue, identity: "cli", payeeKey: PayeeKey(bytes: [1, 2, 3]))
        let time = try #require(Timestamp(rfc3339: key))
        let rate = FXRate(
            from: try #require(Currency(code: "USD")), to: try #require(Currency(code: "EUR")), date: time.date,
            rate: "0.92", source: "bank")
        for _ in 0..<2 {
            try writer.write([FXPublished(rate: rate, occurredAt: time)], source: "/cli", commandID: "c1")
        }
        let records = log.records(of: "t.program.v1")
        #expect(records.count == 2)
        #expect(Set(records.compactMap { $0.headerText(HeaderName.id) }) == ["fx/USD/EUR/2025-01-02"])
        #expect(records.allSatisfy { $0.headerText(HeaderName.commandID) == "c1" })
    }

    @Test func `the key for fingerprints is made once and only its owner may read it`() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/payee.key"
        let account = PayeeAccount(name: "A", iban: "DE02", bic: nil)
        let first = try PayeeKey(file: path).fingerprint(of: account)
        #expect(try PayeeKey(file: path).fingerprint(of: account) == first)
        #expect(try PayeeKey(file: "\(directory.path)/other.key").fingerprint(of: account) != first)
        #expect(try mode(of: path) == 0o600)
        let broken = try directory.file("short.key", "abc")
        #expect(throws: InputError.self) { _ = try PayeeKey(file: broken) }
    }
}
