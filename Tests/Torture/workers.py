"""Copies of the four workers as processes: started, killed, stopped, and always ended by their own process ids."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request

from processor import seconds_of

WORKERS = ("referral", "approval", "payout", "notification")
SESSION_SECONDS = 6
TRANSACTION_SECONDS = 5
CLOSE_SECONDS = 30
FILES = ("--mail", "eml")
PARTITIONS = re.compile(r"\d+")


class Copy:
    """One copy of a worker on its own disk, over all its restarts."""

    def __init__(self, worker, number, directory, bootstrap, binaries, options=(), transaction_seconds=TRANSACTION_SECONDS,
                 mail=lambda name: FILES):
        self.worker = worker
        self.name = f"{worker}-{number}"
        self.data = directory / "disks" / self.name
        self.log_path = directory / f"{self.name}.log"
        self._command = [
            str(binaries / f"{worker}-worker"), "--log", f"kafka://{bootstrap}", "--data", str(self.data),
            "--session-timeout", str(SESSION_SECONDS), "--transaction-timeout", str(transaction_seconds), *options]
        if worker == "notification":
            self._command += [*mail(self.name), "--mail-from", "partners@torture.example"]
        self.process = None
        self.is_stopped = False
        self.starts = 0
        self.signals = []  # (time of day, number) of all that it was sent
        self.losses = []  # (from, to, as times of day) of when it lost partitions: between two looks at what it said
        self._looks = (time.time(), time.time())
        self._seconds_before = self._seconds = 0.0  # processor time: of its dead processes, of this one
        self._read = 0
        self.partitions = {}  # those it runs, and since when
        self.has_started = False
        self.lines = []  # (when it was read, level, message) of all it said
        self.faults = []

    def start(self):
        self.starts += 1
        self._seconds_before += self._seconds
        self._seconds = 0.0
        self.partitions = {}
        self.has_started = False
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.is_stopped = False

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.is_running:
            os.kill(self.pid, number)
            # What the process did before it had the signal lies before this.
            self.signals.append((time.time(), number))

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(CLOSE_SECONDS)

    def all_seconds(self):
        """Processor time of this copy over all its lives, as far as it was looked at."""
        return self._seconds_before + self._seconds

    def delete_store(self):
        for path in self.data.rglob("*.sqlite*"):
            path.unlink()

    def delete_disk(self):
        # Out of the way at once; a hundred thousand mails are not deleted beside what is measured.
        self.data.rename(f"{self.data}.lost-{self.starts}")

    def read_log(self):
        """Takes in what the copy said since the last call: which partitions it runs, and what failed."""
        if self.is_running:
            self._seconds = seconds_of(self.pid) or self._seconds
        if not self.log_path.exists():
            return
        self._looks = (self._looks[1], time.time())
        with open(self.log_path, "rb") as log:
            log.seek(self._read)
            text = log.read()
        end = text.rfind(b"\n") + 1
        self._read += end
        for line in text[:end].decode("utf-8", "replace").splitlines():
            self._take(line)

    def _take(self, line):
        try:
            entry = json.loads(line)
        except ValueError:
            self.faults.append(line)
            return
        message = entry.get("message", "")
        self.lines.append((time.monotonic(), entry.get("level"), message))
        if message == "started":
            self.partitions = {}
            self.has_started = True
        elif entry.get("level") == "error":
            self.faults.append(message)
        elif message.startswith(("revoked", "lost")):
            self.losses.append(self._looks)
            for number in PARTITIONS.findall(message):
                self.partitions.pop(int(number), None)
        elif message.startswith("partition") and message.endswith("runs"):
            self.partitions.setdefault(int(PARTITIONS.search(message)[0]), time.monotonic())


def readyz(port):
    """Whether /readyz answers 200, and its page; `(None, None)` where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return True, json.load(answer)
    except urllib.error.HTTPError as error:
        return False, json.load(error)
    except (OSError, ValueError):
        return None, None


def reasons(page):
    """Why the workers of a page of /readyz are not ready."""
    return [reason for worker in page["workers"] for reason in worker.get("reasons", [])] if page else []


def wait_for_exit(copies):
    """Ends every copy; those that do not leave in time are killed. Returns names of the latter."""
    for copy in copies:
        copy.signal(signal.SIGCONT)
        copy.signal(signal.SIGTERM)
    late = []
    deadline = time.monotonic() + CLOSE_SECONDS
    for copy in copies:
        if copy.process is None:
            continue
        try:
            copy.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            late.append(copy.name)
            copy.kill()
    return late
