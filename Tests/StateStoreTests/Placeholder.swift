import Testing

@Suite struct StateStorePlaceholder {}
