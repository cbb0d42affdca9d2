"""What became of each record of an input: an outcome, a repetition, a dead letter, or a forward; exactly one of them.

Dead letters are read before inputs, and each is held against the oracle's own judgement of the record: a good record
among them is as much a violation as a bad one that was processed.
"""

import datetime
import hashlib

import outputs
from envelopes import field, problem
from placement import WORKERS, account_key, partition_of
from records import open_structured

# Codes that the oracle judges by itself; the others are a worker's answer to what it knows (an unknown id, say).
JUDGED = {"too_large", "not_cloudevent", "bad_json", "schema", "wrong_key", "id_reused", "future_event"}
FUTURE_MILLISECONDS = 5 * 60_000
# Events that may change nothing that anybody would be told.
SILENT = {"partner.activity", "commission.triggered", "commission.reversed", "preference.updated",
          "notification.requested", "notification.sending", "notification.sent", "notification.failed", "block.placed",
          "block.released", "opportunity.placed", "opportunity.refused", "opportunity.moved"}
KEYS = {"referral.v1": "account.domain", "approval.v1": "account.domain", "payout.v1": "partner_id",
        "notification.v1": "recipient"}
# Events that go under another key than the rest of their topic.
KEYS_BY_TYPE = {"opportunity.placed": "opportunity_id"}


def milliseconds(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(time.timestamp() * 1000)


class DeadLetters:
    """The dead letters of all workers by the place that they came from; a timer or a held event has its name behind that."""

    def __init__(self, journal):
        self.journal = journal
        self.codes = {}  # place -> code
        self._facts = {}  # place -> places of the facts about it
        self._letters = {}

    def observe(self, record):
        topic = record.text("__connect.errors.topic").split(".", 1)[1]
        topic = topic[topic.index(next(name for name in WORKERS if name + ".v1" in topic)):]
        place = f"{topic}/{record.text('__connect.errors.partition')}/{record.text('__connect.errors.offset')}"
        if item := record.text("tributary-error-item"):
            place += f"/{item}"
        self.journal.count("dead letters")
        code = record.text("tributary-error-code")
        if (place, record.value) in self._letters:
            self.journal.add("dead_letter_twice", record.place, f"{place} is a dead letter at {self._letters[place, record.value]} already")
        self._letters[place, record.value] = record.place
        self.codes[place] = code

    def observe_fact(self, record):
        data = record.data
        if "redrive" in data:  # somebody put it back, which is told once more
            return
        place = "/".join(str(data[name]) for name in ("topic", "partition", "offset", "item") if name in data)
        self._facts.setdefault(place, []).append(record.place)
        if self.codes.get(place) != data["code"]:
            self.journal.add(
                "dead_letter", record.place, f"{place} is said to be a dead letter {data['code']}, but the topic has "
                f"{self.codes.get(place)}")

    def finish(self):
        for place in sorted(set(self.codes) - set(self._facts)):
            self.journal.add("dead_letter", place, "a dead letter that no fact tells of")


class Inputs:
    def __init__(self, journal, dead_letters, found, partitions, wall_clock):
        self.journal = journal
        self.letters = dead_letters.codes
        self.outputs = found
        self.partitions = partitions
        self.wall_clock = wall_clock
        self._seen = {}  # digest of partition, source and id -> digest of the body
        self._clock = {}  # (topic, partition) -> highest append time
        self._forwards = {}  # (topic, source, id) -> places of records under a wrong key
        self._copies = {}  # (topic, source, id) -> forwarded copies
        self._waiting = {}  # (topic, partition) -> records behind the last tick
        self.sound = []  # takers of sound new records

    def observe(self, record):
        record = open_structured(record)
        kind = self._kind(record)
        self.outputs.saw_input(record, kind)
        if not self.wall_clock:
            self._wait_for_tick(record, kind)
        if kind in (outputs.ANSWERED, outputs.SILENT):
            for take in self.sound:
                take(record)

    def _wait_for_tick(self, record, kind):
        """On a stream clock a record waits for the next tick, so what lies behind the last one has no outcome yet."""
        waiting = self._waiting.setdefault((record.topic, record.partition), [])
        if record.type == "clock.advanced":
            waiting.clear()
        elif kind == outputs.ANSWERED:
            waiting.append(record)

    def _kind(self, record):
        if "tributary-broadcast" in record.headers:
            for take in self.sound:
                take(record)
            return outputs.SILENT
        self.journal.count("inputs")
        letter = self.letters.get(record.place)
        if "tributary-forwarded" in record.headers:
            self._copies[self._identity(record)] = self._copies.get(self._identity(record), 0) + 1
        expected = problem(record)
        if expected is None and self._is_misplaced(record):
            if "tributary-forwarded" not in record.headers:
                self.journal.count("forwarded")
                self._forwards.setdefault(self._identity(record), []).append(record.place)
                return outputs.FORWARDED
            expected = "wrong_key"
        expected = expected or self._repetition(record)
        if expected == "duplicate":
            self.journal.count("duplicates")
            if letter:
                self.journal.add("answered_twice", record.place, f"a repeated record is a dead letter {letter}")
            return outputs.REPEATED
        return self._judge(record, letter, expected)

    def _judge(self, record, letter, expected):
        if letter and not expected and letter in JUDGED:
            self.journal.add("dead_letter", record.place, f"a sound record is a dead letter {letter}")
        elif letter and not expected and outputs.origin(record):
            self.journal.add("dead_letter", record.place, f"a worker's own output is a dead letter {letter}")
        elif expected and letter != expected:
            self.journal.add("dead_letter", record.place, f"should be a dead letter {expected}, is {letter or 'none'}")
        if letter:
            return outputs.REFUSED
        return outputs.SILENT if record.type in SILENT else outputs.ANSWERED

    # Keys

    def _is_misplaced(self, record):
        name = KEYS_BY_TYPE.get(record.type, KEYS[record.topic])
        key = field(record.data, name)
        if not isinstance(key, str) or not key:
            return False
        if name == "account.domain":
            if "." not in key or " " in key:
                return False
            key = account_key(key)
        return partition_of(key.encode(), self.partitions(record.topic)) != record.partition

    @staticmethod
    def _identity(record):
        return record.topic, record.headers["ce_source"], record.headers["ce_id"]

    # Repetitions

    def _repetition(self, record):
        """`duplicate` for a record seen before in this partition, `id_reused` for one with another body."""
        headers = record.headers
        place = f"{record.topic}/{record.partition}\0".encode()
        identity = hashlib.blake2b(
            place + headers["ce_source"] + b"\0" + headers["ce_id"], digest_size=12).digest()
        body = hashlib.blake2b(record.value, digest_size=8).digest()
        known = self._seen.get(identity)
        if known is not None:
            return "duplicate" if known == body else "id_reused"
        time = self._append_time(record)
        if self.wall_clock and record.data and "occurred_at" in record.data:
            if milliseconds(record.data["occurred_at"]) > time + FUTURE_MILLISECONDS:
                return "future_event"
        if record.place not in self.letters:
            self._seen[identity] = body
        return None

    def _append_time(self, record):
        partition = (record.topic, record.partition)
        self._clock[partition] = max(self._clock.get(partition, 0), record.time)
        return self._clock[partition]

    def finish(self):
        for records in self._waiting.values():
            for record in records:
                self.outputs.saw_input(record, outputs.SILENT)
        for identity in sorted(set(self._forwards) | set(self._copies)):
            places, copies = self._forwards.get(identity, []), self._copies.get(identity, 0)
            if len(places) != copies:
                name = " ".join(part.decode("utf-8", "replace") for part in identity[1:])
                self.journal.add(
                    "forward", places[0] if places else identity[0],
                    f"{name} stood {len(places)} times under a wrong key and was forwarded {copies} times")
