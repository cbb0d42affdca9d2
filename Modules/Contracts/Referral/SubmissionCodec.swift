package import Domain
package import JSON

extension ReferralSubmission: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partner: reader.value("partner_id", as: PartnerID.self),
            account: reader.object("account", ProspectAccount.self),
            contact: reader.object("contact", ProspectContact.self), need: reader.optionalString("need"),
            intent: reader.optionalEnumeration("intent", StatedIntent.self),
            deal: reader.object("deal", ProspectDeal.self),
            registration: reader.optionalObject("registration", RegistrationRequest.self),
            channel: reader.optionalObject("channel", ReferralChannel.self), consent: reader.boolean("consent"),
            submittedBy: reader.optionalString("submitted_by"),
            occurredAt: reader.value("occurred_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.object("account", account)
        writer.object("contact", contact)
        writer.string("need", need)
        writer.enumeration("intent", intent)
        writer.object("deal", deal)
        writer.object("registration", registration)
        writer.object("channel", channel)
        writer.boolean("consent", consent)
        writer.string("submitted_by", submittedBy)
        writer.value("occurred_at", occurredAt)
    }
}

extension ProspectAccount: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            name: reader.string("name"), domain: reader.string("domain"), country: reader.optionalString("country"),
            employees: reader.optionalInteger("employees"), industry: reader.optionalString("industry"),
            annualRevenue: reader.optionalObject("annual_revenue", StatedAmount.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("domain", domain)
        writer.string("country", country)
        writer.integer("employees", employees)
        writer.string("industry", industry)
        writer.object("annual_revenue", annualRevenue)
    }
}

extension ProspectContact: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            name: reader.optionalString("name"), email: reader.string("email"), title: reader.optionalString("title"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("email", email)
        writer.string("title", title)
    }
}

extension ProspectDeal: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            productLine: reader.string("product_line"),
            firstYearValue: reader.optionalObject("first_year_value", StatedAmount.self),
            totalValue: reader.optionalObject("total_value", StatedAmount.self),
            expectedClose: reader.optionalValue("expected_close", as: CalendarDate.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("product_line", productLine)
        writer.object("first_year_value", firstYearValue)
        writer.object("total_value", totalValue)
        writer.value("expected_close", expectedClose)
    }
}

/// `{"minor": 4800000, "currency": "EUR"}`; any text is taken for a currency here, and judged by the rules of intake.
extension StatedAmount: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(minor: reader.integer("minor"), currencyCode: reader.string("currency"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("minor", minor)
        writer.string("currency", currencyCode)
    }
}

extension RegistrationRequest: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            stage: reader.enumeration("stage", RegistrationStage.self),
            evidence: reader.objects("evidence", Evidence.self),
            opportunity: reader.optionalValue("opportunity_id", as: OpportunityID.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("stage", stage)
        writer.objects("evidence", evidence)
        writer.value("opportunity_id", opportunity)
    }
}

extension ReferralChannel: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(name: reader.optionalString("name"), reference: reader.optionalString("reference"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("reference", reference)
    }
}
