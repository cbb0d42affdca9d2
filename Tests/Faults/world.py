"""Where the faults happen: a broker or three, each with a second way to it that can be cut, three workers that are left alone,
and the referral worker that is not."""

import mmap
import os
import pathlib
import struct
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "Tests" / "Torture"), str(ROOT / "Tests" / "Oracle")]

import confluent_kafka  # noqa: E402
from cluster import Cluster, Product, free_port  # noqa: E402
from load import PARTITIONS, Load  # noqa: E402
from proxy import Proxy  # noqa: E402
from verdict import ask_oracle, complaints  # noqa: E402
from watch import DRAIN_PATIENCE, wait_until_drained  # noqa: E402
from workers import WORKERS, Copy, readyz, reasons, wait_for_exit  # noqa: E402

TOPIC, GROUP = "tributary.referral.v1", "tributary.referral-worker"
POSITIONS = "__consumer_offsets"
ORACLE_SECONDS = 600
READY_SECONDS = 60
CALL_SECONDS = 5
LOOK_SECONDS = 0.2
DISK_MEGABYTES = 192


def java_hash(text):
    """What `String.hashCode` says of ASCII."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFF_FFFF
    return value - (1 << 32) if value >> 31 else value


class Control:
    """What the shim in the worker does from now on."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(16))
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 16)
        self._values = {"write_error": 0, "sync_delay_ms": 0, "clock_ms": 0}

    def set(self, **values):
        self._values.update(values)
        self._memory[:] = struct.pack("<iiq", *self._values.values())

    def clear(self):
        self.set(write_error=0, sync_delay_ms=0, clock_ms=0)


class Victim(Copy):
    """The referral worker: through the wires, on a small disk of its own, with the shim in it."""

    def __init__(self, world):
        super().__init__("referral", 0, world.directory, world.wire_address, world.binaries)
        self.data = world.disk
        self.port = world.ops_port
        self._command[self._command.index("--data") + 1] = str(self.data)
        self._command += ["--ops-port", str(self.port), "--threads", "2"]
        self._shimmed = dict(
            os.environ, LD_PRELOAD=str(world.shim), FAULT_CONTROL=str(world.control.path), FAULT_PATH=str(self.data))

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
    """How far the referral worker's group has committed, over time; straight from the broker."""

    def __init__(self, bootstrap):
        super().__init__(name="positions", daemon=True)
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": GROUP, "enable.auto.commit": False,
            "reconnect.backoff.max.ms": 500})
        self.moved = time.monotonic()
        self.sum = 0
        self.answered = time.monotonic()
        self._stop_flag = threading.Event()

    def run(self):
        places = [confluent_kafka.TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        while not self._stop_flag.wait(LOOK_SECONDS):
            try:
                found = sum(max(0, place.offset) for place in self._consumer.committed(places, CALL_SECONDS))
            except confluent_kafka.KafkaException:
                continue
            self.answered = time.monotonic()
            if found > self.sum:
                self.sum, self.moved = found, self.answered
        self._consumer.close()

    def leaders(self, topic):
        """The broker that leads each partition of a topic."""
        partitions = self._consumer.list_topics(topic, CALL_SECONDS).topics[topic].partitions
        return [partitions[number].leader for number in range(len(partitions))]

    def stop(self):
        self._stop_flag.set()
        self.join(2 * CALL_SECONDS)


class World:
    def __init__(self, options, directory, binaries, brokers):
        self.options = options
        self.directory = directory
        self.binaries = binaries
        port = free_port(3 * brokers + 2)
        self.cluster = Cluster(directory, brokers, port=port)
        self.product = Product(directory, self.cluster.bootstrap, binaries)
        self.ops_port = port + brokers + 1
        # Of each broker: the worker's end of its wire, and the listener at the other.
        self._wire_ports = [(near, near + brokers) for near in range(self.ops_port + 1, self.ops_port + 1 + brokers)]
        self.wire_address = ",".join(f"127.0.0.1:{near}" for near, _ in self._wire_ports)
        for node, (near, far) in zip(self.cluster.brokers.values(), self._wire_ports):
            self._add_listener(node, near, far)
        self.shim = directory / "shim.so"
        self.control = Control(directory / "control")
        self.disk = directory / "disk"
        self.disk.mkdir()
        self.is_mounted = False
        self.victim = self.load = self.positions = None
        self.wires, self.others = [], []
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
        """A small disk for the worker; `None`, or why the machine does not give one."""
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
        self.victim = Victim(self)
        self.others = [
            Copy(worker, 0, self.directory, self.cluster.bootstrap, self.binaries) for worker in WORKERS if worker != "referral"]
        for copy in (self.victim, *self.others):
            copy.start()
        self.product.publish()
        self.positions = Positions(self.cluster.bootstrap)
        self.positions.start()
        self.load = Load(self.cluster.bootstrap, self.options.seed, self.options.rate)
        self.wait_until_ready()
        self.say("the programme is published, the load has begun")

    def wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        while self.victim.ready()[0] is not True:
            if time.monotonic() > end:
                raise RuntimeError(f"the worker is not ready after {READY_SECONDS} s: {self.victim.ready()}")
            time.sleep(LOOK_SECONDS)

    # What a case needs to know

    def coordinator(self):
        """The broker that has the referral workers' group: the leader of the positions' partition that Kafka gives it."""
        leaders = self.positions.leaders(POSITIONS)
        return leaders[abs(java_hash(GROUP)) % len(leaders)]

    def led_by(self, broker):
        """How many partitions of the referral workers' input a broker leads."""
        return self.positions.leaders(TOPIC).count(broker)

    # The end

    def drain(self):
        self.load.stop()
        took = wait_until_drained(self.cluster.bootstrap)
        self.say(f"lag is not 0, and nothing has moved for {DRAIN_PATIENCE} s" if took is None
                 else f"nothing is left to do after {took:.1f} s")
        return took is not None

    def judge(self):
        """Ends the workers and asks the oracle; what it complains of."""
        late = wait_for_exit([self.victim, *self.others])
        self.say("the oracle reads the log")
        judgement = ask_oracle(self.cluster.bootstrap, ORACLE_SECONDS)
        return judgement["figures"], complaints(judgement) + [f"{name} did not leave in time" for name in late]

    def close(self):
        if self.positions is not None:
            self.positions.stop()
        if self.load is not None:
            self.load.kill()
        for copy in [self.victim, *self.others]:
            if copy is not None and copy.is_running:
                copy.kill()
        for wire in self.wires:
            wire.stop()
        self.cluster.stop()
        if self.is_mounted and (complaint := self.run("umount", str(self.disk))):
            self.say(complaint)
