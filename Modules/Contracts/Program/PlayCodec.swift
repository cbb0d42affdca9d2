package import Domain
package import JSON

extension CoSellingPlay: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.string("play_id"), name: reader.string("name"),
            salesCompensation: reader.optionalObject("sales_compensation", PlayShares.self)?.shares ?? [:])
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("play_id", id)
        writer.string("name", name)
        writer.object("sales_compensation", salesCompensation.isEmpty ? nil : PlayShares(salesCompensation))
    }
}

/// A play's part of `sales_compensation`: what it leaves out is not filled, so that the programme's holds.
private struct PlayShares: JSONCodable {
    var shares: [SalesCompensation.Rule: BasisPoints] = [:]

    init(_ shares: [SalesCompensation.Rule: BasisPoints]) { self.shares = shares }

    init(reading reader: inout ObjectReader) {
        for rule in SalesCompensation.Rule.allCases { shares[rule] = reader.optionalBasisPoints(rule.key) }
        reader.rejectUnknown()
    }

    func write(to writer: inout ObjectWriter) {
        for rule in SalesCompensation.Rule.allCases { writer.basisPoints(rule.key, shares[rule]) }
    }
}

extension SalesCompensation.Rule {
    fileprivate var key: StaticString {
        switch self {
        case .sourcedCoSold: "sourced_co_sold_bp"
        case .sourcedPartnerClosed: "sourced_partner_closed_bp"
        case .sourcedOther: "sourced_other_bp"
        case .notSourced: "not_sourced_bp"
        }
    }
}
