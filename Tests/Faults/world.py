"""Where the faults happen: a broker or three, each with a second way to it that can be cut, and the four workers, on one small
disk."""

import ctypes
import mmap
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "Tests" / "Torture"), str(ROOT / "Tests" / "Oracle")]

import confluent_kafka  # noqa: E402
import mails  # noqa: E402
import records  # noqa: E402
from cluster import Cluster, Product, free_port  # noqa: E402
from load import PARTITIONS, Load  # noqa: E402
from placement import WORKERS  # noqa: E402
from proxy import Proxy  # noqa: E402
from verdict import ask_oracle, complaints  # noqa: E402
from watch import DRAIN_PATIENCE, PREFIX, wait_until_drained  # noqa: E402
from workers import Copy, readyz, reasons, wait_for_exit  # noqa: E402

POSITIONS = "__consumer_offsets"
ORACLE_SECONDS = 600
READY_SECONDS = 60
CALL_SECONDS = 5
LOOK_SECONDS = 0.2
TRICKLE_SECONDS = 1.0
# It has to have room for the mails of all cases.
DISK_MEGABYTES = 1536
# After so long a mail that could not be written has been tried again: the worker waits for a minute.
MAIL_SECONDS = 75


def topic_of(worker):
    return f"{PREFIX}.{WORKERS[worker]}"


def group_of(worker):
    return f"{PREFIX}.{worker}-worker"


def java_hash(text):
    """What `String.hashCode` says of ASCII."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFF_FFFF
    return value - (1 << 32) if value >> 31 else value


class Control(ctypes.Structure):
    """What the shim in a worker does from now on, in the shim's words."""

    _fields_ = [("write_error", ctypes.c_int32), ("sync_delay_ms", ctypes.c_int32), ("clock_ms", ctypes.c_int64),
                ("read_error", ctypes.c_int32), ("failed_reads", ctypes.c_int32)]

    @classmethod
    def at(cls, path):
        path.write_bytes(bytes(ctypes.sizeof(cls)))
        with open(path, "r+b") as file:
            return cls.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(cls)))


class Victim(Copy):
    """A worker: through the wires, on the small disk, with the shim in it."""

    def __init__(self, worker, world, port):
        super().__init__(worker, 0, world.directory, world.wire_address, world.binaries)
        self.data = world.disk / worker
        self.port = port
        self._command[self._command.index("--data") + 1] = str(self.data)
        self._command += ["--ops-port", str(port), "--threads", "2"]
        path = world.directory / f"{worker}.control"
        self.control = Control.at(path)
        self._shimmed = dict(os.environ, LD_PRELOAD=str(world.shim), FAULT_CONTROL=str(path), FAULT_PATH=str(self.data))
        self.positions = Positions(worker, world.cluster.bootstrap)

    def start(self):
        self.starts += 1
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._shimmed, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def ready(self):
        """(whether it is, reasons); `(None, [])` where nobody answers."""
        is_ready, page = readyz(self.port)
        return is_ready, reasons(page)


class Positions(threading.Thread):
    """How far a worker's group has committed, over time; straight from the broker."""

    def __init__(self, worker, bootstrap):
        super().__init__(name=f"positions of {worker}", daemon=True)
        self._topic = topic_of(worker)
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": group_of(worker), "enable.auto.commit": False,
            "reconnect.backoff.max.ms": 500, "log_level": 0})
        # By partition: how far it has come, and when it was seen to move.
        self._found = [0] * PARTITIONS
        self.moved_at = [time.monotonic()] * PARTITIONS
        self._stop_flag = threading.Event()

    def run(self):
        places = [confluent_kafka.TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        while not self._stop_flag.wait(LOOK_SECONDS):
            try:
                found = self._consumer.committed(places, CALL_SECONDS)
            except confluent_kafka.KafkaException:
                continue
            for place in found:
                if place.offset > self._found[place.partition]:
                    self._found[place.partition], self.moved_at[place.partition] = place.offset, time.monotonic()
        self._consumer.close()

    @property
    def moved(self):
        """When any of them did last."""
        return max(self.moved_at)

    def leaders(self, topic):
        """The broker that leads each partition of a topic."""
        partitions = self._consumer.list_topics(topic, CALL_SECONDS).topics[topic].partitions
        return [partitions[number].leader for number in range(len(partitions))]

    def stop(self):
        self._stop_flag.set()
        self.join(2 * CALL_SECONDS)


class Trickle(threading.Thread):
    """A record a second for each partition of each worker's input, which becomes a dead letter. So each of them always has
    something to do, whatever those before it in the chain suffer, and shows whether it stands still and whether it goes on."""

    def __init__(self, bootstrap):
        super().__init__(name="trickle", daemon=True)
        self._producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0})
        self._stop_flag = threading.Event()

    def run(self):
        while not self._stop_flag.wait(TRICKLE_SECONDS):
            for worker in WORKERS:
                for number in range(PARTITIONS):
                    self._producer.produce(topic_of(worker), b"no event", partition=number)
            self._producer.poll(0)
        self._producer.flush()

    def stop(self):
        self._stop_flag.set()
        self.join()


class World:
    def __init__(self, options, directory, binaries, brokers):
        self.options = options
        self.directory = directory
        self.binaries = binaries
        port = free_port(3 * brokers + 1 + len(WORKERS))
        self.cluster = Cluster(directory, brokers, port=port)
        self.product = Product(directory, self.cluster.bootstrap, binaries)
        self._ops_ports = dict(zip(WORKERS, range(port + brokers + 1, port + 3 * brokers + 1 + len(WORKERS))))
        # Of each broker: the workers' end of its wire, and the listener at the other.
        first = port + brokers + 1 + len(WORKERS)
        self._wire_ports = [(near, near + brokers) for near in range(first, first + brokers)]
        self.wire_address = ",".join(f"127.0.0.1:{near}" for near, _ in self._wire_ports)
        for node, (near, far) in zip(self.cluster.brokers.values(), self._wire_ports):
            self._add_listener(node, near, far)
        self.shim = directory / "shim.so"
        self.disk = directory / "disk"
        self.disk.mkdir()
        self.is_mounted = False
        self.load = self.trickle = None
        self.victims, self.wires = {}, []
        # Why mails could not be written, and until when.
        self.mail_failures, self._mail_failed = [], None
        self._began = time.monotonic()

    def say(self, text):
        print(f"faults: {time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    @staticmethod
    def _add_listener(node, near, far):
        """A client that comes through a wire is told to go on through the wires. Of a property given twice the last counts."""
        with open(node.directory / "server.properties", "a", encoding="utf-8") as file:
            file.write(
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,WIRE:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
                f"listeners=PLAINTEXT://127.0.0.1:{node.port},WIRE://127.0.0.1:{far}\n"
                f"advertised.listeners=PLAINTEXT://127.0.0.1:{node.port},WIRE://127.0.0.1:{near}\n")

    def mount(self):
        """A small disk for the workers; `None`, or why the machine does not give one."""
        return self.run("mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=0700", "tributary-faults", str(self.disk))

    def remount(self, mode):
        return self.run("mount", "-o", f"remount,{mode}", str(self.disk))

    @staticmethod
    def run(*words):
        """`None`, or what the command complained of."""
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except OSError as error:
            return f"{' '.join(words)}: {error}"
        return None if done.returncode == 0 else f"{' '.join(words)}: {(done.stderr or done.stdout).strip()}"

    def start(self):
        subprocess.run(
            ["gcc", "-O2", "-shared", "-fPIC", "-o", str(self.shim), str(ROOT / "Tests" / "Faults" / "shim.c"), "-ldl", "-lpthread"],
            check=True)
        self.no_mount = self.mount()
        self.is_mounted = self.no_mount is None
        self.say("starting the brokers")
        self.cluster.start()
        self.wires = [Proxy(near, far) for near, far in self._wire_ports]
        for wire in self.wires:
            wire.start()
        self.product.prepare()
        self.victims = {worker: Victim(worker, self, port) for worker, port in self._ops_ports.items()}
        for victim in self.victims.values():
            victim.positions.start()
            victim.start()
        self.product.publish()
        self.load = Load(self.cluster.bootstrap, self.options.seed, self.options.rate)
        self.trickle = Trickle(self.cluster.bootstrap)
        self.trickle.start()
        self.wait_until_ready()
        self.say("the programme is published, the load has begun")

    def wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        while unready := [victim for victim in self.victims.values() if victim.ready()[0] is not True]:
            if time.monotonic() > end:
                raise RuntimeError("; ".join(
                    f"the {victim.worker} worker is not ready after {READY_SECONDS} s: {victim.ready()}" for victim in unready))
            time.sleep(LOOK_SECONDS)

    # Mails

    def note_mail_failure(self, reason):
        """Mails could not be written until now, for this reason."""
        self.mail_failures.append(reason)
        self._mail_failed = time.monotonic()

    def wait_for_mails(self):
        """Until those that could not be written have been tried again: the oracle takes more than two attempts for a fault."""
        left = 0 if self._mail_failed is None else self._mail_failed + MAIL_SECONDS - time.monotonic()
        if left > 0:
            self.say(f"waits {left:.0f} s for mails that are to be written again")
            time.sleep(left)

    # What a case needs to know

    def coordinator(self):
        """The broker that has the referral workers' group: the leader of the positions' partition that Kafka gives it."""
        leaders = self.victims["referral"].positions.leaders(POSITIONS)
        return leaders[abs(java_hash(group_of("referral"))) % len(leaders)]

    def led_by(self, broker):
        """How many partitions of the referral workers' input a broker leads."""
        return self.victims["referral"].positions.leaders(topic_of("referral")).count(broker)

    # The end

    def drain(self):
        self.wait_for_mails()
        self.load.stop()
        self.trickle.stop()
        took = wait_until_drained(self.cluster.bootstrap)
        self.say(f"lag is not 0, and nothing has moved for {DRAIN_PATIENCE} s" if took is None
                 else f"nothing is left to do after {took:.1f} s")
        return took is not None

    def judge(self):
        """Ends the workers, asks the oracle, and looks at what it does not know; figures and complaints."""
        late = wait_for_exit(self.victims.values())
        self.say("the oracle reads the log")
        judgement = ask_oracle(self.cluster.bootstrap, ORACLE_SECONDS)
        log = records.Broker(self.cluster.bootstrap, PREFIX)
        figures, wrong = mails.check(log, self.victims["notification"].data / "mail", self.mail_failures)
        return {**judgement["figures"], **figures}, [
            *complaints(judgement), *wrong, *self._letters_for_nothing(log), *(f"{name} did not leave in time" for name in late)]

    @staticmethod
    def _letters_for_nothing(log):
        """Records that a worker gave up where a fault should have stopped it."""
        return [f"{record.place}: a dead letter processing_failed: {record.text('__connect.errors.exception.message')}"
                for worker in WORKERS for record in log.read(f"{worker}-worker.dlq.v1")
                if record.text("tributary-error-code") == "processing_failed"]

    def close(self):
        for victim in self.victims.values():
            victim.positions.stop()
        if self.load is not None:
            self.load.kill()
        for victim in self.victims.values():
            if victim.is_running:
                victim.kill()
        for wire in self.wires:
            wire.stop()
        self.cluster.stop()
        if self.is_mounted and (complaint := self.run("umount", str(self.disk))):
            self.say(complaint)
