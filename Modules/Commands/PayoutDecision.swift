import CommandLineKit
import Contracts
import Domain
import JSON
import ReadModel

/// `payout decide`
extension PayoutCommands {
    static let decide = Command(
        "payout", "decide", summary: "Settles a disputed payout: says which of its results is true.",
        arguments: [
            CommandArgument("PAYOUT", "the payout's id (pay_...)"),
            CommandArgument("RESULT", "confirmed, failed or returned"),
        ], options: safety,
        example: "payout decide pay_1a2b3c4d0123456789abcdef confirmed --reason 'bank statement 17' --as psn_ines --yes"
    ) { call in
        let options = try GlobalOptions(call)
        guard let result = PayoutResult(rawValue: call.arguments[1]), result.isFinal else {
            throw UsageError("RESULT: expected confirmed, failed or returned, found `\(call.arguments[1])`")
        }
        let (actor, reason) = (try options.actor(), try call.required("reason"))
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let payout = try installation.withReadModel { model in
            guard let image = try model.image(.payout, id: call.arguments[0]) else {
                throw CommandFailure("there is no payout \(call.arguments[0])")
            }
            return try JSONDocument.decode(PayoutFact.self, from: image).payout
        }
        guard payout.state == .disputed else {
            throw CommandFailure("\(payout.id) is \(payout.state.rawValue): only a disputed payout is decided")
        }
        let net = Money(minor: payout.net, currency: payout.currency)
        let terminal = options.terminal
        terminal.print("\(payout.id) of \(payout.partner), \(net), \(result.rawValue): \(effect(of: result))")
        let members: [(String, JSONValue)] = [
            ("payout_id", .string(payout.id.text)), ("result", .string(result.rawValue)), ("net", .money(net)),
        ]
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard try terminal.confirm("Decide so?", isAnswered: call.isSet("yes")) else { return .failed }
        let time = try installation.commandTime()
        return try CommandSender(installation: installation).send(
            PayoutResultReceived(
                partner: payout.partner, payout: payout.id, result: result, decision: actor, note: reason,
                occurredAt: time),
            to: .payout, key: payout.partner.text, at: time
        ).report(options, done: "\(payout.id) is settled", members)
    }

    private static func effect(of result: PayoutResult) -> String {
        result == .confirmed
            ? "the money arrived; where another payout paid its lines, too, it is owed back"
            : "the money did not arrive; what was not paid otherwise is payable again"
    }
}
