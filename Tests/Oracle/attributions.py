"""Won deals: revenue counted once, each credit sent on exactly once, with its own part of the base."""

SPLIT = "conflict_split"


def parts_of(amount, shares):
    """Parts of an amount by basis points that add up to it: by the largest remainder, ties by the party's name."""
    parts = {party: amount * share // 10_000 for party, share in shares.items()}
    left = amount - sum(parts.values())
    for party in sorted(shares, key=lambda party: (-(amount * shares[party] % 10_000), party))[:left]:
        parts[party] += 1
    return parts


class Attributions:
    def __init__(self, journal):
        self.journal = journal
        self._triggers = {}  # (attribution, revision, partner) -> (place, data)
        self._credits = {}  # (attribution, revision, partner) -> place
        self._introductions = []  # (place, data)
        self._values = {}  # opportunity -> first-year and total values that it had
        self._splits = {}  # conflict -> shares by party, as each decision gave them
        self._decided = []  # (place, attribution) of which several partners sourced a part
        self._counting = {}  # (partner, opportunity) -> (revision, place, data) of the highest target
        self._last = {}  # attribution -> (place, its last revision)

    def observe_trigger(self, record):
        if record.type != "commission.triggered":
            return
        if "attribution_id" not in record.data:
            self._introductions.append((record.place, record.data))
            return
        data = record.data
        key = (data["attribution_id"], data["revision"], data["partner_id"])
        if key in self._triggers:
            self.journal.add(
                "credit", record.place, f"{key[2]} is credited for {key[0]} revision {key[1]} at "
                f"{self._triggers[key][0]} already")
        self._triggers[key] = (record.place, data)
        target = (data["partner_id"], data["opportunity_id"])
        if target not in self._counting or self._counting[target][0] < data["revision"]:
            self._counting[target] = (data["revision"], record.place, data)

    def observe_opportunity(self, record):
        data = record.data["opportunity"]
        first_year = data["first_year_value"]
        total = data.get("total_value", first_year)
        self._values.setdefault(data["opportunity_id"], []).append({"first_year": first_year, "total": total})

    def observe_conflict(self, record):
        data = record.data["conflict"]
        decision = data.get("decision") or {}
        if decision.get("outcome") == "split":
            shares = {share["party"]: share["share_bp"] for share in decision["shares"]}
            known = self._splits.setdefault(data["conflict_id"], [])
            if shares not in known:
                known.append(shares)
            if sum(shares.values()) != 10_000:
                self.journal.add("credit", record.place, f"the shares of {data['conflict_id']} do not add up to 10000")

    def observe(self, record):
        decided = record.data["attribution"]
        last = self._last.get(decided["attribution_id"])
        if last is None or last[1]["revision"] <= decided["revision"]:
            self._last[decided["attribution_id"]] = (record.place, decided)
        if decided["state"] != "decided":
            return
        credits = decided.get("credits", [])
        sourced = [credit for credit in credits if credit["class"] == "sourced"]
        if any(credit["reason"] == SPLIT for credit in sourced):
            # Which conflict split it is told in another partition.
            self._decided.append((record.place, decided))
        elif sourced:
            self._add_up(record, decided, sourced)
        for credit in credits:
            key = (decided["attribution_id"], decided["revision"], credit["partner_id"])
            self._credits[key] = record.place
            self._sent(record, key, credit)

    def _add_up(self, record, decided, sourced):
        if sum(credit["share_bp"] for credit in sourced) != 10_000:
            self.journal.add("credit", record.place, "the shares of the sourced credits do not add up to 10000")
        for part, whole in (("first_year", "first_year_value"), ("total", "total_value")):
            if sum(credit[part]["minor"] for credit in sourced) != decided[whole]["minor"]:
                self.journal.add("credit", record.place, f"the parts of {whole} do not add up to {decided[whole]['minor']}")

    def _sent(self, record, key, credit):
        if key not in self._triggers:
            self.journal.add("credit", record.place, f"no commission.triggered tells of {key[2]}, revision {key[1]}")
            return
        place, data = self._triggers[key]
        said = (data["class"], data["share_bp"], data["base"]["first_year"], data["base"]["total"], data.get("stage"))
        due = (credit["class"], credit["share_bp"], credit["first_year"], credit["total"], credit.get("stage"))
        if said != due:
            self.journal.add("credit", place, f"{key[2]} is credited {due} at {record.place}, the trigger says {said}")

    def finish(self):
        for place, data in self._introductions:
            # One that is taken back has no value.
            if data["share_bp"] != 0 and data["base"] not in self._values.get(data["opportunity_id"], []):
                self.journal.add("credit", place, f"{data['opportunity_id']} never had the values {data['base']}")
        for key, (place, data) in self._triggers.items():
            if key not in self._credits and data["base"]["first_year"]["minor"] != 0:
                self.journal.add("credit", place, f"no attribution credits {key[2]} for {key[0]} revision {key[1]}")
        for place, decided in self._decided:
            self._divide(place, decided)
        self._count_on()

    # Splits

    def _divide(self, place, decided):
        """Each partner has the share that the decision gave it, and its part of the deal; the rest is the direct team's."""
        named = [note["reference"] for note in decided.get("evidence_used", [])]
        splits = [shares for name in named for shares in self._splits.get(name, [])]
        credits = {credit["partner_id"]: credit for credit in decided["credits"] if credit["class"] == "sourced"}
        said = {partner: (credit["share_bp"], credit["first_year"]["minor"], credit["total"]["minor"])
                for partner, credit in credits.items()}
        for shares in splits:
            first = parts_of(decided["first_year_value"]["minor"], shares)
            total = parts_of(decided["total_value"]["minor"], shares)
            if all(said[partner] == (shares.get(partner), first.get(partner), total.get(partner)) for partner in said):
                return
        self.journal.add("credit", place, f"no decided split gives the parts {said}")

    # One deal under two accounts

    def _count_on(self):
        """Of the targets of a deal the highest revision counts: it must be of the account that has the deal."""
        standing = {}
        for place, decided in self._last.values():
            if decided["state"] == "decided":
                standing.setdefault(decided["opportunity_id"], []).append((place, decided))
        for opportunity, found in standing.items():
            if len(found) > 1:  # whose it is, is not settled yet
                continue
            place, decided = found[0]
            for credit in decided.get("credits", []):
                counting = self._counting.get((credit["partner_id"], opportunity))
                if counting and counting[2]["attribution_id"] != decided["attribution_id"]:
                    self.journal.add(
                        "credit", counting[1], f"{credit['partner_id']} is credited for {opportunity} at {place}, but this "
                        f"target of {counting[2]['attribution_id']} has the higher revision")
