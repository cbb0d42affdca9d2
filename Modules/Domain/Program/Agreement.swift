/// What the agreement with a partner says beside the money; texts for people, printed where terms are accepted.
package struct Agreement: Sendable, Hashable {
    package var title: String?
    package var paymentTiming: String?
    package var exclusivity: String?
    /// Use of names, logos and other intellectual property.
    package var intellectualProperty: String?
    /// What a partner may claim about the product.
    package var permittedClaims: String?
    package var termination: String?
    /// The referral process, which is part of the agreement.
    package var referralProcess: String?

    package init(
        title: String? = nil, paymentTiming: String? = nil, exclusivity: String? = nil,
        intellectualProperty: String? = nil, permittedClaims: String? = nil, termination: String? = nil,
        referralProcess: String? = nil
    ) {
        self.title = title
        self.paymentTiming = paymentTiming
        self.exclusivity = exclusivity
        self.intellectualProperty = intellectualProperty
        self.permittedClaims = permittedClaims
        self.termination = termination
        self.referralProcess = referralProcess
    }
}
