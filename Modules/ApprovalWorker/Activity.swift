import Contracts
import Domain
import JSON
import Register
import TaskRuntime

/// A partner's numbers in this partition, for the checks on gaming.
struct ActivityRow: JSONCodable, Equatable {
    /// Claims that are open without any movement of a deal.
    var open: Int64 = 0
    /// Referrals decided so far, and those of them that were accepted.
    var decided: Int64 = 0
    var accepted: Int64 = 0
    /// When they go out; `nil` where nothing changed since they last did.
    var due: Timestamp?

    init() {}

    init(reading reader: inout ObjectReader) {
        open = reader.integer("open")
        decided = reader.integer("decided")
        accepted = reader.integer("accepted")
        due = reader.optionalValue("due", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.integer("open", open)
        writer.integer("decided", decided)
        writer.integer("accepted", accepted)
        writer.value("due", due)
    }
}

extension AccountFile {
    /// Counts; the numbers go out once, at the end of the day (UTC) in which they changed.
    func countActivity(of partner: PartnerID, _ count: (inout ActivityRow) -> Void) throws {
        let key = StateKey(partner.text)
        var row = try turn.state.get(ApprovalTable.activity, key, as: ActivityRow.self) ?? ActivityRow()
        count(&row)
        if row.due == nil {
            let due = (now.date + 1).startOfDay
            row.due = due
            try turn.schedule(
                TaskTimer(name: TimerKind.activity.name(of: partner.text), due: due, payload: partner.text))
        }
        try turn.state.put(ApprovalTable.activity, key, row)
    }
}

/// Sends a partner's numbers to the payout worker, which adds up those of all partitions.
func tellActivity(of partner: PartnerID, in turn: TurnContext) throws {
    let key = StateKey(partner.text)
    guard var row = try turn.state.get(ApprovalTable.activity, key, as: ActivityRow.self) else { return }
    row.due = nil
    try turn.state.put(ApprovalTable.activity, key, row)
    turn.emit(
        PartnerActivity(
            partner: partner, openRegistrations: row.open, decidedReferrals: row.decided,
            acceptedReferrals: row.accepted, occurredAt: turn.now),
        to: .payout, key: partner.text, subject: partner.text)
}
