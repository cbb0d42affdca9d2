import Testing

@Suite struct PayoutWorkerPlaceholder {}
