"""Files of records for `client.c`, and the benchmarks' load as such records: the same for the same seed."""

import collections
import datetime
import json
import pathlib
import random
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "Tests" / "Oracle")]

from placement import partition_of  # noqa: E402
from records import Broker  # noqa: E402

MARKETPLACE = b"/bench/marketplace"
CRM = b"/bench/crm"
READ_SECONDS = 2


class RecordFile:
    """Writes a file of records. Use as a context manager."""

    def __init__(self, path, topics):
        self._topics = {name: index for index, name in enumerate(topics)}
        self._file = open(path, "wb")
        self._file.write(b"TRB1" + struct.pack("<i", len(topics)))
        for name in topics:
            self._file.write(self._bytes(name.encode()))
        self.count = 0

    @staticmethod
    def _bytes(value):
        return struct.pack("<i", -1) if value is None else struct.pack("<i", len(value)) + value

    def add(self, topic, partition, key, value, headers):
        parts = [struct.pack("<ii", self._topics[topic], partition), self._bytes(key), self._bytes(value),
                 struct.pack("<i", len(headers))]
        for name, text in headers:
            parts += [self._bytes(name.encode()), self._bytes(text)]
        self._file.write(b"".join(parts))
        self.count += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


def envelope(kind, source, identity, key, occurred_at):
    return [("ce_specversion", b"1.0"), ("ce_id", identity), ("ce_source", source),
            ("ce_type", b"io.tributary." + kind + b".v1"), ("ce_time", occurred_at.encode()),
            ("content-type", b"application/json"), ("tributary-key", key)]


def referrals(directory, count, seed):
    """What `make-referrals` makes, 5 % contested, 3 % repeated, 1 % invalid; of accounts that no other seed has."""
    path = directory / f"referrals-{seed}.ndjson"
    subprocess.run([str(ROOT / "Benchmarks" / "make-referrals"), str(count), str(path), str(seed)], check=True)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line.replace("acme-", f"acme{seed}-").replace("shared-", f"shared{seed}-"))
    path.unlink()


def write_referrals(directory, prefix, count, seed, partitions):
    """A file with `count` referrals for the referral worker; and its path."""
    path = directory / f"{prefix}-referrals-{seed}"
    topic = f"{prefix}.referral.v1"
    with RecordFile(path, [topic]) as file:
        for data in referrals(directory, count, seed):
            identity = data.pop("event_id").encode()
            key = data["account"]["domain"].encode()
            headers = envelope(b"referral.submitted", MARKETPLACE, identity, key, data["occurred_at"])
            value = json.dumps(data, separators=(",", ":")).encode()
            file.add(topic, partition_of(key, partitions), key, value, headers)
    return path


def write_deals(directory, prefix, count, seed, partitions, half, share=0.2):
    """A file with deals of the CRM for the approval worker: a share of the accounts that `count` referrals name is qualified
    and won, half of them in each file. They begin now: after the referrals that are there."""
    topic = f"{prefix}.approval.v1"
    choice = random.Random(seed ^ 0xDEA1)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    seen = set()
    path = directory / f"{prefix}-deals-{seed}-{half}"
    with RecordFile(path, [topic]) as file:
        for data in referrals(directory, count, seed):
            account = data["account"]["domain"]
            if account in seen or " " in account or choice.random() >= share:
                continue
            seen.add(account)
            if len(seen) % 2 != half:
                continue
            deal = f"OPP-{seed}-{account.split('.')[0]}"
            for revision, stage in ((1, "qualified"), (2, "closed_won")):
                fact = {"account": {"domain": account, "name": account}, "opportunity_id": deal, "revision": revision,
                        "product_line": "platform", "stage": stage, "motion": "direct", "kind": "new",
                        "settlement": "payout", "first_year_value": data["deal"]["first_year_value"],
                        "created_at": now, "sales_rep": "psn_mia", "occurred_at": now}
                if stage == "closed_won":
                    fact["closed_at"] = now
                key = account.encode()
                headers = envelope(b"opportunity.updated", CRM, f"{deal}/{revision}".encode(), key, now)
                file.add(topic, partition_of(key, partitions), key, json.dumps(fact, separators=(",", ":")).encode(), headers)
    return path


def sample(bootstrap, prefix, worker, starts, directory, keep=2_000):
    """A worker's outputs from where each topic began: a file with the last of them, and how many went to each topic.

    The file's topics are others than the worker's: `bare.<topic>`."""
    source = f"/tributary/{worker}-worker/".encode()
    counts, kept = {}, {}
    log = Broker(bootstrap, prefix)
    for topic, start in starts.items():
        found = collections.deque(maxlen=keep)
        count = 0
        for record in log.read(topic, start):
            if topic.endswith(".changelog.v1") or (record.headers.get("ce_source") or b"").startswith(source):
                count += 1
                found.append(record)
        if count:
            counts[topic], kept[topic] = count, found
    log.close()
    path = directory / f"{prefix}-{worker}-outputs"
    with RecordFile(path, [f"bare.{topic}" for topic in counts]) as file:
        for topic, records in kept.items():
            for record in records:
                file.add(f"bare.{topic}", record.partition, record.key, record.value, list(record.headers.items()))
    return path, counts


def append_times(consumer, topic, start):
    """When the broker took each record from `start` on, by "partition/offset", in milliseconds."""
    import confluent_kafka
    consumer.assign([confluent_kafka.TopicPartition(topic, number, offset) for number, offset in enumerate(start)])
    times = {}
    while messages := consumer.consume(10_000, READ_SECONDS):
        for message in messages:
            if message.error() is None:
                times[f"{message.partition()}/{message.offset()}"] = message.timestamp()[1]
    consumer.unassign()
    return times
