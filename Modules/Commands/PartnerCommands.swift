import CommandLineKit
import Contracts
import Domain
import JSON

/// `partner add|list|show`
enum PartnerCommands {
    static let all = [add, list, show]

    static let add = Command(
        "partner", "add", summary: "Enrols a partner, or writes its next version.",
        arguments: [CommandArgument("ID", "the partner's id (ptr_...)")],
        options: [
            CommandOption("name", "NAME", "the company's name"), CommandOption("domain", "DOMAIN", "its own domain"),
            CommandOption("types", "TYPES", default: "referral", "partner types, separated by commas"),
            CommandOption("tier", "TIER", default: "registered", "registered, silver, gold or platinum"),
            CommandOption("status", "STATUS", default: "active", "active, paused, ended or ended_for_cause"),
            CommandOption("currency", "CODE", default: "EUR", "in which its ledger runs"),
            CommandOption("contact", "NAME", "whom we write to"), CommandOption("email", "ADDRESS", "where"),
            CommandOption("locale", "TAG", default: "en", "in which language"),
            CommandOption("vat-id", "ID", "its VAT id"),
            CommandOption(flag: "tax-form", "its tax form is on file"), CommandOption(flag: "yes", "do not ask"),
            CommandOption(flag: "dry-run", "only say what would be done"), CommandNotes.option,
        ],
        example: "partner add ptr_041 --name 'Nordlicht Beratung' --domain nordlicht.example --contact 'Ida Holm' "
            + "--email ida@nordlicht.example --tax-form --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        let known = try RegisterReader(installation).entries(PartnerUpdated.self).map(\.partner)
        let time = try installation.commandTime()
        var partner = try partner(call, time)
        partner.version = (known.filter { $0.id == partner.id }.map(\.version).max() ?? 0) + 1
        let terminal = options.terminal
        let effect =
            "\(partner.version == 1 ? "enrol" : "version \(partner.version) of") \(partner.id), \(partner.name), \(partner.currency)"
        terminal.print(effect)
        let members: [(String, JSONValue)] = [
            ("partner_id", .string(partner.id.text)), ("version", .integer(partner.version)),
        ]
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard try terminal.confirm("Write it?", isAnswered: call.isSet("yes")) else { return .failed }
        let command = try CommandNotes.record("partner add", effect: effect, of: call, in: installation)
        return try CommandSender(installation: installation)
            .register([PartnerUpdated(partner: partner, occurredAt: time)], command: command)
            .report(options, done: "\(partner.id) is in the register", members)
    }

    private static func partner(_ call: Invocation, _ time: Timestamp) throws -> Partner {
        guard let id = PartnerID(call.arguments[0]) else {
            throw UsageError("ID: expected \(PartnerKind.expectation), found `\(call.arguments[0])`")
        }
        let currencyCode = try call.required("currency")
        guard let currency = Currency(code: currencyCode) else {
            throw UsageError("--currency: expected an ISO 4217 code, found `\(currencyCode)`")
        }
        return Partner(
            id: id, version: 1, name: try call.required("name"), domain: try call.required("domain"),
            types: try call.required("types").split(separator: ",").map { try word(String($0), of: "--types") },
            tier: try word(try call.required("tier"), of: "--tier"),
            status: try word(try call.required("status"), of: "--status"),
            currency: currency, locale: try call.required("locale"),
            contact: ContactAddress(name: try call.required("contact"), email: try call.required("email")),
            isTaxFormOnFile: call.isSet("tax-form"), vatID: call["vat-id"], effectiveAt: time)
    }

    static let list = Command(
        "partner", "list", summary: "Lists the partners of the register.", example: "partner list"
    ) {
        call in
        let options = try GlobalOptions(call)
        let partners = try current(options)
        options.terminal.answer(
            Table(
                ["partner", "name", "types", "tier", "status", "currency"],
                rows: partners.map {
                    [
                        $0.id.text, $0.name, $0.types.map(\.rawValue).joined(separator: "+"), $0.tier.rawValue,
                        $0.status.rawValue, $0.currency.code,
                    ]
                }
            ).text, rows: partners)
        return .done
    }

    static let show = Command(
        "partner", "show", summary: "Shows one partner as the register has it.",
        arguments: [CommandArgument("ID", "the partner's id (ptr_...)")], example: "partner show ptr_001"
    ) { call in
        let options = try GlobalOptions(call)
        guard let partner = try current(options).first(where: { $0.id.text == call.arguments[0] })
        else {
            throw CommandFailure("there is no partner \(call.arguments[0])")
        }
        let image = try JSONDocument.parse(JSONEncoding.encode(partner))
        options.terminal.answer(image.pretty(), json: String(decoding: image.text, as: UTF8.self))
        return .done
    }

    private static func current(_ options: GlobalOptions) throws -> [Partner] {
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        var last: [PartnerID: Partner] = [:]
        for partner in try RegisterReader(installation).entries(PartnerUpdated.self).map(\.partner)
        where last[partner.id].map({ $0.version < partner.version }) ?? true { last[partner.id] = partner }
        return last.values.sorted { $0.id < $1.id }
    }
}
