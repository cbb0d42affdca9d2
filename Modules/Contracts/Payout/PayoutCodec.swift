package import Domain
package import JSON

extension Payout.Line: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            commission: reader.value("commission_id", as: CommissionID.self), amount: reader.integer("amount"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("commission_id", commission)
        writer.integer("amount", amount)
    }
}

extension Payout: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let id = reader.value("payout_id", as: PayoutID.self)
        let state = reader.enumeration("state", State.self)
        let plannedAt = reader.value("planned_at", as: Timestamp.self)
        let run = PayoutRun(
            id: reader.value("run_id", as: PayoutRunID.self), cutOff: plannedAt,
            rail: reader.enumeration("rail", PayoutRules.Rail.self),
            executionDate: reader.value("execution_date", as: CalendarDate.self),
            requestedBy: reader.value("planned_by", as: Actor.self), requestedAt: plannedAt, partition: 0)
        self.init(
            id: id, run: run, partner: reader.value("partner_id", as: PartnerID.self),
            currency: reader.value("currency", as: Currency.self), lines: reader.objects("lines", Line.self),
            clawbacks: reader.objects("clawbacks", Line.self), gross: reader.integer("gross"),
            net: reader.integer("net"), payeeVersion: reader.integer("payee_version"),
            accountFingerprint: reader.optionalString("account_fingerprint"), plannedAt: plannedAt)
        self.state = state
        approvedAt = reader.optionalValue("approved_at", as: Timestamp.self)
        approvedBy = reader.optionalValue("approved_by", as: Actor.self)
        submittedAt = reader.optionalValue("submitted_at", as: Timestamp.self)
        fileSHA256 = reader.optionalString("file_sha256")
        settledAt = reader.optionalValue("settled_at", as: Timestamp.self)
        valueDate = reader.optionalValue("value_date", as: CalendarDate.self)
        reason = reader.optionalString("reason")
        disputedFrom = reader.optionalEnumeration("disputed_from", State.self)
        repeatedResults = reader.integer("repeated_results")
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("payout_id", id)
        writer.enumeration("state", state)
        writer.value("planned_at", plannedAt)
        writer.value("run_id", run)
        writer.enumeration("rail", rail)
        writer.value("execution_date", executionDate)
        writer.value("planned_by", plannedBy)
        writer.value("partner_id", partner)
        writer.value("currency", currency)
        writer.objects("lines", lines)
        writer.objects("clawbacks", clawbacks)
        writer.integer("gross", gross)
        writer.integer("net", net)
        writer.integer("payee_version", payeeVersion)
        writer.string("account_fingerprint", accountFingerprint)
        writer.value("approved_at", approvedAt)
        writer.value("approved_by", approvedBy)
        writer.value("submitted_at", submittedAt)
        writer.string("file_sha256", fileSHA256)
        writer.value("settled_at", settledAt)
        writer.value("value_date", valueDate)
        writer.string("reason", reason)
        writer.enumeration("disputed_from", disputedFrom)
        writer.integer("repeated_results", repeatedResults)
    }
}

extension PayoutRun.Debtor: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(name: reader.string("name"), account: reader.string("account"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("account", account)
    }
}

extension PayoutRun: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let id = reader.value("run_id", as: PayoutRunID.self)
        let state = reader.enumeration("state", State.self)
        self.init(
            id: id, cutOff: reader.value("cut_off", as: Timestamp.self),
            rail: reader.enumeration("rail", PayoutRules.Rail.self),
            executionDate: reader.value("execution_date", as: CalendarDate.self),
            requestedBy: reader.value("requested_by", as: Actor.self),
            requestedAt: reader.value("requested_at", as: Timestamp.self), partition: reader.integer("partition"))
        self.state = state
        debtor = reader.optionalObject("debtor", Debtor.self)
        count = reader.integer("count")
        totals = reader.amounts("totals")
        sha256 = reader.string("sha256")
        rolledOver = reader.objects("rolled_over", RolledOver.self)
        approvedBy = reader.optionalValue("approved_by", as: Actor.self)
        approvedAt = reader.optionalValue("approved_at", as: Timestamp.self)
        fileSHA256 = reader.optionalString("file_sha256")
        fileParts = reader.strings("file_parts")
        submittedAt = reader.optionalValue("submitted_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("run_id", id)
        writer.enumeration("state", state)
        writer.value("cut_off", cutOff)
        writer.enumeration("rail", rail)
        writer.value("execution_date", executionDate)
        writer.value("requested_by", requestedBy)
        writer.value("requested_at", requestedAt)
        writer.integer("partition", partition)
        writer.object("debtor", debtor)
        writer.integer("count", count)
        writer.amounts("totals", totals)
        writer.string("sha256", sha256)
        writer.objects("rolled_over", rolledOver)
        writer.value("approved_by", approvedBy)
        writer.value("approved_at", approvedAt)
        writer.string("file_sha256", fileSHA256)
        writer.strings("file_parts", fileParts)
        writer.value("submitted_at", submittedAt)
    }
}

extension RolledOver: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partner: reader.value("partner_id", as: PartnerID.self), amount: reader.object("amount", Money.self),
            reason: reader.enumeration("reason", Reason.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.object("amount", amount)
        writer.enumeration("reason", reason)
    }
}
