extension Duration {
    /// In the simulation's unit of time; what is less than one is nothing.
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
