"""An Apache Kafka for tests: a controller and one broker or three, each a process of its own; and the product's own command
line on it.

The controller is not the broker. A broker that is its own controller and is killed comes back with the leadership it had,
begins to end the transactions that were open, and, when its own controller takes that leadership away, drops the markers that it
could not write yet ("these partitions are likely deleted already"): Kafka 4.3.0 then calls those transactions ended, and
their records stand in every reader's way for ever. A controller that lives knows better, where it is given the time to notice.
"""

import base64
import datetime
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import uuid

from processor import seconds_of

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONTROLLER = 100
# Without the second compiler: a node lives for minutes here, and as long that one takes a quarter of two processors and more.
JAVA = {
    "controller": ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    "broker": ["-Xms640m", "-Xmx640m", "-XX:+UseParallelGC", "-XX:TieredStopAtLevel=1"]}
START_SECONDS = 120
STOP_SECONDS = 30
LOOK_SECONDS = 0.1
CREATE_ATTEMPTS = 5
# A broker that is silent for so long has its partitions taken away.
BROKER_SESSION_SECONDS = 3.0
# The controller looks eight times in a session; and some time for a busy machine.
FENCED_SECONDS = BROKER_SESSION_SECONDS * 9 / 8 + 1.0
PROPERTIES = """
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
broker.heartbeat.interval.ms=500
log.segment.bytes=33554432
num.recovery.threads.per.data.dir=2
"""
# How soon the broker aborts what a dead owner left open.
REAPER = "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000"
LOGGING = """
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
logger.marker.name = kafka.coordinator.transaction.TransactionMarkerChannelManager
logger.marker.level = INFO
"""


def kafka_home():
    """Where an Apache Kafka's `libs` are; `None` where there is none. A KAFKA_HOME that holds none is an error: another Kafka
    would be tried in its place."""
    given = os.environ.get("KAFKA_HOME")
    for home in [given] if given else [ROOT.parent / "shared" / "kafka", ROOT.parent.parent / "shared" / "kafka"]:
        if list((pathlib.Path(home) / "libs").glob("kafka_2*.jar")):
            return pathlib.Path(home)
    if given:
        sys.exit(f"KAFKA_HOME: no Apache Kafka in {given} (libs/kafka_2*.jar)")
    return None


def free_port(count):
    """The first of `count` ports in a row that nobody listens on."""
    for port in range(21_000 + os.getpid() % 8_000, 32_000, count):
        sockets = []
        try:
            for index in range(count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port + index))
            return port
        except OSError:
            continue
        finally:
            for opened in sockets:
                opened.close()
    raise RuntimeError("no free ports")


class Node:
    """A controller or a broker on its own directory, over all its restarts."""

    def __init__(self, number, port, directory, properties):
        self.number = number
        self.port = port
        self.directory = directory / f"node-{number}"
        self.directory.mkdir(parents=True)
        self._properties = self.directory / "server.properties"
        self._properties.write_text(properties + f"node.id={number}\nlog.dirs={self.directory / 'data'}\n")
        self._logging = self.directory / "log4j2.properties"
        self._logging.write_text(LOGGING)
        self.process = None
        self.processor_seconds = 0.0  # of its dead processes

    def _java(self, *arguments):
        return ["java", *JAVA["controller" if self.number == CONTROLLER else "broker"], f"-Dlog4j2.configurationFile={self._logging}",
                "-cp", f"{kafka_home()}/libs/*", *arguments]

    def format(self, cluster):
        subprocess.run(
            self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties)),
            check=True, timeout=START_SECONDS, stdout=subprocess.DEVNULL)

    def launch(self):
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)

    def is_up(self):
        """Whether it takes connections; raises where it ended by itself."""
        if self.process is None:
            return False
        if self.process.poll() is not None:
            raise RuntimeError(f"node {self.number} ended with {self.process.returncode}: {self.directory / 'server.log'}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def all_seconds(self):
        """Processor time of this node over all its lives."""
        return self.processor_seconds + (seconds_of(self.process.pid) if self.process else 0.0)

    def kill(self):
        self.processor_seconds = self.all_seconds()
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.process = None


class Cluster:
    """`port` is the controller's, the brokers have those after it; `properties` (KEY=VALUE) are the brokers'."""

    def __init__(self, directory, nodes, port=None, properties=()):
        self.nodes = nodes
        port = port or free_port(nodes + 1)
        copies, least = min(nodes, 3), min(nodes, 2)
        common = PROPERTIES + f"controller.quorum.voters={CONTROLLER}@127.0.0.1:{port}\n" + (
            f"broker.session.timeout.ms={int(BROKER_SESSION_SECONDS * 1_000)}\n"
            f"default.replication.factor={copies}\nmin.insync.replicas={least}\n"
            f"offsets.topic.replication.factor={copies}\ntransaction.state.log.replication.factor={copies}\n"
            f"transaction.state.log.min.isr={least}\n{REAPER}\n")
        broker = directory / "broker"
        self.controller = Node(
            CONTROLLER, port, broker, common + f"process.roles=controller\nlisteners=CONTROLLER://127.0.0.1:{port}\n")
        self.brokers = {
            number: Node(number, port + number, broker, common + "process.roles=broker\n"
                         f"listeners=PLAINTEXT://127.0.0.1:{port + number}\n"
                         f"advertised.listeners=PLAINTEXT://127.0.0.1:{port + number}\n"
                         + "".join(f"{line}\n" for line in properties))
            for number in range(1, nodes + 1)}
        self.bootstrap = ",".join(f"127.0.0.1:{node.port}" for node in self.brokers.values())

    def _all(self):
        return [self.controller, *self.brokers.values()]

    def start(self):
        cluster = base64.urlsafe_b64encode(uuid.uuid5(uuid.NAMESPACE_DNS, "tributary.torture").bytes).decode().rstrip("=")
        for node in self._all():
            node.format(cluster)
            node.launch()
        self.wait()

    def kill(self, number):
        self.brokers[number].kill()

    def launch(self, number):
        self.brokers[number].launch()

    def is_up(self):
        return all(node.is_up() for node in self._all())

    def wait(self):
        end = time.monotonic() + START_SECONDS
        while not self.is_up():
            if time.monotonic() > end:
                raise RuntimeError(f"a broker does not listen after {START_SECONDS} s")
            time.sleep(LOOK_SECONDS)

    def all_seconds(self):
        return sum(node.all_seconds() for node in self._all())

    def stop(self):
        """Nobody reads on: what is not on disk may be lost."""
        for node in self._all():
            if node.process is not None:
                node.kill()


class Product:
    """The built executables, and what the command line is told on every call."""

    CALL_SECONDS = 1_800

    def __init__(self, directory, bootstrap, binaries):
        self.data = directory / "client"
        self.bootstrap = bootstrap
        self.binaries = binaries

    def missing(self):
        names = ["tributary", *(f"{worker}-worker" for worker in ("referral", "approval", "payout", "notification"))]
        return [name for name in names if not (self.binaries / name).exists()]

    def run(self, *arguments, check=True):
        done = subprocess.run(
            [str(self.binaries / "tributary"), *arguments, "--log", f"kafka://{self.bootstrap}", "--data", str(self.data),
             "--timeout", str(self.CALL_SECONDS // 2)],
            timeout=self.CALL_SECONDS, capture_output=True, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"tributary {' '.join(arguments[:2])} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done

    def prepare(self):
        """Topics, the sample programme with nothing held back, people, partners, payees and rates."""
        examples = ROOT / "Examples"
        programme = (examples / "program.yaml").read_text()
        for old, new in (("hold_days: 30", "hold_days: 0"), ("max_open_registrations: 400", "max_open_registrations: 1000000"),
                         ("registration_before_close_days: 7", "registration_before_close_days: 0"),
                         ("min_decided_referrals: 20", "min_decided_referrals: 1000000")):
            if old not in programme:
                raise RuntimeError(f"Examples/program.yaml no longer says `{old}`")
            programme = programme.replace(old, new)
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "program.yaml").write_text(programme)
        for attempt in range(CREATE_ATTEMPTS):
            # A broker that has just started makes its own topics first, and may be slow about it.
            if self.run("topics", "create", check=attempt + 1 == CREATE_ATTEMPTS).returncode == 0:
                return

    def publish(self):
        """Needs running workers: the command line waits until they have taken the register in."""
        examples = ROOT / "Examples"
        self.run("import", "--people", str(examples / "people.csv"), "--yes")
        self.run("program", "publish", str(self.data / "program.yaml"), "--as", "psn_olivia", "--reason", "torture", "--yes")
        self.run("import", "--partners", str(examples / "partners.csv"), "--payees", str(examples / "payees.csv"),
                 "--fx", str(self._rates(examples)), "--yes")

    def _rates(self, examples):
        """The sample's rates, dated today: the newest ones are what a deal of today is converted by."""
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        lines = (examples / "fx.csv").read_text().splitlines()
        newest = {}
        for line in lines[1:]:
            source, target, _, rate, name = line.split(",")
            newest[source, target] = f"{source},{target},{today},{rate},{name}"
        path = self.data / "fx.csv"
        path.write_text("\n".join([lines[0], *newest.values()]) + "\n")
        return path

    def clear(self):
        shutil.rmtree(self.data, ignore_errors=True)
