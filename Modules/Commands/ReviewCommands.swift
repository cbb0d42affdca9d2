import CommandLineKit
import Contracts
import Domain
import JSON
import ReadModel

/// `review list|decide` and `conflict list|decide|appeal`
enum ReviewCommands {
    static let all = [list, decide, conflicts, decideConflict, appeal]

    private static let safety = [
        CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be done"),
        CommandOption("reason", "CODE", "the reason code, or why; recorded"),
        CommandOption("note", "TEXT", "for the partner"),
    ]

    static let list = Command(
        "review", "list", summary: "Lists what a person must decide, the most urgent first.", example: "review list"
    ) { call in
        let options = try GlobalOptions(call)
        return try listOpen(options) { $0.kind != .conflict && $0.kind != .appeal }
    }

    static let conflicts = Command(
        "conflict", "list", summary: "Lists open conflicts and appeals.", example: "conflict list"
    ) {
        call in
        let options = try GlobalOptions(call)
        return try listOpen(options) { $0.kind == .conflict || $0.kind == .appeal }
    }

    private static func listOpen(_ options: GlobalOptions, _ isWanted: (ReviewFact) -> Bool) throws -> ExitCode {
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        let open = try installation.withReadModel { model in
            try model.decoded(.review, as: ReviewFact.self, where: "json_extract(data, '$.state') <> 'closed'")
        }.filter(isWanted).sorted {
            ($0.due?.millisecondsSince1970 ?? .max, $0.id) < ($1.due?.millisecondsSince1970 ?? .max, $1.id)
        }
        options.terminal.answer(
            Table(
                ["id", "kind", "state", "account", "product line", "parties", "due"],
                rows: open.map { review in
                    let parties = review.parties.isEmpty ? [review.partner?.text ?? ""] : review.parties.map(\.text)
                    return [
                        review.id, review.kind.rawValue, review.state.rawValue, review.account.key.text,
                        review.productLine,
                        parties.joined(separator: " / "), review.due?.description ?? "stopped",
                    ]
                }
            ).text + "\n\(open.count) open", rows: open)
        return .done
    }

    static let decide = Command(
        "review", "decide", summary: "Decides a review: one decision for referral and claim, or an extension.",
        arguments: [
            CommandArgument("ID", "the review's id (ref_..., of an extension reg_...:extension)"),
            CommandArgument("DECISION", "accept, reject or return"),
        ],
        options: [CommandOption("contact", "PERSON", "who in sales takes over")] + safety,
        example: "review decide ref_1a2b3c4d0123456789abcdef reject --reason territory --as psn_olivia --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let decision: ReviewDecided.Decision = try word(call.arguments[1], of: "DECISION")
        let contact = try call["contact"].map { text in
            guard let person = PersonID(text) else { throw UsageError("--contact: expected \(PersonKind.expectation)") }
            return person
        }
        return try settle(call, options) { review, actor, time in
            if review.kind == .extension {
                return try extensionDecision(review, decision, call, actor: actor, time)
            }
            guard let referral = review.referral, review.kind == .claim || review.kind == .introduction else {
                throw CommandFailure("\(review.id) is a \(review.kind.rawValue): `conflict decide` decides it")
            }
            let reason = try rejectReason(call, isNeeded: decision == .reject)
            return (
                ReviewDecided(
                    account: review.account, referral: referral, registration: review.registration, decision: decision,
                    reason: reason, note: call["note"], contactInSales: contact, actor: actor, occurredAt: time),
                "\(decision.rawValue) \(referral) of \(review.partner?.text ?? "?") on \(review.account.key)"
            )
        }
    }

    /// A longer protection is granted or refused; `--reason` is a text here.
    private static func extensionDecision(
        _ review: ReviewFact, _ decision: ReviewDecided.Decision, _ call: Invocation, actor: Actor, _ time: Timestamp
    ) throws -> (any EventPayload, String) {
        guard let registration = review.registration, decision != .return else {
            throw UsageError("DECISION: an extension is decided by accept or reject")
        }
        return (
            RegistrationExtensionDecided(
                account: review.account, registration: registration,
                decision: decision == .accept ? .approve : .reject, note: words(call), actor: actor,
                occurredAt: time),
            "\(decision.rawValue) the extension of \(registration) of \(review.partner?.text ?? "?") on "
                + "\(review.account.key)"
        )
    }

    static let decideConflict = Command(
        "conflict", "decide", summary: "Decides a conflict by its evidence.",
        arguments: [
            CommandArgument("ID", "the conflict's id (cnf_...)"),
            CommandArgument(
                "OUTCOME", "first_valid_registration, prior_direct_activity, split, customer_choice or both_rejected"),
        ],
        options: [
            CommandOption("evidence", "IDS", "what the decision rests on: ids, separated by commas"),
            CommandOption("winner", "PARTY", "direct or a partner id (customer_choice)"),
            CommandOption("shares", "PARTY=BP,...", "basis points that add up to 10000 (split)"),
        ] + safety,
        example: "conflict decide cnf_1a2b3c4d0123456789abcdef split --shares ptr_001=6000,ptr_002=4000 "
            + "--evidence call-notes-17 --as psn_olivia --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let outcome: ConflictOutcome = try word(call.arguments[1], of: "OUTCOME")
        let winner = try call["winner"].map { try party($0, option: "winner") }
        let shares = try (call["shares"] ?? "").split(separator: ",").map { try share(String($0)) }
        let evidence = (call["evidence"] ?? "").split(separator: ",").map(String.init)
        return try settle(call, options) { review, actor, time in
            guard let conflict = review.conflict else { throw CommandFailure("\(review.id) is no conflict") }
            return (
                ConflictDecided(
                    account: review.account, conflict: conflict, outcome: outcome, winner: winner, shares: shares,
                    evidence: evidence, note: words(call), actor: actor, occurredAt: time),
                "decide \(conflict) on \(review.account.key): \(outcome.rawValue)"
            )
        }
    }

    static let appeal = Command(
        "conflict", "appeal", summary: "Records one side's appeal; another person decides it.",
        arguments: [
            CommandArgument("ID", "the conflict's id (cnf_...)"), CommandArgument("PARTY", "direct or a partner id"),
        ],
        options: [
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be done"),
            CommandOption("reason", "TEXT", "why; recorded"),
        ],
        example: "conflict appeal cnf_1a2b3c4d0123456789abcdef ptr_002 --reason 'met them first' --as psn_olivia --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let side = try party(call.arguments[1], option: "PARTY")
        let reason = try call.required("reason")
        let actor = try options.actor()
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let time = try installation.commandTime()
        let (conflict, deals) = try installation.withReadModel { model in
            guard let image = try model.image(.conflict, id: call.arguments[0]) else {
                throw CommandFailure("there is no conflict \(call.arguments[0])")
            }
            let conflict = try JSONDocument.decode(ConflictFact.self, from: image).conflict
            return (conflict, try DealsAtStake(conflict.account.key, conflict.productLine, in: model))
        }
        let terminal = options.terminal
        terminal.print("appeal \(conflict.id) for \(side); what is earned on won deals is held: \(deals.text)")
        let members = [("conflict_id", JSONValue.string(conflict.id.text))] + deals.members
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard try terminal.confirm("Appeal?", isAnswered: call.isSet("yes")) else { return .failed }
        return try CommandSender(installation: installation).send(
            ConflictAppealed(
                account: conflict.account, conflict: conflict.id, party: side, appealedBy: actor.text, reason: reason,
                occurredAt: time),
            to: .approval, key: conflict.account.key.text, at: time
        ).report(options, done: "\(conflict.id): appeal recorded", members)
    }

    /// Finds the open review, says what will happen, asks, sends and waits.
    private static func settle(
        _ call: Invocation, _ options: GlobalOptions,
        _ make: (ReviewFact, Actor, Timestamp) throws -> (any EventPayload, String)
    ) throws -> ExitCode {
        let actor = try options.actor()
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let (review, deals) = try installation.withReadModel { model in
            guard let image = try model.image(.review, id: call.arguments[0]) else {
                throw CommandFailure("there is no review \(call.arguments[0])")
            }
            let review = try JSONDocument.decode(ReviewFact.self, from: image)
            return (review, try DealsAtStake(review.account.key, review.productLine, in: model))
        }
        let time = try installation.commandTime()
        let (payload, plan) = try make(review, actor, time)
        let terminal = options.terminal
        terminal.print("\(plan); \(deals.text)")
        let members = [("review_id", JSONValue.string(review.id))] + deals.members
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard try terminal.confirm("Do it?", isAnswered: call.isSet("yes")) else { return .failed }
        return try CommandSender(installation: installation).send(
            payload, to: .approval, key: review.account.key.text, at: time
        ).report(options, done: "done", members)
    }

    /// What is said of a decision in words: reason and note.
    private static func words(_ call: Invocation) -> String? {
        let words = [call["reason"], call["note"]].compactMap(\.self)
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    private static func rejectReason(_ call: Invocation, isNeeded: Bool) throws -> RejectReason? {
        guard let text = call["reason"] else {
            guard !isNeeded else { throw UsageError("--reason is required: why is it rejected?") }
            return nil
        }
        return try word(text, of: "--reason")
    }

    private static func party(_ text: String, option: String) throws -> Party {
        guard let party = Party(text: text) else {
            throw UsageError("\(option): expected `direct` or a partner id, found `\(text)`")
        }
        return party
    }

    private static func share(_ text: String) throws -> ConflictShare {
        let parts = text.split(separator: "=")
        guard parts.count == 2, let value = Int64(parts[1]), (0...10_000).contains(value) else {
            throw UsageError("--shares: expected PARTY=BASISPOINTS, found `\(text)`")
        }
        return ConflictShare(party: try party(String(parts[0]), option: "--shares"), share: BasisPoints(value))
    }
}
