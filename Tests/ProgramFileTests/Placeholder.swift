import Testing

@Suite struct ProgramFilePlaceholder {}
