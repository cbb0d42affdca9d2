"""What the benchmarks on Kafka share: a broker of their own, the product's processes on it, and how both are measured.

The broker, its command line and the programme are those of the torture (Tests/Torture).
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "Tests" / "Torture"), str(ROOT / "Tests" / "Oracle")]

from processor import seconds_of  # noqa: E402
from workers import readyz  # noqa: E402

SKIPPED = 77
WORKERS = ("referral", "approval", "payout", "notification")
CLOSE_SECONDS = 30
LOOK_SECONDS = 0.05
CALL_SECONDS = 20
# How far below the end of a partition its last record is looked for.
TAIL = 200


def skip(name, why):
    print(f"{name}: SKIPPED, {why}", file=sys.stderr)
    sys.exit(SKIPPED)


def require(name):
    """Ends with 77 where there is nothing to measure with, loudly."""
    try:
        import confluent_kafka  # noqa: F401
    except ImportError:
        skip(name, "python3-confluent-kafka is not installed")
    import cluster
    if cluster.kafka_home() is None or shutil.which("java") is None:
        skip(name, "no broker: set KAFKA_HOME to an Apache Kafka, and have java")
    if shutil.which("gcc") is None:
        skip(name, "no gcc for the bare client")


class Worker:
    """One worker process on a data directory, over all its starts."""

    def __init__(self, rig, worker, prefix, threads=1, data=None):
        self.worker = worker
        self.data = data or rig.directory / "disks" / f"{prefix}-{worker}"
        self.log_path = rig.directory / f"{prefix}-{worker}.log"
        self.port = rig.port()
        self._command = [
            str(rig.binaries / f"{worker}-worker"), "--log", f"kafka://{rig.bootstrap}", "--data", str(self.data),
            "--prefix", prefix, "--threads", str(threads), "--session-timeout", "6", "--ops-port", str(self.port)]
        if worker == "notification":
            self._command += ["--mail", "null"]
        self.process = None
        self.started = None
        self.close_seconds = CLOSE_SECONDS

    def run_under(self, tool, session_timeout):
        """From its next start on; a tool that slows it down needs a longer session."""
        self._command = [*tool, *self._command]
        self._command[self._command.index("--session-timeout") + 1] = str(session_timeout)
        self.close_seconds = 4 * CLOSE_SECONDS

    def start(self):
        with open(self.log_path, "ab") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def ready(self):
        """Whether /readyz answers 200, and what it says; `None` where nobody answers."""
        return readyz(self.port)

    def wait_until_ready(self, limit=120, look=LOOK_SECONDS, saw=lambda page: None):
        """Seconds from the start of the process to its first 200."""
        while True:
            is_ready, page = self.ready()
            now = time.monotonic()
            if is_ready:
                return now - self.started
            if page:
                saw(page)
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.worker}-worker ended with {self.process.returncode}: {self.log_path}")
            if now - self.started > limit:
                raise RuntimeError(f"{self.worker}-worker is not ready after {limit} s: {page}")
            time.sleep(look)

    def cpu(self):
        """Processor seconds so far."""
        return seconds_of(self.process.pid)

    def memory(self):
        """Largest resident memory so far, in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def store_bytes(self):
        return sum(path.stat().st_size for path in self.data.rglob("*.sqlite*"))

    def delete_stores(self):
        for path in self.data.rglob("*.sqlite*"):
            path.unlink()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(self.close_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"{self.worker}-worker did not leave within {self.close_seconds} s") from None
        if code != 0:
            raise RuntimeError(f"{self.worker}-worker left with {code}: {self.log_path}")

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(CLOSE_SECONDS)


class Rig:
    """A broker and a directory, both gone afterwards. Use as a context manager."""

    def __init__(self, name, binaries=None):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"tributary-{name}."))
        self.binaries = pathlib.Path(binaries or ROOT / ".build" / "release").resolve()
        self.client = self.directory / "client"
        self.cluster = None
        self._workers = []
        self._helpers = []
        self._port = 0
        self._consumers = {}
        self._began = time.monotonic()

    def __enter__(self):
        import cluster
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(1))
        subprocess.run(
            ["gcc", "-O2", "-o", str(self.client), str(ROOT / "Benchmarks" / "Kafka" / "client.c"), "-lrdkafka", "-lpthread"],
            check=True)
        self.cluster = cluster.Cluster(self.directory, 1)
        self.bootstrap = self.cluster.bootstrap
        self._port = cluster.free_port(40) + 8
        if missing := cluster.Product(self.directory, self.bootstrap, self.binaries).missing():
            sys.exit(f"{self.name}: not built: {', '.join(missing)}; run `make build` first")
        self.cluster.start()
        return self

    def __exit__(self, kind, error, _):
        for consumer in self._consumers.values():
            consumer.close()
        for process in self._helpers:
            if process.poll() is None:
                process.kill()
        for worker in self._workers:
            worker.kill()
        if self.cluster is not None:
            self.cluster.stop()
        if kind is None:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            print(f"{self.name}: kept {self.directory}", file=sys.stderr)

    def say(self, text):
        print(f"{self.name}: {time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def port(self):
        self._port += 1
        return self._port

    # The product

    def prepare(self, prefix, partitions):
        """Topics and the programme of a new installation on the same broker."""
        import cluster
        os.environ["TRIBUTARY_PREFIX"] = prefix
        os.environ["TRIBUTARY_PARTITIONS"] = str(partitions)
        product = cluster.Product(self.directory / prefix, self.bootstrap, self.binaries)
        product.prepare()
        return product

    def install(self, prefix, partitions, threads=1):
        """A new installation that has its programme; its workers by name, stopped."""
        product = self.prepare(prefix, partitions)
        workers = {name: self.worker(name, prefix, threads=threads) for name in WORKERS}
        for worker in workers.values():
            worker.start()
        product.publish()
        for worker in workers.values():
            worker.stop()
        return workers

    def worker(self, *arguments, **options):
        made = Worker(self, *arguments, **options)
        self._workers.append(made)
        return made

    # The bare client

    def call(self, *arguments):
        """The client's answer: numbers."""
        words = [arguments[0], self.bootstrap, *arguments[1:]]
        done = subprocess.run([str(self.client), *words], check=True, capture_output=True, text=True)
        return [float(word) for word in done.stdout.split()]

    def load(self, path, rate=None):
        """Writes a file's records; how many, and in which time."""
        return self.call("load", str(path), *([str(rate)] if rate else []))

    def create(self, topics, partitions):
        """Makes topics of the benchmark's own; those that are there stay."""
        import confluent_kafka.admin
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.bootstrap})
        known = admin.list_topics(timeout=CALL_SECONDS).topics
        wanted = [confluent_kafka.admin.NewTopic(topic, partitions, 1) for topic in topics if topic not in known]
        for made in (admin.create_topics(wanted) if wanted else {}).values():
            made.result(CALL_SECONDS)

    def helper(self, *arguments, output):
        """The client in the background; its standard output goes to a file."""
        with open(output, "wb") as file:
            process = subprocess.Popen([str(self.client), *arguments], stdout=file, stderr=subprocess.PIPE, text=True)
        self._helpers.append(process)
        return process

    # The log

    def consumer(self, group, isolation="read_committed"):
        import confluent_kafka
        key = (group, isolation)
        if key not in self._consumers:
            self._consumers[key] = confluent_kafka.Consumer({
                "bootstrap.servers": self.bootstrap, "group.id": group, "enable.auto.commit": False,
                "isolation.level": isolation, "auto.offset.reset": "error", "enable.partition.eof": True,
                "fetch.wait.max.ms": 10})
        return self._consumers[key]

    def ends(self, topic, partitions, isolation="read_committed"):
        import confluent_kafka
        consumer = self.consumer("bench-ends", isolation)
        return [consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, number), CALL_SECONDS)[1]
                for number in range(partitions)]

    def targets(self, topic, partitions):
        """The positions behind the last committed records: markers of transactions may follow, which nobody reads."""
        import confluent_kafka
        consumer = self.consumer("bench-targets")
        places = []
        for number in range(partitions):
            low, high = consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, number), CALL_SECONDS)
            places.append(confluent_kafka.TopicPartition(topic, number, max(low, high - TAIL)))
        consumer.assign(places)
        found, left = [place.offset for place in places], set(range(partitions))
        while left:
            message = consumer.poll(CALL_SECONDS)
            if message is None:
                raise RuntimeError(f"{topic}: its end was not reached within {CALL_SECONDS} s")
            if message.error() is None:
                found[message.partition()] = message.offset() + 1
            elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                left.discard(message.partition())
        consumer.unassign()
        return found

    def committed(self, prefix, worker, topic, partitions):
        import confluent_kafka
        places = [confluent_kafka.TopicPartition(topic, number) for number in range(partitions)]
        found = self.consumer(f"{prefix}.{worker}-worker").committed(places, CALL_SECONDS)
        return [max(0, place.offset) for place in found]

    def wait_for(self, prefix, worker, topic, targets, limit=600):
        """Waits until a worker has committed these positions of its input."""
        began = time.monotonic()
        while True:
            found = self.committed(prefix, worker, topic, len(targets))
            if all(position >= target for position, target in zip(found, targets)):
                return
            if time.monotonic() - began > limit:
                raise RuntimeError(f"{worker}-worker: positions {found} below {targets} after {limit} s")
            time.sleep(LOOK_SECONDS)
