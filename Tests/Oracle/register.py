"""The register: programmes, partners, rates, and whether each entry was copied to every partition that needs it."""

import datetime
from fractions import Fraction

BROADCAST_TOPICS = ("referral.v1", "approval.v1", "payout.v1")


def date_of(text):
    return datetime.date.fromisoformat(text[:10])


class Register:
    def __init__(self, journal):
        self.journal = journal
        self.programmes = {}  # version -> programme
        self.partners = {}  # id -> versions by effective time
        self.rates = {}  # (from, to) -> {date: rate}
        self._entries = {}  # key -> place of the newest entry
        self._copies = {}  # key -> set of (topic, partition)
        self.clock = "wall"

    def observe_entry(self, record):
        """A record of `program.v1`."""
        kind, data = record.type, record.data
        if kind == "clock.set":
            self.clock = data["kind"]
        if kind.startswith("clock."):
            return
        key = (record.key or b"").decode()
        self._entries[key] = record.place
        self._apply(kind, data)

    def _apply(self, kind, data):
        if kind == "program.published":
            self.programmes[data["program"]["version"]] = data["program"]
        elif kind == "partner.updated":
            partner = data["partner"]
            versions = self.partners.setdefault(partner["partner_id"], [])
            versions.append(partner)
            versions.sort(key=lambda entry: (entry["effective_at"], entry["version"]))
        elif kind == "fx.published":
            self.rates.setdefault((data["from"], data["to"]), {})[data["date"]] = data["rate"]

    def observe_copy(self, record):
        """A broadcast record of an input topic."""
        key = (record.key or b"").decode()
        if not record.type.startswith(("clock.", "payout.")):
            self._copies.setdefault(key, set()).add((record.topic, record.partition))

    def finish(self, partitions):
        for key, place in sorted(self._entries.items()):
            copies = self._copies.get(key, set())
            for topic in BROADCAST_TOPICS:
                for partition in range(partitions(topic)):
                    if (topic, partition) not in copies:
                        self.journal.add("register", place, f"{key} was not copied to {topic}/{partition}")

    # Questions

    def programme_at(self, time):
        """The version in force at a judging time."""
        inside = [entry for entry in self.programmes.values() if entry["effective_from"] <= time]
        return max(inside, key=lambda entry: (entry["effective_from"], entry["version"]), default=None)

    def partner_at(self, partner_id, time):
        inside = [entry for entry in self.partners.get(partner_id, []) if entry["effective_at"] <= time]
        return inside[-1] if inside else None

    def terms(self, programme_version, terms_id, version):
        programme = self.programmes.get(programme_version)
        for terms in (programme or {}).get("terms", []):
            if (terms["terms_id"], terms["version"]) == (terms_id, version):
                return terms
        return None

    def rate(self, source, target, closed_at, programme_version):
        """The latest rate dated on or before the day of the close, and not too old; 1 within a currency."""
        if source == target:
            return Fraction(1)
        day = date_of(closed_at)
        oldest = day - datetime.timedelta(days=self.programmes[programme_version]["commission"]["fx_max_age_days"])
        dates = [date for date in self.rates.get((source, target), {}) if oldest <= date_of(date) <= day]
        return Fraction(self.rates[source, target][max(dates)]) if dates else None
