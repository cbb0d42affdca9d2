/// Why a referral or a claim is rejected. Reasons are no statuses: the status is `rejected`.
package enum RejectReason: String, Sendable, CaseIterable {
    case invalid
    case notICP = "not_icp"
    case existingCustomer = "existing_customer"
    case existingOpportunity = "existing_opportunity"
    case insufficientInformation = "insufficient_information"
    case noIntent = "no_intent"
    case territory
    case conflictOfInterest = "conflict_of_interest"
    case partnerNotEligible = "partner_not_eligible"
    case protectedByOther = "protected_by_other"
    case alreadyAttributed = "already_attributed"
    case other
}
