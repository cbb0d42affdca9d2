"""The oracle's own test: it passes a recorded log, and names what was altered, dropped or repeated in it.

`recorded.ndjson.xz` is half a year of a part of the sample on a stream clock, through a payout run with a refused payout, a
clawback and statements, as a dump. Run by `scripts/oracle-test`.
"""

import copy
import json
import pathlib
import random
import unittest
from fractions import Fraction

import oracle
from attributions import Attributions, parts_of
from commissions import Commissions
from deals import Deals
from envelopes import problem
from inputs import Inputs
from journal import Journal
from notifications import Notifications
from outputs import SILENT
from payouts import Payouts
from records import Dump, Record
from referrals import Referrals

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


class Won:
    """A record of a trigger."""

    def __init__(self, deal, closed_at, value, revision=1, **changes):
        self.type, self.place = "commission.triggered", f"payout.v1/0/{deal}.{revision}"
        base = {"minor": value, "currency": "EUR"}
        self.data = {
            "partner_id": "ptr_1", "opportunity_id": deal, "trigger": "closed_won", "class": "sourced", "kind": "new",
            "account": {"domain": "acme.example"}, "product_line": "core", "revision": revision, "share_bp": 10_000,
            "base": {"first_year": base, "total": base}, "closed_at": closed_at, "occurred_at": closed_at,
            "terms_version": {"id": "trm_1", "version": 1}, "program_version": 1, "registration_id": "reg_1", **changes}


class Refunded:
    """A record of revenue that was taken back."""

    def __init__(self, deal, base, back):
        self.type, self.place = "commission.reversed", f"payout.v1/0/{deal}.refund"
        self.data = {
            "partner_id": "ptr_1", "opportunity_id": deal, "base": {"minor": base, "currency": "EUR"},
            "reversed_total": {"minor": back, "currency": "EUR"}}


class FeeTest(unittest.TestCase):
    """A fee for an introduction is deducted once, and a duty pays once."""

    TERMS = {"rounding": "half_even", "lines": [{"name": "win", "rate_bp": 1000, "credit_fee": True}]}

    def due(self, *told):
        class Register:
            def terms(self, *_):
                return FeeTest.TERMS

            def partner_at(self, *_):
                return {"currency": "EUR"}

            def rate(self, *_):
                return Fraction(1)

        found = Commissions(None, Register())
        introduced = Won("O1", "2026-01-01", 0, trigger="qualified_introduction", referral_id="ref_1")
        for record in (introduced, *told):
            found.observe_trigger(record)
        found._amounts["com_fee"] = (500, "EUR", "outcome.v1/0/1")
        found._entries["ptr_1", "qualified_introduction:ref_1", "fee"] = {"com_fee": "outcome.v1/0/1"}
        deducted = found._deductions()
        return {cause.split(":")[1]: found._due(partner, cause, revisions, deducted)["win"][0]
                for (partner, cause), revisions in found._triggers.items() if cause.startswith("closed_won")}

    def test_one_fee_is_deducted_from_one_win(self):
        first, second = Won("O1", "2026-03-01", 40_000), Won("O2", "2026-03-02", 40_000)
        self.assertEqual(self.due(first, second), {"O1": 3_500, "O2": 4_000})
        self.assertEqual(self.due(second, first), {"O1": 3_500, "O2": 4_000})
        self.assertEqual(self.due(Won("O1", "2026-03-01", 3_000), second), {"O1": 0, "O2": 3_800})
        self.assertEqual(self.due(first, second, Won("O1", "2026-03-01", 0, 2, share_bp=0)), {"O1": 0, "O2": 3_500})
        elsewhere = Won("O2", "2026-03-02", 40_000, account={"domain": "other.example"})
        self.assertEqual(self.due(elsewhere), {"O2": 4_000})

    def test_a_deal_that_was_refunded_wholly_leaves_the_fee_to_the_next(self):
        first, second = Won("O1", "2026-03-01", 40_000), Won("O2", "2026-03-02", 40_000)
        self.assertEqual(self.due(first, second, Refunded("O1", 40_000, 20_000)), {"O1": 1_750, "O2": 4_000})
        self.assertEqual(self.due(first, second, Refunded("O1", 40_000, 40_000)), {"O1": 0, "O2": 3_500})

    def test_a_duty_pays_once(self):
        line = {"duty_rates": {"base_bp": 2000, "per_duty_bp": {"implementation": 1000, "support": 500}}}
        data = {"class": "sourced", "registration_id": "reg_1", "duties": ["implementation", "implementation", "support"]}
        self.assertEqual(Commissions._rate(line, data), 3500)


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


class Partner:
    """The register as the rules' tests need it: the partner's currency changes in March, rates in April."""

    clock = "wall"

    def partner_at(self, partner, time):
        return {"currency": "EUR" if time < "2026-03" else "GBP"}

    def rate(self, source, target, closed_at, version):
        return (2 if closed_at < "2026-04" else 3) if source != target else 1


class RulesTest(unittest.TestCase):
    """Rules that the recorded log has no case of."""

    places = 0

    def record(self, topic, kind, data, sequence=None):
        RulesTest.places += 1
        headers = {"ce_type": f"io.tributary.{kind}.v1".encode(), "ce_source": b"/crm", "ce_id": b"1"}
        if sequence is not None:
            headers["tributary-sequence"] = str(sequence).encode()
        return Record(topic, 0, RulesTest.places, 0, b"", headers, json.dumps(data).encode())

    def target(self, **changes):
        return {"partner_id": "ptr_a", "opportunity_id": "O1", "attribution_id": "atr_x", "trigger": "closed_won",
                "revision": 1, "class": "sourced", "share_bp": 10_000, "kind": "new", "tier": "gold", "product_line": "core",
                "account": {"domain": "acme.example"}, "settlement": "payout", "program_version": 1,
                "base": {"first_year": {"minor": 1000, "currency": "USD"}, "total": {"minor": 1000, "currency": "USD"}},
                "closed_at": "2026-02-01T00:00:00.000Z", "occurred_at": "2026-02-01T00:00:00.000Z", **changes}

    def texts(self, judge, journal):
        judge.finish()
        return [str(found) for found in journal.violations]

    # Commissions

    def test_a_win_without_a_registration_is_paid_by_its_line(self):
        for line, rate in (({"rate_bp": 700}, 700), ({"duty_rates": {"base_bp": 2000, "per_duty_bp": {"support": 500}}}, 2500),
                           ({"rate_bp": 700, "on_win_without_registration_bp": 300}, 300),
                           ({"stage_rates_bp": {"unregistered_claim": 800}}, 800), ({}, 1000),
                           ({"tier_rates_bp": {"gold": 100}}, 100)):
            self.assertEqual(Commissions._rate(line, self.target(duties=["support"])), rate, line)

    def test_a_tier_that_is_not_named_adds_nothing(self):
        line = {"tier_rates_bp": {"platinum": 200}}
        self.assertFalse(Commissions._applies(line, self.target()))
        self.assertTrue(Commissions._applies(line, self.target(tier="platinum")))

    def test_a_correction_keeps_the_currency_and_the_rate_of_the_first_accrual(self):
        later = {"closed_at": "2026-04-02T00:00:00.000Z", "occurred_at": "2026-04-02T00:00:00.000Z", "revision": 2}
        euros = {"minor": 1000, "currency": "EUR"}
        judge = Commissions(Journal(), Partner())
        for told, due in (([self.target()], 200), ([self.target(), self.target(**later)], 200),
                          ([self.target(**later)], 300),
                          ([self.target(), self.target(**later, base={"first_year": euros, "total": euros})], 100),
                          ([self.target(), self.target(**{**later, "share_bp": 0})], 0)):
            revisions = {data["revision"]: (data, "payout.v1/0/1") for data in told}
            self.assertEqual(judge._line("ptr_a", {"rate_bp": 1000}, {"rounding": "half_even"}, revisions), due)

    # Attributions

    def attributed(self, *credits, state="decided", name="atr_x", revision=1, evidence=("cnf_1",)):
        return self.record("outcome.v1", "attribution.decided", {"attribution": {
            "attribution_id": name, "opportunity_id": "O1", "revision": revision, "state": state,
            "first_year_value": {"minor": 1001, "currency": "USD"}, "total_value": {"minor": 1001, "currency": "USD"},
            "evidence_used": [{"reference": reference} for reference in evidence], "credits": [
                {"partner_id": partner, "class": "sourced", "reason": reason, "share_bp": share,
                 "first_year": {"minor": part, "currency": "USD"}, "total": {"minor": part, "currency": "USD"}}
                for partner, reason, share, part in credits]}})

    def judged(self, *facts, shares=None):
        """The violations of attributions whose targets were sent as they say."""
        journal = Journal()
        judge = Attributions(journal)
        for fact in facts:
            decided = fact.data["attribution"]
            for credit in decided["credits"] if decided["state"] == "decided" else []:
                base = {"first_year": credit["first_year"], "total": credit["total"]}
                judge.observe_trigger(self.record("payout.v1", "commission.triggered", self.target(
                    partner_id=credit["partner_id"], attribution_id=decided["attribution_id"],
                    revision=decided["revision"], share_bp=credit["share_bp"], base=base)))
        for fact in facts:
            judge.observe(fact)
        if shares:
            judge.observe_conflict(self.record("outcome.v1", "conflict.changed", {"conflict": {
                "conflict_id": "cnf_1", "decision": {"outcome": "split", "shares": [
                    {"party": party, "share_bp": share} for party, share in shares.items()]}}}))
        return judge, journal

    def test_a_split_with_the_direct_team_leaves_a_part_to_it(self):
        shares = {"ptr_a": 5000, "direct": 5000}
        self.assertEqual(parts_of(1001, shares), {"ptr_a": 500, "direct": 501})
        for part, share, found in ((500, 5000, 0), (501, 5000, 1), (500, 4999, 1), (1001, 10_000, 1)):
            judge, journal = self.judged(self.attributed(("ptr_a", "conflict_split", share, part)), shares=shares)
            self.assertEqual(len(self.texts(judge, journal)), found, (part, share))
        judge, journal = self.judged(self.attributed(("ptr_a", "registration", 5000, 500)), shares=shares)
        self.assertTrue(self.texts(judge, journal), "without a split the shares add up")

    def test_a_target_of_an_account_that_gave_the_deal_up_does_not_outrank_its_owner(self):
        owned = self.attributed(("ptr_a", "motion", 10_000, 1001))
        for revision, found in ((1, 1), (3, 0)):
            fact = self.attributed(("ptr_a", "motion", 10_000, 1001), revision=revision)
            judge, journal = self.judged(owned, fact) if revision > 1 else self.judged(owned)
            zero = {"minor": 0, "currency": "USD"}
            judge.observe_trigger(self.record("payout.v1", "commission.triggered", self.target(
                attribution_id="atr_y", revision=2, share_bp=0, base={"first_year": zero, "total": zero})))
            judge.observe(self.attributed(state="void", name="atr_y", revision=2))
            self.assertEqual(len(self.texts(judge, journal)), found, revision)

    def test_an_introduction_that_is_taken_back_has_no_value(self):
        journal = Journal()
        judge = Attributions(journal)
        zero = {"minor": 0, "currency": "USD"}
        for share, found in ((0, 0), (10_000, 1)):
            data = self.target(share_bp=share, base={"first_year": zero, "total": zero})
            del data["attribution_id"]
            judge.observe_trigger(self.record("payout.v1", "commission.triggered", data))
            self.assertEqual(len(self.texts(judge, journal)), found, share)

    # Deals

    def deal(self, revision, **changes):
        return {"opportunity_id": "O1", "revision": revision, "account": {"domain": "www.acme.example"}, "product_line": "core",
                "stage": "closed_won", "motion": "resold", "duties": ["support", "implementation"],
                "first_year_value": {"minor": 1000, "currency": "USD"}, "created_at": "2026-01-01T00:00:00Z",
                "closed_at": "2026-02-01T00:00:00Z", "occurred_at": "2026-02-01T00:00:00Z", **changes}

    def test_a_revision_told_again_needs_no_outcome_and_another_content_is_a_dead_letter(self):
        again = {"occurred_at": "2026-03-01T00:00:00Z", "kind": "new", "settlement": "payout",
                 "duties": ["implementation", "support"], "created_at": "2026-01-01T00:00:00.000Z"}
        for changes, silent, found in (({}, True, 0), (again, True, 0), ({"closed_at": None}, True, 0),
                                       ({"revision": 1}, True, 0), ({"revision": 3}, False, 0),
                                       ({"duties": []}, False, 1), ({"stage": "closed_lost"}, False, 1),
                                       ({"closed_at": "2026-02-02T00:00:00Z"}, False, 1)):
            silenced, journal = [], Journal()
            found_outputs = type("Found", (), {"saw_input": lambda _, record, kind: silenced.append((record.offset, kind))})()
            judge = Deals(journal, Partner(), found_outputs)
            judge.observe(self.record("approval.v1", "opportunity.updated", self.deal(2)))
            record = self.record("approval.v1", "opportunity.updated", {**self.deal(2), **changes})
            judge.observe(record)
            self.assertEqual(silenced, [(record.offset, SILENT)] if silent else [], changes)
            self.assertEqual(len(journal.violations), found, changes)

    def test_a_touch_told_again_needs_no_outcome(self):
        touch = {"touch_id": "T1", "account": {"domain": "acme.example"}, "party": "direct", "kind": "meeting", "minutes": 30,
                 "source": "mail", "occurred_at": "2026-02-01T00:00:00Z"}
        for changes, silent in (({}, True), ({"minutes": None}, True), ({"minutes": 60}, False), ({"source": "calendar"}, False),
                                ({"confirmed_by": "psn_a"}, False)):
            silenced = []
            found = type("Found", (), {"saw_input": lambda _, record, kind: silenced.append(kind)})()
            judge = Deals(Journal(), Partner(), found)
            judge.observe(self.record("approval.v1", "touch.recorded", touch))
            judge.observe(self.record("approval.v1", "touch.recorded", {**touch, **changes}))
            self.assertEqual(silenced, [SILENT] if silent else [], changes)

    def test_a_block_that_is_placed_again_needs_no_outcome(self):
        kinds, journal = [], Journal()
        found = type("Found", (), {"saw_input": lambda _, record, kind: kinds.append(kind)})()
        letters = type("Letters", (), {"codes": {}})()
        record = self.record("payout.v1", "block.placed", {"partner_id": "ptr_a", "occurred_at": "1970-01-01T00:00:00Z"})
        record.headers["ce_specversion"] = b"1.0"
        Inputs(journal, letters, found, lambda _: 1, True).observe(record)
        self.assertEqual((kinds, journal.violations), ([SILENT], []))

    def test_a_touch_is_confirmed_by_a_text(self):
        touch = {"touch_id": "T1", "account": {"domain": "acme.example"}, "party": "ptr_a", "kind": "meeting",
                 "occurred_at": "2026-02-01T00:00:00Z"}
        for changes, code in (({}, None), ({"confirmed_by": None}, None), ({"confirmed_by": " psn_a"}, None),
                              ({"confirmed_by": ""}, None), ({"confirmed_by": " "}, None),
                              ({"confirmed_by": 1}, "schema")):
            record = self.record("approval.v1", "touch.recorded", {**touch, **changes})
            record.headers["ce_specversion"] = b"1.0"
            self.assertEqual(problem(record), code, changes)

    def test_the_last_target_carries_what_the_deals_last_revision_says(self):
        right = {"duties": ["implementation", "support"]}
        for changes, pending, found in ((right, None, 0), ({**right, "duties": []}, None, 1),
                                        ({**right, "settlement": "discount"}, None, 1), ({**right, "kind": "renewal"}, None, 1),
                                        ({**right, "play_run_id": "run-1"}, None, 1), ({"duties": []}, "appealed", 0),
                                        ({"duties": []}, "decided", 1), ({"duties": [], "share_bp": 0}, None, 0)):
            journal = Journal()
            judge = Deals(journal, Partner(), None)
            for revision, duties in ((1, []), (2, ["support", "implementation"])):
                judge.observe(self.record("approval.v1", "opportunity.updated", self.deal(revision, duties=duties)))
            judge.observe_trigger(self.record("payout.v1", "commission.triggered", self.target(revision=1)))
            judge.observe_trigger(self.record("payout.v1", "commission.triggered", self.target(**{"revision": 2, **changes})))
            if pending:
                judge.observe_conflict(self.record("outcome.v1", "conflict.changed", {"conflict": {
                    "conflict_id": "cnf_1", "account": {"domain": "acme.example"}, "product_line": "core",
                    "state": pending}}, sequence=1))
            self.assertEqual(len(self.texts(judge, journal)), found, changes)

    # Payouts

    def test_payouts_keep_no_more_of_a_clawback_than_it_is(self):
        for payouts, found in ((((300, "confirmed"), (200, "submitted")), 0), (((300, "confirmed"), (201, "planned")), 1),
                               (((500, "failed"), (500, "confirmed")), 0), (((300, "returned"), (300, "approved")), 1)):
            journal = Journal()
            judge = Payouts(journal)
            judge._commissions["clw_1"] = (1, {"entry": "clawback", "amount": {"minor": -500}}, "outcome.v1/0/1")
            for number, (kept, state) in enumerate(payouts):
                clawbacks = [{"commission_id": "clw_1", "amount": kept}]
                judge._payouts[f"pay_{number}"] = ({"state": state, "clawbacks": clawbacks}, "outcome.v1/0/2")
            judge._hold_clawbacks({})
            self.assertEqual(len(journal.violations), found, payouts)

    # Messages

    def message(self, attempts, *reports, last=100, state="sent"):
        """The violations of one message: the reports of its attempts, each second one; `last` is the log's last second."""
        journal = Journal()
        judge = Notifications(journal, True)

        def take(second, kind, data):
            record = self.record("notification.v1", kind, {"notification_id": "ntf_a", **data})
            record.time = second * 1_000
            judge.observe_input(record)
        take(1, "notification.requested", {})
        for attempt, report in enumerate(reports, 1):
            if report.get("outcome") == "unknown":
                take(attempt + 1, "notification.sending", {"attempt": attempt})
            take(attempt + 1, "notification.failed", {"messages": [{"notification_id": "ntf_a", "attempt": attempt, **report}]})
        take(last, "preference.updated", {})
        if state:
            judge.observe(self.record("outcome.v1", "notification.changed", {
                "notification_id": "ntf_a", "state": state, "attempts": attempts}))
        judge.finish()
        return [found.code for found in journal.violations]

    def test_a_message_is_tried_twice_without_an_answer_and_again_after_one(self):
        retry, unknown, unmade = {"outcome": "retry"}, {"outcome": "unknown"}, {"outcome": "retry", "made": False}
        self.assertEqual(self.message(2, unknown), [])
        self.assertEqual(self.message(3, unknown), ["notification_twice"])
        self.assertEqual(self.message(4, unknown, retry, retry), [])
        self.assertEqual(self.message(3, unknown, unmade), ["notification_twice"])

    def test_a_message_that_waits_to_be_tried_again_has_no_end_yet(self):
        retry, unmade = {"outcome": "retry"}, {"outcome": "retry", "made": False}
        self.assertEqual(self.message(1, retry, last=60, state=None), [])
        self.assertEqual(self.message(1, retry, last=100, state=None), ["no_outcome"])
        self.assertEqual(self.message(1, retry, retry, last=300, state=None), [])
        self.assertEqual(self.message(1, unmade, retry, last=100, state=None), ["no_outcome"])

    def test_a_message_with_its_last_result_waits_no_more(self):
        retry, unknown, failed = {"outcome": "retry"}, {"outcome": "unknown"}, {"outcome": "failed"}
        self.assertEqual(self.message(1, unknown, last=50, state=None), [])
        self.assertEqual(self.message(2, unknown, unknown, last=50, state=None), ["no_outcome"])
        self.assertEqual(self.message(2, retry, failed, last=50, state=None), ["no_outcome"])

    # Referrals

    def test_a_referral_taken_back_is_open_no_more(self):
        judge = Referrals(Journal(), Partner())
        key = ("ptr_a", "acme.example", "core")
        judge._open[key], judge._keys["referral.v1/0/1"] = ("referral.v1/0/1", 0), key
        judge._places["ref_1"] = "referral.v1/0/1"
        judge.observe(self.record("referral.v1", "referral.withdrawn", {"referral_id": "ref_other"}))
        self.assertIn(key, judge._open)
        judge.observe(self.record("referral.v1", "referral.withdrawn", {"referral_id": "ref_1"}))
        self.assertEqual((judge._open, judge._keys), ({}, {}))

    def test_a_referral_that_comes_back_keeps_its_first_place(self):
        judge = Referrals(Journal(), Partner())
        key = ("ptr_a", "acme.example", "core")
        judge._open[key], judge._keys["referral.v1/0/1"] = ("referral.v1/0/1", 0), key
        for place in ("referral.v1/0/1", "referral.v1/0/2"):
            record = self.record("approval.v1", "referral.evaluated", {"referral_id": "ref_1"})
            record.headers["tributary-cause"] = place.encode()
            judge.observe_evaluated(record)
        judge.observe(self.record("referral.v1", "referral.withdrawn", {"referral_id": "ref_1"}))
        self.assertEqual((judge._open, judge._keys), ({}, {}))


if __name__ == "__main__":
    unittest.main()
