import Testing

@Suite struct ApprovalWorkerPlaceholder {}
