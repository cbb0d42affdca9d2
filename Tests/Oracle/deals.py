"""What the CRM told of deals and touches, in the order in which the approval worker took it.

A revision that is older than the known one changes nothing, and so does a known one that is told again: such a record
needs no outcome. A known revision that says something else can only be a dead letter. At the end each target of a won
deal must carry what the deal's last revision says.
"""

from inputs import milliseconds
from outputs import SILENT
from placement import account_key

KINDS = {"opportunity.updated", "opportunity.arrived", "touch.recorded"}
TIMES = ("created_at", "closed_at")
CLOSED = {"closed_won", "closed_lost"}
PENDING = {"open", "appealed"}


def conditions(deal):
    """What prices a deal beside its value, or goes along with it."""
    return {"product_line": deal["product_line"], "kind": deal.get("kind", "new"),
            "duties": sorted(deal.get("duties", [])), "settlement": deal.get("settlement", "payout"),
            "play_run_id": deal.get("play_run_id")}


def content(deal):
    said = {**conditions(deal), "total_value": deal.get("total_value", deal["first_year_value"])}
    for name in ("stage", "motion", "partner_id", "play", "first_year_value", "lost_reason", "sales_rep"):
        said[name] = deal.get(name)
    return said


def differs(known, told):
    """The field in which two images of one revision differ; an image without a close says nothing about it, and that of a deal as it
    was created says nothing against another."""
    if told["stage"] == "qualified" and milliseconds(told["occurred_at"]) == milliseconds(told["created_at"]):
        return None
    before, now = content(known), content(told)
    for name in sorted(before):
        if before[name] != now[name]:
            return name
    for name in TIMES:
        if name == "closed_at" and told["stage"] not in CLOSED:
            continue
        if known.get(name) and told.get(name) and milliseconds(known[name]) != milliseconds(told[name]):
            return name
    return None


class Deals:
    def __init__(self, journal, register, found):
        self.journal = journal
        self.outputs = found
        self._ticks = register.clock == "stream"
        self._held = {}  # partition -> records that wait for a tick
        self._deals = {}  # (account, opportunity) -> (image, place)
        self._touches = {}  # (account, touch) -> data
        self._targets = {}  # (partner, opportunity) -> (revision, data, place)
        self._conflicts = {}  # conflict -> (revision, account, product line, state)

    # Input of the approval worker

    def observe(self, record):
        if record.topic != "approval.v1":
            return
        if record.type in ("clock.advanced", "clock.switched"):
            self._tick(record)
        elif record.type in KINDS:
            if self._ticks:
                self._held.setdefault(record.partition, []).append(record)
            else:
                self._apply(record)

    def _tick(self, record):
        held = self._held.pop(record.partition, [])
        if record.type == "clock.switched":
            self._ticks = False
            due = held
        else:
            to = milliseconds(record.data["to"])
            due = [entry for entry in held if milliseconds(entry.data["occurred_at"]) <= to]
            self._held[record.partition] = [entry for entry in held if milliseconds(entry.data["occurred_at"]) > to]
        for entry in sorted(due, key=self._order):
            self._apply(entry)

    @staticmethod
    def _order(record):
        return (milliseconds(record.data["occurred_at"]), record.headers["ce_source"],
                int(record.headers.get("tributary-sequence", b"0")), record.headers["ce_id"])

    def _apply(self, record):
        account = account_key(record.data["account"]["domain"])
        if record.type == "opportunity.updated":
            self._update(record, account)
        elif record.type == "opportunity.arrived":
            self._arrive(record, account)
        else:
            self._touch(record, account)

    def _update(self, record, account):
        told = record.data
        key = (account, told["opportunity_id"])
        known, place = self._deals.get(key, (None, None))
        if known is None or told["revision"] > known["revision"]:
            self._deals[key] = (told, record.place)
            return
        other = differs(known, told) if told["revision"] == known["revision"] else None
        if other:
            self.journal.add(
                "dead_letter", record.place, f"revision {told['revision']} of {key[1]} has another {other} than at {place}, "
                "and is no dead letter")
        else:
            self.outputs.saw_input(record, SILENT)

    def _arrive(self, record, account):
        moved = record.data["opportunity"]
        key = (account, moved["opportunity_id"])
        known = self._deals.get(key)
        if known is None or known[0]["revision"] <= moved["revision"]:
            self._deals[key] = (moved, record.place)

    def _touch(self, record, account):
        told = record.data
        key = (account, told["touch_id"])
        known = self._touches.get(key)
        if known is None or ((told.get("confirmed_by") or "").strip() and not (known.get("confirmed_by") or "").strip()):
            self._touches[key] = {**told, **(known or {}), "confirmed_by": told.get("confirmed_by")}
            return
        names = ["party", "kind", "product_line", "minutes"] + (["source"] if known["party"] == "direct" else [])
        if all(told.get(name) in (None, known.get(name)) for name in names):
            self.outputs.saw_input(record, SILENT)

    # Input of the payout worker

    def observe_trigger(self, record):
        if record.type != "commission.triggered" or record.data["trigger"] != "closed_won":
            return
        data = record.data
        key = (data["partner_id"], data["opportunity_id"])
        if key not in self._targets or self._targets[key][0] <= data["revision"]:
            self._targets[key] = (data["revision"], data, record.place)

    # Facts

    def observe_conflict(self, record):
        data = record.data["conflict"]
        before = self._conflicts.get(data["conflict_id"])
        sequence = int(record.headers["tributary-sequence"])
        if before is None or before[0] < sequence:
            self._conflicts[data["conflict_id"]] = (
                sequence, data["account"]["domain"], data["product_line"], data["state"])

    def finish(self):
        # What is contested waits for the decision.
        contested = {entry[1:3] for entry in self._conflicts.values() if entry[3] in PENDING}
        for (partner, opportunity), (_, data, place) in sorted(self._targets.items()):
            account = data["account"]["domain"]
            deal, told = self._deals.get((account, opportunity), (None, None))
            if deal is None or data["share_bp"] == 0 or (account, deal["product_line"]) in contested:
                continue
            due, said = conditions(deal), conditions(data)
            wrong = [name for name in due if due[name] != said[name]]
            if wrong:
                self.journal.add(
                    "credit", place, f"{partner}'s last target of {opportunity} has another {', '.join(wrong)} than the deal "
                    f"at {told}")
