import Testing

@Suite struct ReadModelPlaceholder {}
