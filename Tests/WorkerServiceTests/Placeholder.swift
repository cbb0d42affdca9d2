import Testing

@Suite struct WorkerServicePlaceholder {}
