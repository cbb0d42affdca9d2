// swift-tools-version: 6.2
// Every outside dependency is a C library of Debian 12, bound as a system library; no Swift package is fetched.
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
]

/// A library of ours: `Modules/<name>`.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Modules/\(name)", resources: resources, swiftSettings: settings)
}

/// An executable of ours: wiring only, `Services/<name>`.
func service(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: "Services/\(name)", swiftSettings: settings)
}

/// A test suite: `Tests/<name>Tests`.
func suite(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies, path: "Tests/\(name)Tests",
        resources: resources, swiftSettings: settings)
}

/// A C library of the distribution: `Modules/<name>` holds its module map and shims.
func system(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, path: "Modules/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

let package = Package(
    name: "tributary",
    targets: [
        // C libraries: each with the reason it is here.
        system("CSQLite", pkgConfig: "sqlite3", package: "libsqlite3-dev"),  // stores, embedded log, read model
        system("CLZ4", pkgConfig: "liblz4", package: "liblz4-dev"),  // batches of the embedded log
        system("CRdkafka", pkgConfig: "rdkafka", package: "librdkafka-dev"),  // Apache Kafka's reference C client
        system("CLibYAML", pkgConfig: "yaml-0.1", package: "libyaml-dev"),  // programme files and maps, with line marks
        system("CPublicSuffix", pkgConfig: "libpsl", package: "libpsl-dev"),  // registrable domains by the suffix list
        system("CIDN", pkgConfig: "libidn2", package: "libidn2-dev"),  // international domains to A-labels
        system("CCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),  // SMTP
        system("CMicroHTTPD", pkgConfig: "libmicrohttpd", package: "libmicrohttpd-dev"),  // the operators' pages
        system("CCrypto", pkgConfig: "libcrypto", package: "libssl-dev"),  // SHA-256, HMAC, random bytes
        // jemalloc instead of glibc's malloc, whose arenas cost a quarter more processor time here and keep what was
        // freed: the executables link it, and this target says how it is set.
        .target(
            name: "CAllocator", path: "Modules/CAllocator", linkerSettings: [.linkedLibrary("jemalloc")]),
        // Swift traps cannot be caught, and a signal handler cannot be written in Swift: a few lines of C note the trap.
        .target(name: "CTrapMark", path: "Modules/CTrapMark"),
        // simdjson (JSON in) is C++: a small target gives it a C interface.
        .target(
            name: "CSimdjson", path: "Modules/CSimdjson",
            cxxSettings: [.unsafeFlags(["-O3", "-std=c++17"])],
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),

        // Pure: no I/O, no clock, no database, no network.
        module("CSV"),
        module("Domain", ["CSV"]),
        module("JSON", ["CSimdjson"]),
        module("EventLog"),
        module("Contracts", ["Domain", "EventLog", "JSON", "Hashing"]),
        module("TaskRuntime", ["Contracts", "Domain", "EventLog", "Hashing", "JSON"]),

        // Around libraries of the distribution.
        module("Hashing", ["CCrypto"]),
        module("YAML", ["CLibYAML", "JSON"]),
        module("DomainNames", ["CIDN", "CPublicSuffix", "Hashing"]),
        module("SQLite", ["CSQLite"]),
        module("StateStore", ["CTrapMark", "SQLite", "TaskRuntime"]),
        module("EmbeddedLog", ["CLZ4", "EventLog", "SQLite"]),
        module("KafkaLog", ["CCrypto", "CRdkafka", "EventLog"]),
        module("EventLogConformance", ["EventLog"]),
        module("HTTPServing", ["CMicroHTTPD"]),

        // What a running worker tells those who run it.
        module("Metrics"),
        module("Operations", ["Contracts", "EventLog", "HTTPServing", "JSON", "Metrics", "TaskRuntime"]),

        // The workers' logic: one library each, and what they share.
        module("ProgramFile", ["Contracts", "Domain", "JSON", "YAML"]),
        module("Register", ["Contracts", "Domain", "JSON", "TaskRuntime"]),
        module("ReferralWorker", ["Contracts", "Domain", "DomainNames", "JSON", "Register", "TaskRuntime"]),
        module("ApprovalWorker", ["Contracts", "Domain", "DomainNames", "JSON", "Register", "TaskRuntime"]),
        module("PayoutWorker", ["Contracts", "Domain", "Hashing", "JSON", "Register", "TaskRuntime"]),
        module("NotificationWorker", ["CCurl", "Contracts", "Domain", "EventLog", "Hashing", "JSON", "TaskRuntime"]),
        module(
            "WorkerService",
            [
                "ApprovalWorker", "CAllocator", "CommandLineKit", "Contracts", "Domain", "DomainNames",
                "EmbeddedLog",
                "EventLog",
                "JSON",
                "KafkaLog",
                "Metrics", "NotificationWorker", "Operations", "PayoutWorker", "ReferralWorker", "StateStore",
                "TaskRuntime", "YAML", "Hashing",
            ]),

        // The command line and what it reads.
        module("ReadModel", ["Contracts", "Domain", "EventLog", "JSON", "SQLite"]),
        module("Importing", ["Contracts", "Domain", "DomainNames", "EventLog", "Hashing", "JSON", "YAML"]),
        module(
            "Demo", ["Contracts", "CSV", "Domain", "DomainNames", "EventLog", "Hashing", "Importing", "JSON", "YAML"]),
        module("CommandLineKit", ["CSV", "JSON"]),
        module(
            "Commands",
            [
                "CommandLineKit", "Contracts", "Demo", "Domain", "DomainNames", "EmbeddedLog", "EventLog", "Hashing",
                "Importing",
                "JSON", "KafkaLog", "ProgramFile", "Operations", "ReadModel", "SQLite", "TaskRuntime", "WorkerService",
                "YAML",
            ]),

        // The production runtime in a simulated world.
        module(
            "SimulationKit",
            [
                "ApprovalWorker", "Contracts", "Domain", "DomainNames", "EventLog", "Hashing", "JSON", "PayoutWorker",
                "ReferralWorker", "TaskRuntime",
            ]),
        .executableTarget(
            name: "simulate", dependencies: ["CommandLineKit", "EventLog", "SimulationKit"], path: "Tests/Simulate",
            exclude: ["found-bugs.tsv"], swiftSettings: settings),

        service("referral-worker", ["Contracts", "WorkerService"]),
        service("approval-worker", ["Contracts", "WorkerService"]),
        service("payout-worker", ["Contracts", "WorkerService"]),
        service("notification-worker", ["Contracts", "WorkerService"]),
        service("tributary", ["Commands"]),

        .executableTarget(
            name: "KafkaTurns", dependencies: ["EventLog", "KafkaLog"], path: "Benchmarks/KafkaTurns",
            swiftSettings: settings),
        .executableTarget(
            name: "TaskTurns", dependencies: ["Contracts", "Domain", "EventLog", "JSON", "StateStore", "TaskRuntime"],
            path: "Benchmarks/TaskTurns", swiftSettings: settings),
        .executableTarget(
            name: "JSONEvents", dependencies: ["Contracts", "Domain", "JSON"], path: "Benchmarks/JSONEvents",
            swiftSettings: settings),
        .executableTarget(
            name: "StoreRows", dependencies: ["StateStore", "TaskRuntime"], path: "Benchmarks/StoreRows",
            swiftSettings: settings),
        .executableTarget(
            name: "EmbeddedTurns", dependencies: ["EmbeddedLog", "EventLog"], path: "Benchmarks/EmbeddedTurns",
            swiftSettings: settings),

        .executableTarget(
            name: "foreign-client", dependencies: ["EventLog", "JSON", "WorkerService"], path: "Tests/ForeignClient",
            swiftSettings: settings),
        .executableTarget(
            name: "trapping-worker",
            dependencies: ["Contracts", "Domain", "EventLog", "JSON", "StateStore", "TaskRuntime", "WorkerService"],
            path: "Tests/TrappingWorker", swiftSettings: settings),
        .target(
            name: "DomainSamples", dependencies: ["Domain"], path: "Tests/DomainSamples", swiftSettings: settings),

        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),

        suite("Domain", ["DomainSamples", "Hashing"]),
        suite("JSON", ["Hashing"]),
        suite("Hashing"),
        suite("YAML", ["Hashing", "JSON"]),
        suite("DomainNames"),
        suite("EventLog"),
        suite("Contracts", ["Domain", "EventLog", "JSON"]),
        suite("TaskRuntime", ["Contracts", "Domain", "EventLog", "Hashing", "JSON"]),
        suite("SQLite"),
        suite("StateStore", ["TaskRuntime", "SQLite"]),
        suite("EmbeddedLog", ["EventLog", "EventLogConformance", "SQLite"]),
        suite("KafkaLog", ["CRdkafka", "EventLog", "EventLogConformance", "TestSupport"]),
        suite("ProgramFile", ["Contracts", "Domain", "JSON", "YAML"]),
        suite("Register", ["Contracts", "Domain", "EventLog", "JSON", "TaskRuntime"]),
        suite(
            "ReferralWorker",
            ["Contracts", "Domain", "DomainSamples", "DomainNames", "EventLog", "JSON", "Register", "TaskRuntime"]),
        suite("ApprovalWorker", ["Contracts", "Domain", "Hashing", "JSON", "Register", "TaskRuntime"]),
        suite("PayoutWorker", ["Contracts", "Domain", "Hashing", "JSON", "Register", "TaskRuntime"]),
        suite("NotificationWorker", ["Contracts", "Domain", "EventLog", "JSON", "TaskRuntime", "TestSupport"]),
        suite("HTTPServing"),
        suite("Metrics"),
        suite("Operations", ["Contracts", "EmbeddedLog", "EventLog", "HTTPServing", "JSON", "Metrics", "TaskRuntime"]),
        suite(
            "WorkerService",
            ["CommandLineKit", "Contracts", "Domain", "EventLog", "EmbeddedLog", "JSON", "StateStore", "TaskRuntime"]),
        suite("ReadModel", ["Contracts", "EventLog", "JSON"]),
        suite("Importing", ["Contracts", "Domain", "DomainNames", "EventLog", "Hashing", "JSON", "YAML"]),
        suite("Demo", ["Contracts", "Domain", "DomainNames", "EventLog", "Importing", "JSON", "YAML"]),
        suite("CommandLineKit", ["JSON"]),
        suite("SimulationKit"),
        suite(
            "Commands",
            [
                "CommandLineKit", "Contracts", "Demo", "Domain", "DomainNames", "EmbeddedLog", "EventLog", "Importing",
                "JSON", "Metrics", "NotificationWorker", "Operations", "ReadModel", "StateStore", "TaskRuntime",
                "TestSupport", "WorkerService",
            ]),
    ]
)
