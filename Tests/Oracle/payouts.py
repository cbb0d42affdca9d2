"""Payouts: frozen lines, states in order, and each paid commission in exactly one confirmed payout."""

STEPS = {
    None: {"planned"}, "planned": {"approved", "cancelled"}, "approved": {"submitted", "cancelled"},
    "submitted": {"confirmed", "failed", "disputed", "submitted"},
    "confirmed": {"returned", "disputed", "confirmed"}, "failed": {"disputed", "failed"},
    "returned": {"disputed", "returned"}, "disputed": {"confirmed", "failed", "returned", "disputed"}}
ENDED = {"failed", "cancelled", "returned"}


class Payouts:
    def __init__(self, journal):
        self.journal = journal
        self._facts = {}  # worker -> [(sequence, data, place)]
        self._payouts = {}  # payout -> (data, place)
        self._commissions = {}  # commission -> (sequence, data, place)
        self._parts = {}  # (run, partition) -> (data, place)
        self._results = {}  # payout -> place of a confirming result
        self._runs = {}

    def observe_input(self, record):
        if record.type == "payout.result_received" and record.data["result"] == "confirmed":
            self._results[record.data["payout_id"]] = record.place

    def observe(self, record):
        self._facts.setdefault(record.headers["ce_source"], []).append(
            (int(record.headers["tributary-sequence"]), record.data["payout"], record.place))

    def observe_commission(self, record):
        data = record.data["commission"]
        sequence = int(record.headers["tributary-sequence"])
        before = self._commissions.get(data["commission_id"])
        if before is None or before[0] < sequence:
            self._commissions[data["commission_id"]] = (sequence, data, record.place)

    def observe_part(self, record):
        part = record.data["run_part"]
        if part["state"] == "planned":
            self._parts[part["run_id"], part["partition"]] = (part, record.place)

    def finish(self):
        for worker, facts in self._facts.items():
            for _, data, place in sorted(facts, key=lambda fact: fact[0]):
                self._step(data, place, int(worker.rsplit(b"/", 1)[1]))
        self._count_parts()
        overpaid = self._overpaid()
        paying, confirmed = {}, {}
        for name, (data, place) in self._payouts.items():
            # What arrived a second time is owed back, and the other payout pays the lines.
            state = data.get("disputed_from", data["state"])
            if state in ENDED or name in overpaid:
                continue
            for line in data.get("lines", []) + data.get("clawbacks", []):
                commission = line["commission_id"]
                if commission.startswith("com_") and commission in paying:
                    self.journal.add("paid_twice", place, f"{commission} is in {paying[commission]} and in {name}")
                paying[commission] = name
                if state == "confirmed":
                    confirmed[commission] = name
        self._hold_commissions(confirmed)
        self._hold_clawbacks(overpaid)
        for name, place in self._results.items():
            if name in self._payouts and self._payouts[name][0]["state"] in ("submitted", "approved", "planned"):
                self.journal.add("payout", place, f"{name} was confirmed by the bank and still is {self._payouts[name][0]['state']}")
        self.journal.count("payouts", len(self._payouts))

    def _step(self, data, place, partition):
        name = data["payout_id"]
        before = self._payouts.get(name)
        if data["state"] not in STEPS[before[0]["state"] if before else None]:
            self.journal.add(
                "states", place, f"{name} was {before[0]['state'] if before else 'nowhere'} and cannot become {data['state']}")
        gross = sum(line["amount"] for line in data.get("lines", []))
        kept = sum(line["amount"] for line in data.get("clawbacks", []))
        if data["gross"] != gross or data["net"] != gross - kept or data["net"] <= 0:
            self.journal.add("payout", place, f"{name}: lines make {gross} - {kept}, it says {data['gross']}, net {data['net']}")
        if before:
            for field in ("lines", "clawbacks", "net", "partner_id", "currency", "run_id", "payee_version", "account_fingerprint"):
                if before[0].get(field) != data.get(field):
                    self.journal.add("payout", place, f"{name}: {field} is not what it was at {before[1]}")
        else:
            totals = self._runs.setdefault((data["run_id"], partition), [0, {}])
            totals[0] += 1
            totals[1][data["currency"]] = totals[1].get(data["currency"], 0) + data["net"]
        self._payouts[name] = (data, place)

    def _hold_clawbacks(self, overpaid):
        """Payouts keep no more of a clawback than it is, be it whole or part by part. A refusal gives back what was kept,
        a return does not."""
        kept = {}
        for name, (data, _) in self._payouts.items():
            if name in overpaid or data.get("disputed_from", data["state"]) in ("failed", "cancelled"):
                continue
            for line in data.get("clawbacks", []):
                kept[line["commission_id"]] = kept.get(line["commission_id"], 0) + line["amount"]
        for name, (_, data, place) in self._commissions.items():
            if kept.get(name, 0) > max(0, -data["amount"]["minor"]):
                self.journal.add("payout", place, f"{name} is {data['amount']['minor']}, payouts keep {kept[name]} of it")

    def _overpaid(self):
        """Payouts that paid although others pay their lines, too: all that they transferred is owed back."""
        owed = {}
        for _, data, place in self._commissions.values():
            if "overpaid_by" in data:
                before = owed.get(data["overpaid_by"], (0, place))[0]
                owed[data["overpaid_by"]] = (before - data["amount"]["minor"], place)
        for name, (amount, place) in owed.items():
            payout = self._payouts.get(name, ({}, None))[0]
            if payout.get("state") != "confirmed" or payout.get("net") != amount:
                self.journal.add("payout", place, f"{name} is {payout.get('state')}, net {payout.get('net')}; {amount} is owed back")
        return owed

    def _count_parts(self):
        for key in sorted(set(self._parts) | set(self._runs)):
            part, place = self._parts.get(key, ({}, "outcome.v1"))
            count, totals = self._runs.get(key, (0, {}))
            if part.get("count") != count or part.get("totals", {}) != totals:
                self.journal.add(
                    "payout", place, f"{key[0]}/{key[1]} plans {count} payouts of {totals}, its part says "
                    f"{part.get('count')} of {part.get('totals')}")

    def _hold_commissions(self, confirmed):
        for name, (_, data, place) in self._commissions.items():
            if data["entry"] != "earning":
                continue
            payout = confirmed.get(name)
            if (data["state"] == "paid") != (payout is not None):
                self.journal.add("payout", place, f"{name} is {data['state']}, and in {payout or 'no'} confirmed payout")
            elif payout:
                line = next(line for line in self._payouts[payout][0]["lines"] if line["commission_id"] == name)
                if line["amount"] > data["amount"]["minor"]:
                    self.journal.add("payout", self._payouts[payout][1], f"{payout} pays {line['amount']} for {name}, which is "
                                     f"{data['amount']['minor']}")
