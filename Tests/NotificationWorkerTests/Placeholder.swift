import Testing

@Suite struct NotificationWorkerPlaceholder {}
