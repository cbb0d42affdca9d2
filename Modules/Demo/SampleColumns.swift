import Domain
import JSON

// How the sample's rows are written: the default layouts of an import.

extension SampleReferral {
    static let columns = [
        "event_id", "partner_id", "account.name", "account.domain", "account.country", "account.employees",
        "account.industry", "account.annual_revenue", "contact.name", "contact.email", "contact.title", "need",
        "intent", "registration.stage", "deal.product_line", "deal.first_year_value", "deal.expected_close",
        "registration.evidence", "registration.opportunity_id", "channel.name", "consent", "occurred_at",
    ]

    private var channel: String { "Northern Marketplace" }

    var fields: [String] {
        [
            eventID, partner, accountName, domain, country, "\(employees)", industry, "\(revenue) EUR", contactName,
            email, title, need, intent, stage ?? "", productLine, value.text, expectedClose.description,
            evidence ?? "", opportunity ?? "", channel, "\(consent)", occurredAt.description,
        ]
    }

    /// The event's data, as a marketplace with an interface of its own would stream it.
    var json: String {
        var members: [(String, JSONValue)] = [
            ("event_id", .string(eventID)), ("partner_id", .string(partner)),
            (
                "account",
                .object([
                    ("name", .string(accountName)), ("domain", .string(domain)), ("country", .string(country)),
                    ("employees", .integer(Int64(employees))), ("industry", .string(industry)),
                    (
                        "annual_revenue",
                        .object([("minor", .integer(Int64(revenue) * 100)), ("currency", .string("EUR"))])
                    ),
                ])
            ),
            (
                "contact",
                .object([("name", .string(contactName)), ("email", .string(email)), ("title", .string(title))])
            ),
            ("need", .string(need)), ("intent", .string(intent)),
            (
                "deal",
                .object([
                    ("product_line", .string(productLine)),
                    (
                        "first_year_value",
                        .object([("minor", .integer(Int64(value.minor))), ("currency", .string(value.currency))])
                    ), ("expected_close", .string(expectedClose.description)),
                ])
            ),
        ]
        if let registration { members.append(("registration", registration)) }
        members.append(("channel", .object([("name", .string(channel))])))
        members.append(("consent", .bool(consent)))
        members.append(("occurred_at", .string(occurredAt.description)))
        return String(decoding: JSONValue.object(members).text, as: UTF8.self)
    }

    private var registration: JSONValue? {
        guard let stage else { return nil }
        var members: [(String, JSONValue)] = [("stage", .string(stage))]
        if let evidence {
            do throws(JSONFailure) {
                members.append(("evidence", try JSONDocument.parse(Array(evidence.utf8))))
            } catch {
                preconditionFailure("the sample's own evidence is JSON")
            }
        }
        if let opportunity { members.append(("opportunity_id", .string(opportunity))) }
        return .object(members)
    }
}

extension SampleDeal {
    static let columns = [
        "opportunity_id", "account.domain", "account.name", "product_line", "stage", "motion", "kind", "partner_id",
        "duties", "settlement", "play", "first_year_value", "total_value", "created_at", "closed_at", "lost_reason",
        "sales_rep",
    ]

    var fields: [String] {
        [
            id, domain, accountName, productLine, stage, motion, kind, partner ?? "", duties, settlement ?? "",
            play ?? "", value.text, total?.text ?? "", createdAt.description, closedAt?.description ?? "",
            lostReason ?? "",
            salesRep,
        ]
    }
}

extension SampleTouch {
    static let columns = [
        "touch_id", "account.domain", "party", "kind", "product_line", "confirmed_by", "minutes", "occurred_at",
    ]

    var fields: [String] {
        [
            id, domain, party, kind, productLine ?? "", confirmedBy ?? "", "\(minutes)", occurredAt.description,
        ]
    }
}
