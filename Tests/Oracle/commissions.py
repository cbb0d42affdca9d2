"""Commissions: every amount again, from the trigger, the terms and the rates, in whole minor units.

Per partner, cause and plan line the entries must add up to what is due by the last revision of the trigger, less what
the deal's reversals take back in proportion.
"""

from fractions import Fraction

from scoring import exponent

DEFAULT_STAGE_RATES = {
    "before_contact": 2500, "after_first_meeting": 2000, "late_stage": 1500, "unregistered_claim": 1000}


def rounded(amount, mode):
    """Once, by the mode of the terms."""
    whole, rest = divmod(amount.numerator, amount.denominator)
    twice = 2 * rest
    if mode == "down" or twice < amount.denominator:
        return whole
    if twice == amount.denominator and mode == "half_even" and whole % 2 == 0:
        return whole
    return whole + 1


class Commissions:
    def __init__(self, journal, register):
        self.journal = journal
        self.register = register
        self._triggers = {}  # (partner, cause) -> {revision: (data, place)}
        self._reversals = {}  # (partner, opportunity) -> (data, place)
        self._amounts = {}  # commission -> (amount, currency, place)
        self._entries = {}  # (partner, cause, line) -> {commission: place}
        self._keys = {}  # (partner, cause, line, revision, entry) -> commission
        self._waiting = set()  # commissions that wait for a rate
        self._stage = {}

    # Input

    def observe_trigger(self, record):
        if record.type == "commission.triggered":
            data = record.data
            subject = data["opportunity_id"] if data["trigger"] == "closed_won" else data["referral_id"]
            cause = f"{data['trigger']}:{subject}"
            self._triggers.setdefault((data["partner_id"], cause), {})[data["revision"]] = (data, record.place)
        elif record.type == "commission.reversed":
            data = record.data
            key = (data["partner_id"], data["opportunity_id"])
            before = self._reversals.get(key)
            if before is None or data["reversed_total"]["minor"] >= before[0]["reversed_total"]["minor"]:
                self._reversals[key] = (data, record.place)

    # Facts

    def observe(self, record):
        data, change = record.data["commission"], record.data["change"]
        name, amount = data["commission_id"], data["amount"]
        self._waiting.discard(name)
        if change == "waiting":
            self._waiting.add(name)
        if name in self._amounts and self._amounts[name][:2] != (amount["minor"], amount["currency"]):
            was = self._amounts[name]
            if was[0] != 0:
                self.journal.add("commission", record.place, f"{name} was {was[0]} {was[1]} at {was[2]}, now {amount}")
        first = self._amounts.get(name, (0, 0, record.place))[2]
        self._amounts[name] = (amount["minor"], amount["currency"], first)
        key = (data["partner_id"], data["cause"], data["line"])
        self._entries.setdefault(key, {})[name] = record.place
        if data["entry"] == "earning":
            unique = (*key, data["revision"])
            if self._keys.setdefault(unique, name) != name:
                self.journal.add(
                    "commission_twice", record.place, f"{self._keys[unique]} and {name} pay {key} revision {unique[3]}")

    def observe_block(self, record):
        """A block holds money back; it never changes an amount."""

    def finish(self):
        expected = {}
        for (partner, cause), revisions in self._triggers.items():
            for line, (due, place) in self._due(partner, cause, revisions).items():
                expected[partner, cause, line] = (due, place)
        for key in sorted(set(expected) | set(self._entries)):
            self._settle(key, expected.get(key), self._entries.get(key, {}))
        self.journal.count("commissions", len(self._amounts))

    def _settle(self, key, expected, entries):
        posted = sum(self._amounts[name][0] for name in entries)
        due, place = expected or (0, next(iter(entries.values())))
        if due is None:
            if posted or not set(entries) & self._waiting:
                self.journal.add("commission", place, f"{key}: no rate is known, yet {posted} is posted or nothing waits")
        elif posted != due:
            named = next(iter(entries.values()), place)
            self.journal.add("commission", named, f"{' '.join(key)}: {due} is due by {place}, {posted} was posted")

    # Arithmetic

    def _due(self, partner, cause, revisions):
        """By line: what is due in all, and the place that says so; `None` where no rate is known."""
        data, place = revisions[max(revisions)]
        terms_version = data["terms_version"]
        terms = self.register.terms(data["program_version"], terms_version["id"], terms_version["version"])
        if terms is None:
            self.journal.add("commission", place, f"terms {terms_version} are in no programme")
            return {}
        found = {}
        for line in terms.get("lines", []):
            if not self._applies(line, data):
                continue
            due = self._line(partner, line, terms, data)
            reversal = self._reversals.get((partner, data.get("opportunity_id")))
            if due and reversal and data["trigger"] == "closed_won":
                base, back = reversal[0]["base"]["minor"], reversal[0]["reversed_total"]["minor"]
                due, place = rounded(Fraction(due * (base - back), base), terms["rounding"]), reversal[1]
            found[line["name"]] = (due, place)
        return found

    @staticmethod
    def _applies(line, data):
        # A discount is recorded with its amount, and posted nowhere.
        return (line.get("trigger", "closed_won") == data["trigger"] and data["class"] in line.get("classes", ["sourced"])
                and data["kind"] in line.get("kinds", ["new"]))

    def _line(self, partner, line, terms, data):
        currency = self.register.partner_at(partner, data["occurred_at"])["currency"]
        if "flat" in line:
            return rounded(Fraction(line["flat"][currency] * data["share_bp"], 10_000), terms["rounding"])
        base = data["base"][line.get("base", "first_year")]
        rate = self.register.rate(base["currency"], currency, data["closed_at"], data["program_version"])
        if rate is None:
            return None
        scale = Fraction(10) ** (exponent(currency) - exponent(base["currency"]))
        amount = rounded(Fraction(base["minor"] * self._rate(line, data), 10_000) * rate * scale, terms["rounding"])
        if base["minor"] and currency in line.get("minimums", {}):
            amount = max(amount, line["minimums"][currency])
        if currency in line.get("caps", {}):
            amount = min(amount, line["caps"][currency])
        if line.get("credit_fee"):
            amount = max(amount - self._fee(partner, data["opportunity_id"]), 0)
        return amount

    @staticmethod
    def _rate(line, data):
        if data["class"] == "sourced" and "registration_id" not in data:
            return line.get("on_win_without_registration_bp", DEFAULT_STAGE_RATES["unregistered_claim"])
        if "rate_bp" in line:
            return line["rate_bp"]
        if "duty_rates" in line:
            rates = line["duty_rates"]
            return rates["base_bp"] + sum(rates.get("per_duty_bp", {}).get(duty, 0) for duty in data.get("duties", []))
        return line.get("stage_rates_bp", DEFAULT_STAGE_RATES)[data["stage"]]

    def _fee(self, partner, opportunity):
        """What the partner earned for introducing the same deal."""
        return sum(
            self._amounts[name][0] for (owner, cause, _), entries in self._entries.items()
            if owner == partner and cause.startswith("qualified_introduction:")
            and self._introduces(owner, cause, opportunity) for name in entries)

    def _introduces(self, partner, cause, opportunity):
        revisions = self._triggers.get((partner, cause), {})
        return any(data.get("opportunity_id") == opportunity for data, _ in revisions.values())
