"""The broker under torture, and the product's own command line on it."""

import os
import pathlib
import shutil
import socket
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
START_SECONDS = 300
STOP_SECONDS = 60
CREATE_ATTEMPTS = 5
# How soon the broker aborts what a dead owner left open.
BROKER_PROPERTIES = ["transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
                     "group.initial.rebalance.delay.ms=0"]


def kafka_home():
    """Where `bin/kafka-local` is; `None` where there is none."""
    for home in (os.environ.get("KAFKA_HOME"), ROOT.parent / "shared" / "kafka", ROOT.parent.parent / "shared" / "kafka"):
        if home and (pathlib.Path(home) / "bin" / "kafka-local").is_file():
            return pathlib.Path(home)
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


class Cluster:
    def __init__(self, directory, nodes):
        self.script = str(kafka_home() / "bin" / "kafka-local")
        self.directory = str(directory / "broker")
        self.nodes = nodes
        self.port = free_port(2 * nodes)
        self.bootstrap = ",".join(f"127.0.0.1:{self.port + 2 * index}" for index in range(nodes))

    def _call(self, *arguments, seconds):
        environment = dict(os.environ, KAFKA_HEAP_OPTS=os.environ.get("KAFKA_HEAP_OPTS", "-Xmx512m"))
        subprocess.run(
            [self.script, *arguments], check=True, timeout=seconds, env=environment, stdout=subprocess.DEVNULL)

    def start(self):
        self._call("start", self.directory, "--port", str(self.port), "--nodes", str(self.nodes), *BROKER_PROPERTIES,
                   seconds=START_SECONDS)

    def restart(self):
        self._call("start", self.directory, seconds=START_SECONDS)

    def kill(self, node):
        self._call("kill", self.directory, str(node), seconds=STOP_SECONDS)

    def stop(self):
        self._call("stop", self.directory, seconds=STOP_SECONDS)


class Product:
    """The built executables, and what the command line is told on every call."""

    CALL_SECONDS = 400

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
        import datetime
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
