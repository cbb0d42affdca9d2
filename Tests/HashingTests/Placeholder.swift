import Testing

@Suite struct HashingPlaceholder {}
