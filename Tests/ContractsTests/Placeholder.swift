import Testing

@Suite struct ContractsPlaceholder {}
