import Testing

@Suite struct TaskRuntimePlaceholder {}
