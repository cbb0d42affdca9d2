import Testing

@Suite struct ReferralWorkerPlaceholder {}
