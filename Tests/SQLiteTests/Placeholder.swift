import Testing

@Suite struct SQLitePlaceholder {}
