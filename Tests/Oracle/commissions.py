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
            if self._is_later(data, self._reversals.get(key)):
                self._reversals[key] = (data, record.place)

    @staticmethod
    def _is_later(data, before):
        """Of one revision the total never falls; an event that does not say its revision goes by the total alone."""
        if before is None:
            return True
        revisions = data.get("revision"), before[0].get("revision")
        if None not in revisions and revisions[0] != revisions[1]:
            return revisions[0] > revisions[1]
        return data["reversed_total"]["minor"] >= before[0]["reversed_total"]["minor"]

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
        if "overpaid_by" in data:
            return  # Owed back because it was paid twice: no part of what is due.
        key = (data["partner_id"], data["cause"], data["line"])
        self._entries.setdefault(key, {})[name] = record.place
        if data["entry"] == "earning":
            # What leaves the fee for an introduction to another deal and comes back is earned once more, behind the one before.
            unique = (*key, data["revision"], data.get("adjusts"))
            if self._keys.setdefault(unique, name) != name:
                self.journal.add(
                    "commission_twice", record.place, f"{self._keys[unique]} and {name} pay {key} revision {unique[3]}")

    def observe_block(self, record):
        """A block holds money back; it never changes an amount."""

    def finish(self):
        expected = {}
        deducted = self._deductions()
        for (partner, cause), revisions in self._triggers.items():
            for line, (due, place) in self._due(partner, cause, revisions, deducted).items():
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

    def _lines(self, revisions):
        """The last revision, the terms that it is paid by, and those of their lines that pay it."""
        data, place = revisions[max(revisions)]
        named = data.get("terms_version")
        # Who had no terms in force is paid nothing.
        terms = self.register.terms(data["program_version"], named["id"], named["version"]) if named else {}
        return data, place, terms, [line for line in (terms or {}).get("lines", []) if self._applies(line, data)]

    def _deductions(self):
        """(partner, cause, line) -> what it deducts of the fee for the introduction on its account and product line: the
        fee once, from the deal that closed first, until it is used up. A deal that was refunded wholly deducts nothing."""
        wins, deducted = {}, {}
        for (partner, cause), revisions in self._triggers.items():
            data, _, terms, lines = self._lines(revisions)
            for place, line in enumerate(lines):
                price = line.get("credit_fee") and data["trigger"] == "closed_won" and \
                    self._left(partner, data)[0] and self._line(partner, line, terms, revisions)
                if price:
                    order = (data["closed_at"], cause, place)
                    wins.setdefault(self._introduced(partner, data), []).append((order, (partner, cause, line["name"]), price))
        for introduced, prices in wins.items():
            left = self._fee(introduced)
            for _, key, price in sorted(prices):
                deducted[key] = min(left, price)
                left -= deducted[key]
        return deducted

    def _due(self, partner, cause, revisions, deducted):
        """By line: what is due in all, and the place that says so; `None` where no rate is known."""
        data, place, terms, lines = self._lines(revisions)
        if terms is None:
            self.journal.add("commission", place, f"terms {data['terms_version']} are in no programme")
            return {}
        found = {}
        left, reversal = self._left(partner, data)
        for line in lines:
            due = self._line(partner, line, terms, revisions)
            if due is not None:
                due -= deducted.get((partner, cause, line["name"]), 0)
            if due and reversal:
                due, place = rounded(due * left, terms["rounding"]), reversal
            found[line["name"]] = (due, place)
        return found

    def _left(self, partner, data):
        """Which part of the deal its reversals left, and the place of the last one; all of it where there is none."""
        found = data["trigger"] == "closed_won" and self._reversals.get((partner, data["opportunity_id"]))
        base = found and found[0]["base"]["minor"]
        if not base:
            return Fraction(1), None
        return Fraction(base - found[0]["reversed_total"]["minor"], base), found[1]

    @staticmethod
    def _applies(line, data):
        # A discount is recorded with its amount, and posted nowhere. A tier that is not named adds nothing, nor a minimum.
        if "tier_rates_bp" in line and not line["tier_rates_bp"].get(data["tier"]):
            return False
        return (line.get("trigger", "closed_won") == data["trigger"] and data["class"] in line.get("classes", ["sourced"])
                and data["kind"] in line.get("kinds", ["new"]))

    def _line(self, partner, line, terms, revisions):
        """What the line owes by the last revision. Currency and rate are those of the first accrual: a correction reuses
        them."""
        data = revisions[max(revisions)][0]
        if data["share_bp"] == 0:
            return 0
        told = [revisions[number][0] for number in sorted(revisions)]
        paying = [entry for entry in told if entry["share_bp"] > 0 and self._applies(line, entry)]
        currency = self.register.partner_at(partner, paying[0]["occurred_at"])["currency"]
        if "flat" in line:
            return rounded(Fraction(line["flat"][currency] * data["share_bp"], 10_000), terms["rounding"])
        base = data["base"][line.get("base", "first_year")]
        rate = self._exchange(line, currency, paying)
        if rate is None:
            return None
        scale = Fraction(10) ** (exponent(currency) - exponent(base["currency"]))
        amount = rounded(Fraction(base["minor"] * self._rate(line, data), 10_000) * rate * scale, terms["rounding"])
        if base["minor"] and currency in line.get("minimums", {}):
            amount = max(amount, line["minimums"][currency])
        if currency in line.get("caps", {}):
            amount = min(amount, line["caps"][currency])
        return amount

    def _exchange(self, line, currency, paying):
        """The rate of the first close in the deal's currency for which there is one."""
        source = rate = None
        for data in paying:
            found = data["base"][line.get("base", "first_year")]["currency"]
            if found != source or rate is None:
                source = found
                rate = self.register.rate(source, currency, data["closed_at"], data["program_version"])
        return rate

    @staticmethod
    def _rate(line, data):
        claimed = "registration_id" in data
        if data["class"] == "sourced" and not claimed and "on_win_without_registration_bp" in line:
            return line["on_win_without_registration_bp"]
        if "tier_rates_bp" in line:
            return line["tier_rates_bp"].get(data["tier"], 0)
        if "rate_bp" in line:
            return line["rate_bp"]
        if "duty_rates" in line:
            rates = line["duty_rates"]
            return rates["base_bp"] + sum(rates.get("per_duty_bp", {}).get(duty, 0) for duty in set(data.get("duties", [])))
        stage = data.get("stage", "unregistered_claim") if claimed else "unregistered_claim"
        return {**DEFAULT_STAGE_RATES, **line.get("stage_rates_bp", {})}[stage]

    @staticmethod
    def _introduced(partner, data):
        return partner, data["account"]["domain"], data["product_line"]

    def _fee(self, introduced):
        """What the partner earned for introducing the account for the product line."""
        return sum(
            self._amounts[name][0] for (owner, cause, _), entries in self._entries.items()
            if cause.startswith("qualified_introduction:") and self._introduces(owner, cause, introduced) for name in entries)

    def _introduces(self, partner, cause, introduced):
        revisions = self._triggers.get((partner, cause))
        return bool(revisions) and self._introduced(partner, revisions[max(revisions)][0]) == introduced
