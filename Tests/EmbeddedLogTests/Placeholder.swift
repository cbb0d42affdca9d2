import Testing

@Suite struct EmbeddedLogPlaceholder {}
