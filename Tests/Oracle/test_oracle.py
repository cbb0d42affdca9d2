"""The oracle's own test: it passes a recorded log, and names what was altered, dropped or repeated in it.

`recorded.ndjson.xz` is half a year of a part of the sample on a stream clock, through a payout run with a refused payout, a
clawback and statements, as a dump. Run by `scripts/oracle-test`.
"""

import copy
import json
import pathlib
import random
import unittest

import oracle
from records import Dump, Record

RECORDED = pathlib.Path(__file__).parent / "recorded.ndjson.xz"
SEED = 20_250_101
# Of each kind of record so many are taken, by the seed.
TRIED = 2


def paths_of_amounts(value, path=()):
    """Where whole numbers of money stand in a value."""
    if isinstance(value, dict):
        for name, inside in value.items():
            if name in ("minor", "amount", "net", "gross", "balance", "pending", "payable", "accrued", "paid") and \
                    isinstance(inside, int) and not isinstance(inside, bool):
                yield (*path, name)
            else:
                yield from paths_of_amounts(inside, (*path, name))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from paths_of_amounts(inside, (*path, index))


def altered(record, path):
    data = copy.deepcopy(json.loads(record.value))
    target = data
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] += 1
    made = Record(record.topic, record.partition, record.offset, record.time, record.key, record.headers, None)
    made.value = json.dumps(data, separators=(",", ":")).encode()
    return made


class OracleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        log = Dump(RECORDED)
        cls.records = [record for topic in sorted(log._topics) for record in log.read(topic)]
        cls.random = random.Random(SEED)

    def some(self, topic, kind):
        found = [record for record in self.records if record.topic == topic and record.type == kind]
        self.assertTrue(found, f"nothing of {kind} was recorded")
        return self.random.sample(found, min(TRIED, len(found)))

    def check(self, replaced=(), dropped=(), added=()):
        """The recorded log with changes, checked."""
        replaced = {record.place: record for record in replaced}
        kept = [replaced.get(record.place, record) for record in self.records if record not in dropped]
        return oracle.check(Dump.of(kept + list(added)))

    def repetition(self, record):
        """The same record once more, at the end of its partition."""
        end = max(other.offset for other in self.records
                  if (other.topic, other.partition) == (record.topic, record.partition)) + 1
        return Record(record.topic, record.partition, end, record.time, record.key, record.headers, record.value)

    def assert_named(self, journal, places, what):
        text = "\n".join(map(str, journal.violations))
        self.assertTrue(journal.total, f"{what} was not seen")
        self.assertTrue(any(place in text for place in places), f"{what} is not named by {places}:\n{text[:2000]}")

    def test_passes_the_recorded_log(self):
        journal = self.check()
        self.assertEqual([str(found) for found in journal.violations], [])
        for name, least in (("submissions", 50), ("commissions", 15), ("ledger transactions", 40), ("payouts", 5),
                            ("statements", 50), ("notifications", 300), ("duplicates", 1)):
            self.assertGreaterEqual(journal.facts.get(name, 0), least, name)

    def test_names_an_altered_amount(self):
        for topic, kind in (("outcome.v1", "commission.changed"), ("outcome.v1", "ledger.posted"),
                            ("outcome.v1", "payout.changed"), ("outcome.v1", "statement.issued"),
                            ("payout.v1", "commission.triggered"), ("outcome.v1", "attribution.decided")):
            for record in self.some(topic, kind):
                paths = [path for path in paths_of_amounts(json.loads(record.value))
                         if path[0] not in ("explanation",) and "sales_compensation" not in path and "evidence" not in path]
                if kind == "commission.changed":
                    paths = [("commission", "amount", "minor")]
                if kind == "attribution.decided":
                    paths = [path for path in paths if "credits" in path]
                if not paths:
                    continue
                path = self.random.choice(paths)
                with self.subTest(kind=kind, place=record.place, path=path):
                    journal = self.check(replaced=[altered(record, path)])
                    self.assert_named(journal, self.related(record), f"{path} of {kind} at {record.place}")

    def related(self, record):
        """The record's own place, and those of the same commission, payout or cause: an amount is held against another."""
        places = {record.place}
        cause = record.text("tributary-cause")
        if cause:
            places.add(cause)
        subject = record.text("ce_subject")
        names = {subject} | {value for value in self.names(json.loads(record.value))}
        places |= {other.place for other in self.records
                   if other.text("ce_subject") in names or cause and other.text("tributary-cause") == cause}
        return places

    def names(self, value):
        if isinstance(value, dict):
            for name, inside in value.items():
                if name in ("commission_id", "payout_id", "attribution_id", "cause") and isinstance(inside, str):
                    yield inside
                elif name == "opportunity_id":
                    yield f"closed_won:{inside}"
                else:
                    yield from self.names(inside)
        elif isinstance(value, list):
            for inside in value:
                yield from self.names(inside)

    def test_names_a_dropped_record(self):
        kinds = sorted({(record.topic, record.type) for record in self.records if record.topic != "program.v1"
                        and not record.type.startswith("clock.") and "tributary-broadcast" not in record.headers
                        and not record.type.startswith("notification.sent") and record.type != "notification.failed"})
        for topic, kind in kinds:
            for record in self.some(topic, kind)[:1]:
                with self.subTest(kind=kind, place=record.place):
                    journal = self.check(dropped=[record])
                    neighbours = {record.place, f"{record.topic}/{record.partition}/{record.offset}"}
                    if record.headers.get("tributary-sequence"):
                        neighbours.add(f"output {record.text('tributary-sequence')} of {record.text('ce_source')} is nowhere")
                    self.assert_named(journal, neighbours, f"{kind} dropped at {record.place}")

    def test_names_a_copy_of_the_register_that_is_missing(self):
        for topic in ("referral.v1", "approval.v1", "payout.v1"):
            for record in self.some(topic, "partner.updated")[:1]:
                with self.subTest(topic=topic, place=record.place):
                    journal = self.check(dropped=[record])
                    key = record.key.decode()
                    self.assert_named(journal, [f"{key} was not copied to {topic}/{record.partition}"], "a missing copy")

    def test_names_a_repeated_record(self):
        """A repeated output is one; a repeated input is only counted, as a repeated delivery is no violation."""
        kinds = sorted({(record.topic, record.type) for record in self.records
                        if record.headers.get("tributary-sequence") and b"-worker/" in record.headers["ce_source"]})
        self.assertGreater(len(kinds), 15)
        for topic, kind in kinds:
            for record in self.some(topic, kind)[:1]:
                again = self.repetition(record)
                with self.subTest(kind=kind, place=again.place):
                    self.assert_named(self.check(added=[again]), [again.place, record.place], f"{kind} at {record.place} twice")

    def test_counts_a_repeated_input(self):
        record = self.some("referral.v1", "referral.submitted")[0]
        plain, repeated = self.check(), self.check(added=[self.repetition(record)])
        self.assertEqual(repeated.total, 0)
        self.assertEqual(repeated.facts["duplicates"], plain.facts["duplicates"] + 1)

    def test_names_an_outcome_that_the_rules_do_not_give(self):
        """The state of a submission is computed again from the programme, not believed."""
        facts = [record for record in self.records if record.type == "referral.changed"
                 and record.data["referral"]["state"] == "in_review"]
        record = self.random.choice(facts)
        data = json.loads(record.value)
        data["referral"]["assessment"]["fit"]["value"] += 1
        made = Record(record.topic, record.partition, record.offset, record.time, record.key, record.headers,
                      json.dumps(data).encode())
        self.assert_named(self.check(replaced=[made]), [record.place], "another score")


if __name__ == "__main__":
    unittest.main()
