/// The version of this build: what `/version`, `tributary_build_info` and dead letters say.
package enum ProductVersion {
    package static let text = "1.0.0"
}
