import Testing

@Suite struct KafkaLogPlaceholder {}
