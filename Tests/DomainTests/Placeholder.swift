import Testing

@Suite struct DomainPlaceholder {}
