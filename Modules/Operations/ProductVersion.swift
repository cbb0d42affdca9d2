/// The version of this build: what `/version` and `tributary_build_info` say.
package enum ProductVersion {
    package static let text = "1.0.0"
}
