/// Something about a referral that the fraud checks of the payout look at. It rejects nothing by itself.
package enum FraudHint: String, Sendable, CaseIterable {
    /// The contact's mail goes to another domain than the account's.
    case contactDomainDiffers = "contact_domain_differs"
    /// The contact's mail goes to the partner's own domain.
    case contactAtPartner = "contact_at_partner"
    /// The partner refers itself.
    case accountIsPartner = "account_is_partner"

    /// The hints of a referral, in the order of the cases.
    ///
    /// - Parameters:
    ///   - contactDomain: registrable domain of the contact's mail; `nil` where it has none.
    ///   - partnerDomain: the partner's own, as the register has it.
    package static func all(account: AccountKey, contactDomain: String?, partnerDomain: String) -> [FraudHint] {
        let own = PartnerDomain(partnerDomain)
        return allCases.filter { hint in
            switch hint {
            case .contactDomainDiffers: contactDomain != account.text
            case .contactAtPartner: contactDomain.map(own.isUnder) ?? false
            case .accountIsPartner: own.isUnder(account.text)
            }
        }
    }
}
