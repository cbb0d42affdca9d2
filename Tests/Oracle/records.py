"""Records of a log as the oracle sees them, and the two places they come from: a dump and a broker."""

import base64
import gzip
import json
import lzma
import time


class Record:
    """One record; `topic` without the installation's prefix. Of a repeated header the last one counts."""

    __slots__ = ("topic", "partition", "offset", "time", "key", "headers", "value", "_data")

    def __init__(self, topic, partition, offset, time, key, headers, value):
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.time = time
        self.key = key
        self.headers = headers
        self.value = value
        self._data = None

    @property
    def place(self):
        return f"{self.topic}/{self.partition}/{self.offset}"

    def text(self, header):
        value = self.headers.get(header)
        return None if value is None else value.decode("utf-8", "replace")

    @property
    def type(self):
        """`referral.submitted` of `io.tributary.referral.submitted.v1`; empty where it is another's."""
        value = self.headers.get("ce_type") or b""
        if value.startswith(b"io.tributary.") and value.endswith(b".v1"):
            return value[13:-3].decode("utf-8", "replace")
        return ""

    @property
    def data(self):
        """The value as JSON; `None` where it is none. Fractions are not taken: nothing here counts in them."""
        if self._data is None and self.value is not None:
            try:
                self._data = json.loads(self.value)
            except ValueError:
                return None
        return self._data


def open_structured(record):
    """Turns a structured CloudEvent into the binary one of the same meaning; others stay as they are."""
    kind = (record.headers.get("content-type") or b"").lower()
    if not kind.startswith(b"application/cloudevents+json") or not isinstance(record.data, dict):
        return record
    headers = dict(record.headers)
    for name in ("specversion", "id", "source", "type", "time", "subject"):
        if isinstance(record.data.get(name), str):
            headers["ce_" + name] = record.data[name].encode()
    headers["content-type"] = b"application/json"
    value = json.dumps(record.data.get("data"), separators=(",", ":")).encode()
    return Record(record.topic, record.partition, record.offset, record.time, record.key, headers, value)


class Dump:
    """A log exported as one JSON object a line: topic, partition, offset, time, key, headers, value; what is no UTF-8
    stands as {"base64": ...}. Plain, .gz or .xz."""

    def __init__(self, path, prefix="tributary"):
        opener = {"gz": gzip.open, "xz": lzma.open}.get(str(path).rsplit(".", 1)[-1], open)
        with opener(path, "rt", encoding="utf-8") as lines:
            records = [self._record(json.loads(line), prefix) for line in lines]
        self._topics = {}
        for record in records:
            self._topics.setdefault(record.topic, []).append(record)

    @classmethod
    def of(cls, records):
        made = cls.__new__(cls)
        made._topics = {}
        for record in records:
            made._topics.setdefault(record.topic, []).append(record)
        return made

    @classmethod
    def _record(cls, row, prefix):
        topic = row["topic"]
        if topic.startswith(prefix + "."):
            topic = topic[len(prefix) + 1 :]
        headers = {name: cls._bytes(value) for name, value in row["headers"]}
        return Record(
            topic, row["partition"], row["offset"], row["time"], cls._bytes(row["key"]), headers,
            cls._bytes(row["value"]))

    @staticmethod
    def _bytes(value):
        if isinstance(value, dict):
            return base64.b64decode(value["base64"])
        return None if value is None else value.encode()

    def partitions(self, topic):
        return max((record.partition for record in self._topics.get(topic, [])), default=-1) + 1

    def read(self, topic):
        return iter(sorted(self._topics.get(topic, []), key=lambda record: (record.partition, record.offset)))


class Broker:
    """Committed records of a Kafka cluster's topics, each up to where it ended when asked."""

    PATIENCE_SECONDS = 60
    # A read waits so long for a whole batch, also at the end of a topic.
    READ_SECONDS = 0.3
    BATCH = 5_000

    def __init__(self, bootstrap, prefix="tributary"):
        import confluent_kafka  # Debian: python3-confluent-kafka

        self._kafka = confluent_kafka
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._consumer = self._open("read_committed")
        self._metadata = self._consumer.list_topics(timeout=30).topics

    def _open(self, isolation):
        return self._kafka.Consumer({
            "bootstrap.servers": self._bootstrap, "group.id": "oracle", "isolation.level": isolation,
            "enable.auto.commit": False, "auto.offset.reset": "error", "enable.partition.eof": True,
            "fetch.message.max.bytes": 4 << 20, "queued.max.messages.kbytes": 65536})

    def partitions(self, topic):
        found = self._metadata.get(f"{self._prefix}.{topic}")
        return len(found.partitions) if found else 0

    def read(self, topic, start=None):
        """From the first record, or from an offset for each partition."""
        name = f"{self._prefix}.{topic}"
        places = [self._kafka.TopicPartition(name, partition, 0) for partition in range(self.partitions(topic))]
        if not places:
            return
        for place in places:
            place.offset = start[place.partition] if start else self._consumer.get_watermark_offsets(place, timeout=30)[0]
        self._consumer.assign(places)
        open_partitions = {place.partition for place in places}
        last = time.monotonic()
        while open_partitions:
            messages = self._consumer.consume(self.BATCH, timeout=self.READ_SECONDS)
            if messages:
                last = time.monotonic()
            elif time.monotonic() - last > self.PATIENCE_SECONDS:
                raise RuntimeError(f"{name}: nothing was read for {self.PATIENCE_SECONDS} s before its end")
            for message in messages:
                error = message.error()
                if error is None:
                    headers = {header: value for header, value in message.headers() or []}
                    yield Record(
                        topic, message.partition(), message.offset(), message.timestamp()[1], message.key(), headers,
                        message.value())
                elif error.code() == self._kafka.KafkaError._PARTITION_EOF:
                    open_partitions.discard(message.partition())
                elif not error.retriable():
                    raise RuntimeError(f"{name}: {error}")
        self._consumer.unassign()

    def close(self):
        self._consumer.close()
