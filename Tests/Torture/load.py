"""A seeded load: referrals with repetitions, contested accounts, invalid ones, poison; and deals that are won.

A process of its own, so that who makes the load does not wait for who watches and kills:

    load.py BOOTSTRAP SEED RATE     until SIGTERM; then waits for the broker, and prints what was sent, as JSON
"""

import csv
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import confluent_kafka

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Oracle"))

from placement import partition_of  # noqa: E402
from processor import seconds_of  # noqa: E402

SOURCE = b"/torture/marketplace"
CRM = b"/torture/crm"
PARTITIONS = 8
# The client computes it from the key, in C: the product's own placement.
BY_KEY = -1
# Shares of all referrals.
REPEATED, CONTESTED, INVALID, POISON, WON = 0.03, 0.05, 0.01, 0.004, 0.05
# A deal is won so long after its account was referred, so that the claim is decided first, mostly.
WIN_AFTER_SECONDS = 6.0
KEPT = 4_000
# Poison that no dead letter can hold: compressed it is small. The first of the large ones, and now and then another.
LARGE_HEADER, LARGE_HEADERS_EVERY = 16 << 20, 50
FLUSH_SECONDS = 60
STEP_SECONDS = 0.05
as_json = json.JSONEncoder(separators=(",", ":")).encode


def now_text(offset=0.0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Load:
    """The process that makes the load, as its starter sees it."""

    def __init__(self, bootstrap, seed, rate):
        self._process = subprocess.Popen(
            [sys.executable, __file__, bootstrap, str(seed), str(rate)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.sent = {}
        self.failed = 0
        self.processor_seconds = 0.0
        self.late = 0.0

    def all_seconds(self):
        return self.processor_seconds or seconds_of(self._process.pid)

    def stop(self):
        self.processor_seconds = self.all_seconds()
        self._process.send_signal(signal.SIGTERM)
        said, _ = self._process.communicate(timeout=2 * FLUSH_SECONDS)
        if self._process.returncode != 0:
            raise RuntimeError(f"the load ended with {self._process.returncode}")
        said = json.loads(said)
        self.sent, self.failed, self.late = said["sent"], said["failed"], said["late"]

    def kill(self):
        self._process.kill()
        self._process.wait()


class Generator:
    def __init__(self, bootstrap, seed, rate):
        self.random = random.Random(seed)
        self.rate = rate
        self.sent = {}
        self.failed = 0
        self.late = 0.0  # how far it was behind its rate, at most, in seconds
        self._stop_flag = threading.Event()
        self._number = 0
        self._large = 0
        self._recent = []  # the last referrals: (account, line, partner, record)
        self._deals = []  # (when it is won, account, line)
        with open(ROOT / "Examples" / "partners.csv", encoding="utf-8") as file:
            self.partners = [row["partner_id"] for row in csv.DictReader(file)]
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 200,
            "compression.type": "lz4", "partitioner": "murmur2", "message.max.bytes": 32 << 20, "delivery.timeout.ms": 120_000,
            "queue.buffering.max.messages": 200_000, "delivery.report.only.error": True})

    def stop(self, *_):
        self._stop_flag.set()

    def run(self):
        began = time.monotonic()
        while not self._stop_flag.wait(STEP_SECONDS):
            due = (time.monotonic() - began) * self.rate
            while self._number < due and not self._stop_flag.is_set():
                self._number += 1
                self._next()
            self.late = max(self.late, time.monotonic() - began - self._number / self.rate)
            self.producer.poll(0)
        left = self.producer.flush(FLUSH_SECONDS)
        if left:
            raise RuntimeError(f"{left} records of the load were not taken by the broker")

    def _next(self):
        chance = self.random.random()
        if chance < REPEATED and self._recent:
            self._send("repeated", *self.random.choice(self._recent)[3])
        elif chance < REPEATED + INVALID:
            self._invalid()
        elif chance < REPEATED + INVALID + POISON:
            self._poison()
        elif chance < REPEATED + INVALID + POISON + CONTESTED and self._recent:
            account, line, partner, _ = self.random.choice(self._recent)
            rivals = [other for other in self.partners if other != partner]
            self._referral("contested", account, line, self.random.choice(rivals))
        else:
            self._referral(
                "referrals", f"account-{self._number}.example", self.random.choice(["platform", "analytics", "support"]),
                self.random.choice(self.partners))
        while self._deals and self._deals[0][0] <= time.monotonic():
            self._win(*self._deals.pop(0)[1:])

    # Referrals

    def _submission(self, account, line, partner):
        pick = self.random.choice
        return {
            "partner_id": partner,
            "account": {"name": account, "domain": account, "country": pick(["DE", "FR", "US", "JP", "MX"]),
                        "employees": pick([10, 30, 120, 500, 900, 3000]),
                        "industry": pick(["manufacturing", "logistics", "retail", "software", "education"]),
                        "annual_revenue": {"minor": pick([50_000_000, 100_000_000, 2_000_000_000]), "currency": "EUR"}},
            "contact": {"name": "Kim Noll", "email": f"kim@{account}", "title": pick(["CIO", "Buyer", "Head of IT"])},
            "intent": pick(["researching", "evaluating", "budgeted", "urgent"]),
            "deal": {"product_line": line, "first_year_value": {
                "minor": self.random.randrange(100_000, 9_000_000), "currency": pick(["EUR", "USD", "GBP"])}},
            "registration": {"stage": pick(["before_contact", "after_first_meeting"])},
            "consent": True, "occurred_at": now_text()}

    def _referral(self, kind, account, line, partner):
        record = self._record("referral.v1", "referral.submitted", SOURCE, f"r{self._number}", account,
                              self._submission(account, line, partner))
        self._send(kind, *record)
        if len(self._recent) < KEPT:
            self._recent.append((account, line, partner, record))
        else:
            self._recent[self.random.randrange(KEPT)] = (account, line, partner, record)
        if kind == "referrals" and self.random.random() < WON:
            self._deals.append((time.monotonic() + WIN_AFTER_SECONDS, account, line))

    def _invalid(self):
        account = f"invalid-{self._number}.example"
        data = self._submission(account, "platform", self.random.choice(self.partners))
        spoil = self.random.randrange(4)
        if spoil == 0:
            del data["account"]["country"]
        elif spoil == 1:
            data["consent"] = False
        elif spoil == 2:
            data["partner_id"] = "ptr_nobody"
        else:
            data["contact"]["email"] = "nobody"
        self._send("invalid", *self._record(
            "referral.v1", "referral.submitted", SOURCE, f"r{self._number}", account, data))

    # Deals

    def _win(self, account, line):
        deal = f"OPP-{account.split('.')[0]}"
        value = {"minor": self.random.randrange(100_000, 20_000_000), "currency": self.random.choice(["EUR", "USD", "GBP"])}
        opened = now_text()
        for revision, stage in ((1, "qualified"), (2, "closed_won")):
            data = {"account": {"domain": account, "name": account}, "opportunity_id": deal, "revision": revision,
                    "product_line": line, "stage": stage, "motion": "direct", "kind": "new", "settlement": "payout",
                    "first_year_value": value, "created_at": opened, "sales_rep": "psn_mia", "occurred_at": now_text()}
            if stage == "closed_won":
                data["closed_at"] = data["occurred_at"]
            self._send("deals", *self._record(
                "approval.v1", "opportunity.updated", CRM, f"{deal}/{revision}", account, data))

    # Poison

    def _poison(self):
        account = f"poison-{self._number}.example"
        data = self._submission(account, "platform", self.random.choice(self.partners))
        topic, partition, key, value, headers = self._record(
            "referral.v1", "referral.submitted", SOURCE, f"r{self._number}", account, data)
        spoil = self.random.randrange(8)
        if spoil == 0:
            headers = [("unrelated", b"\xff\xfe")]
        elif spoil == 1:
            value = value[: len(value) // 2]
        elif spoil == 2:
            value = value.replace(b'"consent":true', b'"consent":"yes"')
        elif spoil == 3:
            partition = (partition_of(key, PARTITIONS) + 1 + self.random.randrange(PARTITIONS - 1)) % PARTITIONS
        elif spoil == 4:
            data["need"] = "x" * (2 << 20)
            value = as_json(data).encode()
            headers = [(name, text) for name, text in headers if name != "ce_specversion"]
            if self._large % LARGE_HEADERS_EVERY == 0:
                headers.append(("large", b"x" * LARGE_HEADER))
            self._large += 1
        elif spoil == 5 and self._recent:
            topic, partition, key, _, headers = self.random.choice(self._recent)[3]
            value = value.replace(account.encode(), key)
        elif spoil == 6:
            data["occurred_at"] = now_text(3_600)
            value = as_json(data).encode()
        else:
            headers = [(name, b"io.tributary.nothing.known.v1" if name == "ce_type" else text) for name, text in headers]
        self._send("poison", topic, partition, key, value, headers)

    # Records

    @staticmethod
    def _record(topic, kind, source, identity, key, data):
        key = key.encode()
        headers = [
            ("ce_specversion", b"1.0"), ("ce_id", identity.encode()), ("ce_source", source),
            ("ce_type", f"io.tributary.{kind}.v1".encode()), ("ce_time", data["occurred_at"].encode()),
            ("content-type", b"application/json"), ("tributary-key", key)]
        value = as_json(data).encode()
        return topic, BY_KEY, key, value, headers

    def _send(self, kind, topic, partition, key, value, headers):
        while True:
            try:
                self.producer.produce(
                    f"tributary.{topic}", value=value, key=key, partition=partition, headers=headers,
                    on_delivery=self._failed)
                break
            except BufferError:
                if self._stop_flag.wait(STEP_SECONDS):
                    return
                self.producer.poll(0)
        self.sent[kind] = self.sent.get(kind, 0) + 1

    def _failed(self, *_):
        self.failed += 1


def main():
    bootstrap, seed, rate = sys.argv[1:]
    generator = Generator(bootstrap, int(seed), float(rate))
    signal.signal(signal.SIGTERM, generator.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    starter = os.getppid()
    threading.Thread(target=stop_without, args=(starter, generator), daemon=True).start()
    generator.run()
    print(json.dumps({"sent": generator.sent, "failed": generator.failed, "late": generator.late}))


def stop_without(starter, generator):
    """Who was left alone ends."""
    while os.getppid() == starter:
        time.sleep(1)
    generator.stop()


if __name__ == "__main__":
    main()
