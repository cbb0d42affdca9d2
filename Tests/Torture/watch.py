"""Samples committed positions: whether a partition moves, since when it stands still, and when all input is processed."""

import collections
import threading
import time

import confluent_kafka
from placement import WORKERS

SAMPLE_SECONDS = 0.5
# A worker counts as at work where one of its partitions moved so lately.
AT_WORK_SECONDS = 5.0
CALL_SECONDS = 5
DRAIN_PATIENCE = 120
DRAIN_LOOK_SECONDS = 0.1
DRAIN_READ_SECONDS = 3
# No sender sleeps as long.
QUIET_SECONDS = 6.0
COUNT_BATCH = 10_000
COUNT_SECONDS = 0.5
COUNT_PATIENCE = 60
FIRST_SECONDS = 3
# Movements of a partition that are kept: of half an hour.
MOVEMENTS = 4_000
PREFIX = "tributary"


class Standstill:
    """How long a partition with work before it did not move."""

    def __init__(self):
        self.position = None
        self.sampled = 0.0  # when the last sample began
        self.moved = None  # when a sample last saw it moved, and when the one before had begun: it moved between the two
        self.moved_after = 0.0
        self.movements = collections.deque(maxlen=MOVEMENTS)  # as `moved_after`, and the position before
        self.behind_since = None
        self.longest = 0.0

    def sample(self, position, stable, end, began, now):
        """`stable` is where an open transaction holds readers, else the end."""
        if self.position is None or position > self.position:
            self.moved, self.moved_after = now, self.sampled
            if self.position is not None:
                self.movements.append((self.sampled, self.position))
            self.position = position
            self.behind_since = None
        if position < stable - 1 or stable < end:
            # One below the end may be the marker of a transaction, which nobody reads. An open one has a record at least.
            self.behind_since = self.behind_since or now
            self.longest = max(self.longest, now - self.behind_since)
        else:
            self.behind_since = None
        self.sampled = began


class Watch(threading.Thread):
    def __init__(self, bootstrap, partitions):
        super().__init__(name="watch", daemon=True)
        self._brokers = bootstrap
        self._places = {
            worker: [confluent_kafka.TopicPartition(f"{PREFIX}.{topic}", number) for number in range(partitions)]
            for worker, topic in WORKERS.items()}
        self._consumers = {
            worker: confluent_kafka.Consumer({
                "bootstrap.servers": bootstrap, "group.id": f"{PREFIX}.{worker}-worker", "enable.auto.commit": False,
                "isolation.level": "read_committed", "auto.offset.reset": "error", "enable.partition.eof": True,
                "reconnect.backoff.max.ms": 500})
            for worker in WORKERS}
        # Of no group: it only tells where the inputs end, whatever transactions are open.
        self._uncommitted = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": f"{PREFIX}-torture-ends", "enable.auto.commit": False,
            "isolation.level": "read_uncommitted", "reconnect.backoff.max.ms": 500})
        self.state = {(worker, number): Standstill() for worker in WORKERS for number in range(partitions)}
        self._longest = {}
        self._stop_flag = threading.Event()

    def run(self):
        while not self._stop_flag.wait(SAMPLE_SECONDS):
            for worker in WORKERS:
                self._sample(worker)
        for consumer in (*self._consumers.values(), self._uncommitted):
            consumer.close()

    def stop(self):
        self._stop_flag.set()
        self.join(4 * CALL_SECONDS)

    def _sample(self, worker):
        consumer, began = self._consumers[worker], time.monotonic()
        asked = consumer
        try:
            positions = {place.partition: place.offset for place in consumer.committed(self._places[worker], CALL_SECONDS)}
            # In this order: what lies between was there, and held back, at one time.
            asked = self._uncommitted
            ends = self._ends(asked, worker)
            asked = consumer
            stable = self._ends(asked, worker)
        except confluent_kafka.KafkaException:
            # A broker is away; the time goes on. The client would ask the leader that it knew for minutes.
            self._ask_for_leaders(asked)
            return
        now = time.monotonic()
        for number, position in positions.items():
            self.state[worker, number].sample(max(position, 0), stable[number], ends[number], began, now)

    def _ends(self, consumer, worker):
        ends = {place.partition: place.offset for place in consumer.offsets_for_times(
            [confluent_kafka.TopicPartition(place.topic, place.partition, confluent_kafka.OFFSET_END)
             for place in self._places[worker]], CALL_SECONDS)}
        if any(end < 0 for end in ends.values()):
            raise confluent_kafka.KafkaException("a partition has no leader")
        return ends

    @staticmethod
    def _ask_for_leaders(consumer):
        try:
            consumer.list_topics(timeout=CALL_SECONDS)
        except confluent_kafka.KafkaException:
            pass

    # Questions

    def has_worked(self, worker, number, since):
        """Whether a partition has certainly moved since."""
        return self.state[worker, number].moved_after >= since

    def has_just_worked(self, worker, number, since):
        """The same, and within the time that makes a copy one at work."""
        state = self.state[worker, number]
        return state.moved_after >= max(since, time.monotonic() - AT_WORK_SECONDS)

    def is_idle(self, worker, number, since):
        """Whether nothing waits in a partition, as seen since: nor what an open transaction holds back. Offsets alone do not tell
        more: aborted records and the markers of several transactions look like work until a committed record comes. A partition
        that has none but these is waited for, and `work_since` tells from when on."""
        state = self.state[worker, number]
        return state.sampled >= since and state.behind_since is None

    def work_since(self, worker, number, since):
        """When the record was written that a partition moved by first, since; `since` where it was there by then or nobody knows. A
        topic may end with aborted records, which look like work, and nobody moves over them until a committed one comes."""
        start = next((position for after, position in list(self.state[worker, number].movements) if after >= since), None)
        if start is None:
            return since
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self._brokers, "group.id": f"{PREFIX}-torture-first", "enable.auto.commit": False,
            "isolation.level": "read_committed", "auto.offset.reset": "error", "fetch.message.max.bytes": 1 << 16})
        try:
            consumer.assign([confluent_kafka.TopicPartition(self._places[worker][number].topic, number, start)])
            record = consumer.poll(FIRST_SECONDS)
            if record is None or record.error():
                return since
            return max(since, time.monotonic() - (time.time() - record.timestamp()[1] / 1000))
        finally:
            consumer.close()

    def positions(self):
        return {key: state.position or 0 for key, state in self.state.items()}

    def freeze(self):
        """Keeps what was longest. To be called before the load ends: the markers of two transactions that ended one after the other
        look like a record that waits, until the next one comes."""
        self._longest = {key: state.longest for key, state in self.state.items()}

    def longest(self, worker):
        """Of each partition."""
        return [longest for (name, _), longest in sorted(self._longest.items()) if name == worker]


def count_committed(bootstrap, first, last):
    """Committed records of each worker's input from one set of positions up to another: what was processed between."""
    counts = {}
    for worker, topic in WORKERS.items():
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": "torture-count", "enable.auto.commit": False,
            "isolation.level": "read_committed", "auto.offset.reset": "error", "enable.partition.eof": True})
        try:
            places = [
                confluent_kafka.TopicPartition(f"{PREFIX}.{topic}", number, first[worker, number])
                for name, number in first if name == worker]
            consumer.assign(places)
            counts[worker] = 0
            waiting, quiet = {place.partition for place in places}, 0
            while waiting:
                messages = consumer.consume(COUNT_BATCH, timeout=COUNT_SECONDS)
                quiet = 0 if messages else quiet + 1
                if quiet > COUNT_PATIENCE:
                    raise RuntimeError(f"{topic}: partitions {waiting} were not read to their ends")
                for message in messages:
                    number = message.partition()
                    error = message.error()
                    if error is not None and error.code() != confluent_kafka.KafkaError._PARTITION_EOF:
                        raise RuntimeError(f"{topic}/{number}: {error}")
                    if error is not None:
                        waiting.discard(number)
                    elif message.offset() < last[worker, number]:
                        counts[worker] += 1
                    else:
                        waiting.discard(number)
        finally:
            consumer.close()
    return counts


def wait_until_drained(bootstrap, meanwhile=lambda: None):
    """Waits until every worker has processed its input; after how many seconds, or `None` where some is left and nothing has
    moved for `DRAIN_PATIENCE` seconds.

    A message that waits to be sent is not in the input: while senders are at work, what they write ends each silence."""
    began = time.monotonic()
    moved, positions = began, {}
    quiet_since, known = None, None
    while time.monotonic() - moved < DRAIN_PATIENCE:
        meanwhile()
        looked = time.monotonic()
        seen, ends = look_at_inputs(bootstrap)
        if positions != (positions := {**positions, **seen}):
            moved = looked
        if ends is None or ends != known:
            quiet_since, known = looked, ends
        elif looked - quiet_since >= QUIET_SECONDS:
            return quiet_since - began
        time.sleep(DRAIN_LOOK_SECONDS)
    return None


def look_at_inputs(bootstrap):
    """The groups' committed positions, as far as they could be asked for, and where the inputs end: `None` where a committed
    record lies behind a position."""
    positions, ends = {}, {}
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
            positions[worker] = [place.offset for place in committed]
            if ends is None:
                continue
            consumer.assign(committed)
            if has_nothing_to_read(consumer, count):
                ends[worker] = [consumer.get_watermark_offsets(place, CALL_SECONDS)[1] for place in places]
            else:
                ends = None
        except confluent_kafka.KafkaException:
            ends = None
        finally:
            consumer.close()
    return positions, ends


def has_nothing_to_read(consumer, count):
    """Whether all of the consumer's `count` partitions are at their end."""
    ended, deadline = set(), time.monotonic() + DRAIN_READ_SECONDS
    while len(ended) < count:
        message = consumer.poll(0.5)
        if message is None:
            if time.monotonic() > deadline:
                return False
        elif message.error() is None or message.error().code() != confluent_kafka.KafkaError._PARTITION_EOF:
            return False
        else:
            ended.add(message.partition())
    return True
