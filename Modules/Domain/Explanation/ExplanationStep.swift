/// One step of an explanation: which rule, from which programme version, made what out of what.
package struct ExplanationStep: Sendable, Hashable {
    /// Stable name of the rule, lower snake_case: `stage_rate`, `fit_score`, `hold`.
    package var rule: String
    /// The programme version that the rule came from; `nil` for rules that no programme sets.
    package var programVersion: Int64?
    /// What the rule decided, in plain words.
    package var text: String
    /// The arithmetic, complete enough to be evaluated from this text alone: `4800000 x 2500 / 10000 = 1200000`.
    package var arithmetic: String?

    package init(rule: String, programVersion: Int64?, text: String, arithmetic: String? = nil) {
        self.rule = rule
        self.programVersion = programVersion
        self.text = text
        self.arithmetic = arithmetic
    }
}
