"""Where a key lies, and the names of topics and workers."""

import functools

WORKERS = {"referral": "referral.v1", "approval": "approval.v1", "payout": "payout.v1",
           "notification": "notification.v1"}
INPUTS = {topic: worker for worker, topic in WORKERS.items()}


@functools.lru_cache(maxsize=200_000)
def murmur2(key):
    """Kafka's placement hash over the key's bytes, as its Java client computes it."""
    length, index = len(key), 0
    value = 0x9747B28C ^ length
    while length - index >= 4:
        k = int.from_bytes(key[index : index + 4], "little") * 0x5BD1E995 & 0xFFFFFFFF
        k = (k ^ k >> 24) * 0x5BD1E995 & 0xFFFFFFFF
        value = (value * 0x5BD1E995 & 0xFFFFFFFF) ^ k
        index += 4
    rest = key[index:]
    if len(rest) == 3:
        value ^= rest[2] << 16
    if len(rest) >= 2:
        value ^= rest[1] << 8
    if rest:
        value = (value ^ rest[0]) * 0x5BD1E995 & 0xFFFFFFFF
    value = (value ^ value >> 13) * 0x5BD1E995 & 0xFFFFFFFF
    return value ^ value >> 15


def partition_of(key, count):
    return (murmur2(key) & 0x7FFFFFFF) % count


# Suffixes of two labels that the oracle knows; every other is one label.
TWO_LABELS = {"co.uk", "com.au", "co.jp", "com.br", "co.nz", "co.za"}


def account_key(domain):
    """The registrable domain, lower-case."""
    labels = domain.strip().lower().rstrip(".").split(".")
    keep = 3 if ".".join(labels[-2:]) in TWO_LABELS else 2
    return ".".join(labels[-keep:])
