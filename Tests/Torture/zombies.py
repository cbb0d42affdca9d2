"""The matrix of zombies: a worker is stopped before and after each step of its turn for longer than its session, and goes on
when others have its partitions. Nothing of what it then does may be seen in any topic or store."""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

import confluent_kafka
from cluster import Cluster, Product
from load import PARTITIONS, Load
from stopping import POINTS, Stopping, go_on
from verdict import ask_oracle, complaints
from watch import DRAIN_PATIENCE, PREFIX, wait_until_drained
from workers import SESSION_SECONDS, WORKERS, Copy, wait_for_exit

# The two memberships are tried side by side, each on a worker of its own.
MEMBERSHIPS = ("static", "dynamic")
STOP_SECONDS = SESSION_SECONDS + 2.5
TAKEN_SECONDS = 60
WORK_SECONDS = 60
QUIET_SECONDS = 1.0
READ_SECONDS = 0.1
MARKER_SECONDS = 10
ORACLE_SECONDS = 600
TURN_KEY = b"turn\0turn\0"
NUMBERS = re.compile(r"\d+")


class Changelog:
    """A worker's changelog as its readers see it, and as it is with what was aborted."""

    def __init__(self, bootstrap, worker):
        self.topic = f"{PREFIX}.{worker}-worker.changelog.v1"
        self.committed = {number: [] for number in range(PARTITIONS)}  # (offset, key, value)
        self.turns = {number: [] for number in range(PARTITIONS)}  # (turn, epoch, input offset) in their order
        self._written, self._seen = set(), set()  # turn rows, by partition and offset: all, and the committed ones
        self._consumers = {level: self._open(bootstrap, level) for level in ("read_committed", "read_uncommitted")}
        self.positions = {level: dict.fromkeys(range(PARTITIONS), 0) for level in self._consumers}

    @staticmethod
    def _open(bootstrap, level):
        return confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": "zombies", "enable.auto.commit": False, "isolation.level": level,
            "auto.offset.reset": "error", "enable.partition.eof": True})

    def read(self):
        """Takes in what came since the last call, up to the present ends."""
        self._written |= {
            (number, offset) for number, offset, key, _ in self._records("read_uncommitted") if key == TURN_KEY}
        for number, offset, key, value in self._records("read_committed"):
            self.committed[number].append((offset, key, value))
            if key == TURN_KEY:
                self._seen.add((number, offset))
                self.turns[number].append((*self._turn(value), json.loads(value)["input_offset"]))

    def aborted(self):
        """The turns that were written and that no reader of committed records has seen, though it has passed them."""
        passed = self.positions["read_committed"]
        return {(number, offset) for number, offset in self._written - self._seen if offset < passed[number]}

    @staticmethod
    def _turn(value):
        row = json.loads(value)
        return row["turn"], row["epoch"]

    def _records(self, level):
        consumer, positions = self._consumers[level], self.positions[level]
        consumer.assign([confluent_kafka.TopicPartition(self.topic, number, at) for number, at in positions.items()])
        waiting = set(positions)
        while waiting:
            for message in consumer.consume(1_000, timeout=READ_SECONDS):
                number, error = message.partition(), message.error()
                if error is None:
                    positions[number] = message.offset() + 1
                    yield number, message.offset(), message.key(), message.value()
                elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    positions[number] = max(positions[number], message.offset())
                    waiting.discard(number)
                elif not error.retriable():
                    raise RuntimeError(f"{self.topic}: {error}")
        consumer.unassign()

    def disorder(self):
        """What is wrong in the order of committed turns: one repeated, left out, or of an owner that had been succeeded."""
        for number, turns in self.turns.items():
            for (turn, epoch, offset), (next_turn, next_epoch, next_offset) in zip(turns, turns[1:]):
                if next_turn != turn + 1 or next_epoch < epoch or next_offset < offset:
                    yield (f"{self.topic}/{number}: turn {next_turn} of epoch {next_epoch} at {next_offset} after turn {turn} of "
                           f"epoch {epoch} at {offset}")

    def rows(self, number, end):
        """The rows of a partition as the changelog has them below an offset; and its last turn there."""
        rows, turn = {}, None
        for offset, key, value in self.committed[number]:
            if offset >= end:
                break
            if key == TURN_KEY:
                turn = self._turn(value)
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
        return rows, turn


def compare_stores(copy, changelog):
    """Holds every store on a copy's disk against the changelog; how many rows were the same, and what was not."""
    same, wrong = 0, []
    with tempfile.TemporaryDirectory(prefix="tributary-stores.") as directory:
        copy.signal(signal.SIGSTOP)
        try:
            # As a kill at this moment would leave them.
            shutil.copytree(copy.data, directory, dirs_exist_ok=True)
        finally:
            copy.signal(signal.SIGCONT)
        changelog.read()
        for path in sorted(copy.data.rglob("*.sqlite")):
            number = int(path.stem)
            found, problem = compare_store(f"{directory}/{path.relative_to(copy.data)}", number, changelog)
            same += found
            if problem:
                wrong.append(f"{copy.name}, {path.name}: {problem}")
    return same, wrong


def compare_store(path, number, changelog):
    store = sqlite3.connect(path)
    try:
        end, *turn = store.execute("SELECT changelog_offset, turn, epoch FROM store").fetchone()
        tables = [name for name, in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'rows\\_%' ESCAPE '\\'")]
        rows = {}
        for table in tables:
            name = table.removeprefix("rows_").encode()
            rows |= {name + b"\0" + key: value for key, value in store.execute(f'SELECT key, value FROM "{table}"')}
    finally:
        store.close()
    if end is None:
        return 0, f"{len(rows)} rows and no position" if rows else None
    give_up = time.monotonic() + MARKER_SECONDS
    while changelog.positions["read_committed"][number] < end:
        # A commit is known to its worker before the partition has the transaction's marker.
        if time.monotonic() > give_up:
            return 0, f"position {end}, readers of the changelog come to {changelog.positions['read_committed'][number]}"
        changelog.read()
    expected, last = changelog.rows(number, end)
    # A store that was restored before its partition had a turn is of turn 0.
    if tuple(turn) != (last or (0, 0)):
        return 0, f"turn {turn} at {end}, the changelog has {last}"
    expected = {key: value for key, value in expected.items() if f"rows_{key.split(bytes(1), 1)[0].decode()}" in tables}
    for key in rows.keys() | expected.keys():
        if rows.get(key) != expected.get(key):
            return 0, f"row {key!r}: {rows.get(key)!r}, the changelog has {expected.get(key)!r}"
    return len(rows), None


class Pair:
    """Two copies of a worker with one membership; each cell makes a zombie of one of them."""

    def __init__(self, membership, worker, cluster, directory, binaries, transaction_seconds):
        self.membership = membership
        self.copies = [
            Copy(worker, number, directory, cluster.bootstrap, binaries, ("--membership", membership, "--ops-port", "0"),
                 transaction_seconds)
            for number in range(2)]
        self.stopping = Stopping(binaries / f"{worker}-worker")
        self.bootstrap = cluster.bootstrap
        self.worker = worker
        self.changelog = None
        self.rows = []
        self.violations = []

    def run(self, points, say):
        self.changelog = Changelog(self.bootstrap, self.worker)
        for index, point in enumerate(points):
            try:
                row = self._cell(point, *(self.copies if index % 2 == 0 else reversed(self.copies)))
            except (RuntimeError, subprocess.SubprocessError, OSError) as error:
                self.violations.append(f"{self.membership}, {point[1]} step {point[0]}: {error}")
                say(self.violations[-1])
                return
            self.rows.append(row)
            say(" | ".join(row))

    def _cell(self, point, victim, successor):
        self._wait_for_work((victim, successor))
        self.changelog.read()
        before, aborted_before = len(list(self.changelog.disorder())), self.changelog.aborted()
        stands = self.stopping.stop(victim.pid, point)
        stopped = time.monotonic()
        victim.read_log()
        held, mark = set(victim.partitions), len(successor.lines)
        if not held:
            raise RuntimeError("the victim held no partition")
        self._wait_until(
            TAKEN_SECONDS, lambda: held <= self._assigned(successor, mark) and time.monotonic() - stopped >= STOP_SECONDS,
            f"{successor.name} gets {sorted(held)}")
        going_on, mark = time.monotonic(), len(victim.lines)
        go_on(victim.pid, signal.SIGCONT)
        fenced = self._fenced(victim, mark)
        back = self._wait_for_work((victim, successor)) - going_on
        time.sleep(QUIET_SECONDS)
        rows, wrong = 0, []
        for copy in self.copies:
            same, problems = compare_stores(copy, self.changelog)
            rows += same
            wrong += problems
        wrong += list(self.changelog.disorder())[before:]
        aborted = {number for number, _ in self.changelog.aborted() - aborted_before}
        self.violations += [f"{self.membership}, {point[1]} step {point[0]}: {problem}" for problem in wrong]
        return [
            self.membership, f"{point[1]} {point[0]}", stands, f"{going_on - stopped:.1f} s", fenced,
            f"aborted in {sorted(aborted)}" if aborted else "-", f"{rows} rows", f"{back:.1f} s", "; ".join(wrong) or "no trace"]

    @staticmethod
    def _wait_until(seconds, condition, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not within {seconds} s")
            time.sleep(0.1)
        return time.monotonic()

    @staticmethod
    def _assigned(copy, mark):
        copy.read_log()
        assigned = [message for _, _, message in copy.lines[mark:] if message.startswith("assigned")]
        return {int(number) for number in NUMBERS.findall(assigned[-1])} if assigned else set()

    def _fenced(self, victim, mark):
        """What the zombie was told when it went on: its first complaints until it says what it lost."""
        def told():
            victim.read_log()
            return any(message.startswith(("lost", "revoked", "assigned")) for _, _, message in victim.lines[mark:])
        self._wait_until(WORK_SECONDS, told, f"{victim.name} learns that it was succeeded")
        said = []
        for _, level, message in victim.lines[mark:]:
            if level == "error" or message.startswith(("lost", "revoked")):
                said.append(message)
            if message.startswith("assigned"):
                break
        return " / ".join(text[:110] for text in said) or "joins anew"

    def _wait_for_work(self, copies):
        """Until both copies run their partitions, all of them, and each of these has committed a turn since now."""
        begun = {number: len(turns) for number, turns in self.changelog.turns.items()}

        def works():
            for copy in copies:
                copy.read_log()
                if not copy.is_running:
                    raise RuntimeError(f"{copy.name} ended with {copy.process.returncode}: {copy.faults[-1:]}")
            if sorted(number for copy in copies for number in copy.partitions) != list(range(PARTITIONS)):
                return False
            if not all(copy.partitions for copy in copies):
                return False
            self.changelog.read()
            return all(len(turns) > begun[number] for number, turns in self.changelog.turns.items())
        return self._wait_until(WORK_SECONDS, works, "both copies work")


class Zombies:
    def __init__(self, options, directory, binaries):
        self.options = options
        self.directory = directory
        self.cluster = Cluster(directory, 1)
        self.product = Product(directory, self.cluster.bootstrap, binaries)
        self.pairs = [
            Pair(membership, worker, self.cluster, directory, binaries, options.transaction_timeout)
            for membership, worker in zip(MEMBERSHIPS, options.workers)]
        self.copies = [copy for pair in self.pairs for copy in pair.copies] + [
            Copy(worker, 0, directory, self.cluster.bootstrap, binaries) for worker in WORKERS if worker not in options.workers]
        self.load = None
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def say(self, text):
        with self._lock:
            print(f"zombies: {time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def all(self):
        self.cluster.start()
        self.product.prepare()
        for copy in self.copies:
            copy.start()
        self.product.publish()
        self.load = Load(self.cluster.bootstrap, self.options.seed, self.options.rate)
        self.say("the load begins")
        points = [point for point in POINTS if not self.options.step or point[0] in self.options.step]
        threads = [threading.Thread(target=pair.run, args=(points, self.say), daemon=True) for pair in self.pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.load.stop()
        drained = wait_until_drained(self.cluster.bootstrap) is not None
        late = wait_for_exit(self.copies)
        return self._report(points, drained, late)

    def _report(self, points, drained, late):
        judgement = ask_oracle(self.cluster.bootstrap, ORACLE_SECONDS)
        print("\n| members | stopped | in | for | told when it went on | its turn | stores equal to the changelog | works after | "
              "trace |\n" + "| --- " * 9 + "|")
        for pair in self.pairs:
            for row in pair.rows:
                print(f"| {' | '.join(row)} |")
        violations = [violation for pair in self.pairs for violation in pair.violations]
        violations += complaints(judgement)
        if not drained:
            violations.append(f"lag is not 0, and nothing has moved for {DRAIN_PATIENCE} s")
        violations += [f"{name} did not leave in time" for name in late]
        cells = sum(len(pair.rows) for pair in self.pairs)
        print(f"\ncells: {cells} of {len(points) * len(self.pairs)}; oracle: "
              f"{', '.join(f'{name} {number}' for name, number in sorted(judgement['figures'].items()))}")
        for violation in violations:
            print(f"  violation: {violation}")
        print(f"violations: {len(violations)}", flush=True)
        return not violations and cells == len(points) * len(self.pairs)

    def close(self):
        if self.load is not None:
            self.load.kill()
        for copy in self.copies:
            copy.signal(signal.SIGCONT)
            copy.signal(signal.SIGKILL)
        self.cluster.stop()
