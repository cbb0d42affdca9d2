import Testing

@Suite struct DomainNamesPlaceholder {}
