"""What the referral worker must have made of each submission: a model of it, run over its input in order.

Every sound submission has exactly one outcome: a fact whose cause is its place. The model says which: rejected as
invalid, a duplicate of an earlier one that is not settled, rejected for its fit, or in review with its two scores and
its route. Afterwards a referral's states follow each other as they may, and the last settlement is its state.
"""

import datetime

import scoring
from inputs import milliseconds
from placement import account_key

STEPS = {
    "in_review": {"accepted", "rejected", "returned", "withdrawn", "in_review"},
    "submitted": {"in_review", "accepted", "rejected", "returned", "withdrawn"},
    "returned": {"submitted", "in_review", "rejected", "withdrawn"},
    "accepted": {"converted", "expired", "rejected", "withdrawn"},
    "expired": {"converted"},
    # A conflict that an appeal decides the other way gives the claim and its referral back.
    "rejected": {"accepted"},
}
DAY = 86_400_000


def _text(time):
    moment = datetime.datetime.fromtimestamp(time / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time % 1000:03d}Z"


class Referrals:
    def __init__(self, journal, register):
        self.journal = journal
        self.register = register
        self._expected = {}  # place -> what its fact must say
        self._held = {}  # partition -> records that wait for a tick
        self._time = {}  # partition -> wall time, milliseconds
        self._open = {}  # (partner, account, product line) -> (place of the first, milliseconds)
        self._ids = {}  # place of a submission -> referral id
        self._places = {}  # referral id -> place of its first submission
        self._keys = {}  # place of a submission -> its key, while it is the first that is open
        self._settlements = {}  # place -> (referral, outcome)
        self._outcomes = {}  # place -> place of its fact
        self._states = {}  # referral -> (state, place)
        self._facts = {}  # (worker partition) -> list of (sequence, referral, state, place)

    # Input of the approval worker, read before that of the referral worker

    def observe_evaluated(self, record):
        if record.type == "referral.evaluated" and "tributary-cause" in record.headers:
            self._ids[record.text("tributary-cause")] = record.data["referral_id"]
            # One that comes back keeps its first place.
            self._places.setdefault(record.data["referral_id"], record.text("tributary-cause"))

    # Input of the referral worker

    def observe(self, record):
        if record.topic != "referral.v1":
            return
        if self.register.clock == "wall":
            time = max(self._time.get(record.partition, 0), record.time)
            self._time[record.partition] = time
            self._apply(record, time)
        elif record.type == "clock.advanced":
            self._tick(record.partition, record.data["to"])
        elif record.type in ("referral.submitted", "referral.settled", "referral.withdrawn"):
            self._held.setdefault(record.partition, []).append(record)

    def _tick(self, partition, to):
        due = [record for record in self._held.get(partition, []) if record.data["occurred_at"] <= to]
        self._held[partition] = [record for record in self._held.get(partition, []) if record.data["occurred_at"] > to]
        for record in sorted(due, key=self._order):
            self._apply(record, milliseconds(record.data["occurred_at"]))

    @staticmethod
    def _order(record):
        return (record.data["occurred_at"], record.headers["ce_source"],
                int(record.headers.get("tributary-sequence", b"0")), record.headers["ce_id"])

    def _apply(self, record, time):
        if record.type == "referral.submitted":
            self._expected[record.place] = self._evaluate(record, time)
        elif record.type == "referral.settled":
            self._settle(record)
        elif record.type == "referral.withdrawn":
            self._close(self._places.get(record.data["referral_id"]))

    def _close(self, place):
        """The submission is not the first open one of its kind any more."""
        key = self._keys.pop(place, None)
        if key and self._open.get(key, (None,))[0] == place:
            del self._open[key]

    def _settle(self, record):
        data = record.data
        self._settlements[record.place] = (data["referral_id"], data["outcome"])
        key = (data["partner_id"], data["account"]["domain"], data["product_line"])
        first = self._open.get(key)
        if first and self._ids.get(first[0]) == data["referral_id"]:
            self._close(first[0])

    def _evaluate(self, record, time):
        submission, text = record.data, _text(time)
        programme = self.register.programme_at(text)
        partner = self.register.partner_at(submission["partner_id"], text)
        failing = scoring.problems(submission, programme, partner)
        if failing:
            return ("rejected", "invalid", tuple(failing))
        key = (submission["partner_id"], account_key(submission["account"]["domain"]), submission["deal"]["product_line"])
        first = self._open.get(key)
        if first and time - first[1] <= programme["intake"]["duplicate_days"] * DAY:
            return ("duplicate", self._ids.get(first[0]), None)
        fit = scoring.score(programme["scoring"]["fit"], submission, text)
        intent = scoring.score(programme["scoring"].get("intent", []), submission, text)
        way = scoring.route(programme, fit, intent, partner["tier"])
        if way == "reject":
            return ("rejected", "not_icp", (fit, intent))
        self._open[key] = (record.place, time)
        self._keys[record.place] = key
        return ("in_review", way, (fit, intent))

    # Facts

    def observe_fact(self, record):
        referral = record.data["referral"]
        cause = record.text("tributary-cause")
        if cause in self._expected:
            if cause in self._outcomes:
                self.journal.add("two_outcomes", record.place, f"{cause} has its outcome at {self._outcomes[cause]} already")
            self._outcomes[cause] = record.place
            self._compare(record, referral, cause)
        elif cause in self._settlements:
            if self._settlements[cause] != (referral["referral_id"], referral["state"]):
                self.journal.add(
                    "outcome", record.place, f"{cause} settled {self._settlements[cause]}, the fact says "
                    f"{referral['referral_id']} is {referral['state']}")
        worker = record.headers["ce_source"]
        self._facts.setdefault(worker, []).append(
            (int(record.headers["tributary-sequence"]), referral["referral_id"], referral["state"], record.place))

    def _compare(self, record, referral, cause):
        state, reason, detail = self._expected[cause]
        said = (referral["state"], referral.get("reason"))
        if state == "in_review":
            assessment = referral.get("assessment") or {}
            said = (referral["state"], assessment.get("route"),
                    tuple(assessment.get(name, {}).get("value") for name in ("fit", "intent")))
            fitting = said == (state, reason, detail)
        elif state == "duplicate":
            fitting = referral["state"] == state and (reason is None or referral.get("duplicate_of") == reason)
        else:
            fitting = said == (state, reason)
        if not fitting:
            self.journal.add(
                "outcome", record.place, f"{cause} must be {(state, reason, detail)}, the fact says {said}")

    def finish(self):
        for place in self._expected:
            if place not in self._outcomes:
                self.journal.add("no_outcome", place, f"the submission has no outcome, not even {self._expected[place][0]}")
        self.journal.count("submissions", len(self._expected))
        for facts in self._facts.values():
            for _, referral, state, place in sorted(facts):
                before = self._states.get(referral)
                if before and state not in STEPS.get(before[0], ()):
                    self.journal.add(
                        "states", place, f"{referral} was {before[0]} at {before[1]} and cannot become {state}")
                self._states[referral] = (state, place)
