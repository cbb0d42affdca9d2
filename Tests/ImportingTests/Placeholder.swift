import Testing

@Suite struct ImportingPlaceholder {}
