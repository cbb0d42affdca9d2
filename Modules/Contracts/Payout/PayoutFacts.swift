package import Domain
package import JSON

/// A commission, reversal or clawback changed: its whole current image, and why.
package struct CommissionFact: Fact, Hashable {
    package static let type = "io.tributary.commission.changed.v1"

    /// `accrued`, `waiting`, `recorded`, `hold_moved`, `eligible`, `blocked`, `released`, `reversed`, `clawed_back`,
    /// `allocated`, `freed`, `paid`, `netted`, `repaid`, `write_off_proposed`, `written_off`.
    package var change: String
    package var commission: Commission
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { commission.id.text }

    package init(change: String, commission: Commission, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.commission = commission
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        commission = reader.object("commission", Commission.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("commission", commission)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A block was placed or released.
package struct BlockFact: Fact, Hashable {
    package static let type = "io.tributary.block.changed.v1"

    /// `placed` or `released`.
    package var change: String
    package var block: Block
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { block.id }

    package init(change: String, block: Block, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.block = block
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        block = reader.object("block", Block.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("block", block)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A payout changed: its whole current image with its frozen lines, and why.
package struct PayoutFact: Fact, Hashable {
    package static let type = "io.tributary.payout.changed.v1"

    /// `planned`, `approved`, `submitted`, `confirmed`, `failed`, `returned`, `disputed`, `cancelled`, `settled`, `result_repeated`.
    package var change: String
    package var payout: Payout
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { payout.id.text }

    package init(change: String, payout: Payout, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.payout = payout
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        payout = reader.object("payout", Payout.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("payout", payout)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// One partition's part of a payout run changed.
package struct PayoutRunPartFact: Fact, Hashable {
    package static let type = "io.tributary.payout.run_part_changed.v1"

    /// `planned`, `approved`, `submitted`.
    package var change: String
    package var runPart: PayoutRun
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { "\(runPart.id)/\(runPart.partition)" }

    package init(change: String, runPart: PayoutRun, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.runPart = runPart
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        runPart = reader.object("run_part", PayoutRun.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("run_part", runPart)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A statement was issued; it never changes.
package struct StatementFact: Fact, Hashable {
    package static let type = "io.tributary.statement.issued.v1"

    /// Always `issued`.
    package var change: String
    package var statement: Statement
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { statement.id.text }

    package init(change: String, statement: Statement, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.statement = statement
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        statement = reader.object("statement", Statement.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("statement", statement)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}
