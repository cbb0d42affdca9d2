"""Won deals: revenue counted once, each credit sent on exactly once, with its own part of the base."""


class Attributions:
    def __init__(self, journal):
        self.journal = journal
        self._triggers = {}  # (attribution, revision, partner) -> (place, data)
        self._credits = {}  # (attribution, revision, partner) -> place
        self._introductions = []  # (place, data)
        self._values = {}  # opportunity -> first-year and total values that it had

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

    def observe_opportunity(self, record):
        data = record.data["opportunity"]
        first_year = data["first_year_value"]
        total = data.get("total_value", first_year)
        self._values.setdefault(data["opportunity_id"], []).append({"first_year": first_year, "total": total})

    def observe(self, record):
        decided = record.data["attribution"]
        if decided["state"] != "decided":
            return
        credits = decided.get("credits", [])
        sourced = [credit for credit in credits if credit["class"] == "sourced"]
        if sourced:
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
            if data["base"] not in self._values.get(data["opportunity_id"], []):
                self.journal.add("credit", place, f"{data['opportunity_id']} never had the values {data['base']}")
        for key, (place, data) in self._triggers.items():
            if key not in self._credits and data["base"]["first_year"]["minor"] != 0:
                self.journal.add("credit", place, f"no attribution credits {key[2]} for {key[0]} revision {key[1]}")
