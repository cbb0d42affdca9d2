"""Samples committed positions: whether a partition moves, since when it stands still, and when all input is processed."""

import threading
import time

import confluent_kafka
from placement import WORKERS

SAMPLE_SECONDS = 0.5
# A worker counts as at work where one of its partitions moved so lately.
AT_WORK_SECONDS = 5.0
CALL_SECONDS = 5
DRAIN_READ_SECONDS = 3
PREFIX = "tributary"


class Standstill:
    """How long a partition with work before it did not move."""

    def __init__(self):
        self.position = None
        self.moved = None
        self.behind_since = None
        self.longest = 0.0
        self.longest_at = None

    def sample(self, position, end, now):
        if self.position is None or position > self.position:
            self.moved = now
            self.position = position
            self.behind_since = None
        if position < end - 1:
            # One below the end may be the marker of a transaction, which nobody reads.
            self.behind_since = self.behind_since or now
            if now - self.behind_since > self.longest:
                self.longest, self.longest_at = now - self.behind_since, now
        else:
            self.behind_since = None


class Watch(threading.Thread):
    def __init__(self, bootstrap, partitions):
        super().__init__(name="watch", daemon=True)
        self._places = {
            worker: [confluent_kafka.TopicPartition(f"{PREFIX}.{topic}", number) for number in range(partitions)]
            for worker, topic in WORKERS.items()}
        self._consumers = {
            worker: confluent_kafka.Consumer({
                "bootstrap.servers": bootstrap, "group.id": f"{PREFIX}.{worker}-worker", "enable.auto.commit": False,
                "isolation.level": "read_committed", "auto.offset.reset": "error", "enable.partition.eof": True,
                "reconnect.backoff.max.ms": 500})
            for worker in WORKERS}
        self.state = {(worker, number): Standstill() for worker in WORKERS for number in range(partitions)}
        self.began = time.monotonic()
        self.ended = None
        self._stop_flag = threading.Event()

    def run(self):
        while not self._stop_flag.wait(SAMPLE_SECONDS):
            for worker in WORKERS:
                self._sample(worker)
        for consumer in self._consumers.values():
            consumer.close()

    def stop(self):
        self._stop_flag.set()
        self.join(4 * CALL_SECONDS)

    def _sample(self, worker):
        consumer = self._consumers[worker]
        try:
            positions = {place.partition: place.offset for place in consumer.committed(self._places[worker], CALL_SECONDS)}
            ends = {place.partition: consumer.get_watermark_offsets(place, CALL_SECONDS)[1]
                    for place in self._places[worker]}
        except confluent_kafka.KafkaException:
            # The broker is away; the time goes on.
            return
        now = time.monotonic()
        for number, position in positions.items():
            self.state[worker, number].sample(max(position, 0), ends[number], now)

    # Questions

    def is_at_work(self, worker, partitions):
        now = time.monotonic()
        return any(
            now - (self.state[worker, number].moved or 0) <= AT_WORK_SECONDS for number in partitions
            if (worker, number) in self.state)

    def is_moving(self, worker, number, since):
        """Whether a partition has moved since, or has nothing to do."""
        state = self.state[worker, number]
        return (state.moved or 0) > since or state.behind_since is None

    def processed(self):
        return sum(state.position or 0 for state in self.state.values())

    def longest(self):
        return max(((state.longest, key) for key, state in self.state.items()), default=(0.0, None))


def is_drained(bootstrap):
    """Whether no committed record lies behind any group's committed position."""
    for worker, topic in WORKERS.items():
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": f"{PREFIX}.{worker}-worker", "enable.auto.commit": False,
            "isolation.level": "read_committed", "auto.offset.reset": "error", "enable.partition.eof": True})
        try:
            count = len(consumer.list_topics(f"{PREFIX}.{topic}", CALL_SECONDS).topics[f"{PREFIX}.{topic}"].partitions)
            places = [confluent_kafka.TopicPartition(f"{PREFIX}.{topic}", number) for number in range(count)]
            committed = consumer.committed(places, CALL_SECONDS)
            for place in committed:
                place.offset = max(place.offset, 0)
            consumer.assign(committed)
            ends, deadline = set(), time.monotonic() + DRAIN_READ_SECONDS
            while len(ends) < count:
                message = consumer.poll(0.5)
                if message is None:
                    if time.monotonic() > deadline:
                        return False
                elif message.error() is None or message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
                    return False
                else:
                    ends.add(message.partition())
        except confluent_kafka.KafkaException:
            return False
        finally:
            consumer.close()
    return True
