package import CommandLineKit

extension OpsAddress {
    /// What a program's options say; `nil` where no port is given.
    package init?(_ call: Invocation) throws {
        guard let port = try call.integer("ops-port", in: 0...65_535) else { return nil }
        self.init(host: try call.required("ops-address"), port: port)
    }

    package static let options = [
        CommandOption(
            "ops-port", "PORT", environment: "TRIBUTARY_OPS_PORT",
            "serves /livez, /readyz, /metrics and /version; 0 for any free port (default: not at all)"),
        CommandOption(
            "ops-address", "ADDRESS", environment: "TRIBUTARY_OPS_ADDRESS", default: OpsAddress.defaultHost,
            "numeric address of that port"),
    ]
}
