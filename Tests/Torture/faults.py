"""What is done to workers and brokers, one step after the other, by a seed."""

import random
import signal
import time

from cluster import FENCED_SECONDS
from workers import CLOSE_SECONDS, Copy

# Kind and weight of a step. Adding and removing copies together are one step of ten.
WORKER_STEPS = {"kill": 50, "stop": 12, "terminate": 10, "add": 5, "remove": 5, "lose_store": 8, "lose_disk": 4}
BROKER_STEP = 3
PAUSE_SECONDS = (0.4, 2.0)
# While a broker is down nobody commits: with more of these most kills would not count.
BROKER_PAUSE_SECONDS = 150.0
# Some stops last longer than the session: the process wakes up fenced.
STOP_SECONDS = (0.5, 9.0)
RESTART_SECONDS = 0.9
BROKER_DOWN_SECONDS = (0.5, 6.0)
COPIES = (2, 3)
LOOK_SECONDS = 0.1
# What comes back after a death. A store that is gone is as long in coming as its changelog is long; without its identity the
# session, the transaction and the broker's reaper have to pass; and where the group's members change meanwhile, a partition may
# get an owner that has no store of it.
WHOLE, NO_STORE, NO_IDENTITY, MOVED = (
    "identity and store", "identity, store deleted", "no identity", "identity, but the group's members changed meanwhile")
# What changes them, also some time before: a member that is gone without a word is missed after its session.
MOVING = ("stop", "goes on", "add", "remove", "lose_disk", "lose_store")
MOVING_SECONDS = 15.0
# How long a partition may take until it works again before it is looked into.
SLOW_SECONDS = 10.0
CLEAN_EXIT = 0


class Faults:
    def __init__(self, seed, fleet, watch, cluster, kinds, say):
        self.random = random.Random(seed ^ 0x5EED)
        self.fleet = fleet
        self.watch = watch
        self.cluster = cluster
        self.say = say
        steps = {kind: weight for kind, weight in {**WORKER_STEPS, "broker": BROKER_STEP}.items() if not kinds or kind in kinds}
        self._kinds, self._weights = list(steps), list(steps.values())
        self.counts = {}
        self.idle_kills = 0
        self._last_broker = 0.0
        self.problems = []
        self.broker_times = []  # (killed at, back at)
        self._broker_died = None
        self._pending = []  # (time, action, copy that it is about)
        self._leaving = []  # (asked at, copy, returns)
        self._done = []  # (time, what)
        self._waiting = []  # (killed at, worker, partitions that must move again, what returns)
        # By what returned: (worker, partition, time from a death until it certainly moved again).
        self.recoveries = {WHOLE: [], NO_STORE: [], NO_IDENTITY: [], MOVED: []}

    def step(self):
        """Does one fault; a restart that it asks for is done by `tend`."""
        kind = self.random.choices(self._kinds, self._weights)[0]
        getattr(self, f"_{kind}")()
        return self.random.uniform(*PAUSE_SECONDS)

    def kill_broker_once(self):
        """So that no torture that is to have this fault goes without it."""
        if "broker" in self._kinds and not self.counts.get("broker"):
            self._broker()

    def tend(self):
        """Restarts what is due, starts again what died by itself, and follows recoveries. To be called often."""
        now = time.monotonic()
        for entry in [entry for entry in self._pending if entry[0] <= now]:
            self._pending.remove(entry)
            entry[1]()
        self._see_broker(now)
        self._follow_leaving(now)
        for copy in self.fleet.copies():
            copy.read_log()
            if (copy.process.poll() is not None and not self._is_leaving(copy)
                    and not any(copy is owner for _, _, owner in self._pending)):
                self._died(copy)
        for entry in list(self._waiting):
            self._follow(entry, now)

    def _follow(self, entry, now):
        began, worker, partitions, returns = entry
        for number in list(partitions):
            if self.watch.has_worked(worker, number, began):
                partitions.discard(number)
                if not self._broker_was_down(began):
                    self._recovered(worker, number, began, now, returns)
            elif self.watch.is_idle(worker, number, began):
                partitions.discard(number)
        if not partitions:
            self._waiting.remove(entry)

    def _recovered(self, worker, number, began, now, returns):
        if returns == WHOLE and any(
                time >= began - MOVING_SECONDS and text.startswith(MOVING) and f" {worker}" in text for time, text in self._done):
            returns = MOVED
        if now - began > SLOW_SECONDS:
            began = self.watch.work_since(worker, number, began)
        self.recoveries[returns].append((worker, number, now - began))
        if returns == WHOLE and now - began > SLOW_SECONDS:
            self._tell_slow(worker, number, began, now)

    def is_waiting(self):
        """Whether a partition has not worked again since its worker died."""
        return bool(self._waiting)

    def _tell_slow(self, worker, number, began, now):
        """What this worker's copies said and what was done to them while a partition stood still for long."""
        self.say(f"{worker} {number} works again {now - began:.1f} s after a death:")
        entries = [(time, f"{copy.name}: {message}") for copy in self.fleet.ever if copy.worker == worker
                   for time, _, message in copy.lines if time >= began]
        entries += [(time, text) for time, text in self._done if time >= began]
        for time_of_it, text in sorted(entries):
            print(f"    {time_of_it - began:6.1f} s  {text[:160]}", flush=True)

    def _died(self, copy):
        self._complain(f"{copy.name} ended by itself with {copy.process.returncode}: {copy.faults[-1:]}")
        self._pending.append((time.monotonic() + RESTART_SECONDS, copy.start, copy))

    def _see_broker(self, now):
        if self._broker_died is not None and self.cluster.is_up():
            self.broker_times.append((self._broker_died, now))
            self.say(f"the broker is back after {now - self._broker_died:.1f} s")
            self._broker_died = None

    def _broker_was_down(self, since):
        return self._broker_died is not None or any(end >= since for _, end in self.broker_times)

    def end(self):
        """No more faults: everything that is stopped goes on, everything that is down comes back."""
        while self._leaving:
            self._follow_leaving(time.monotonic())
            time.sleep(LOOK_SECONDS)
        for _, action, _ in sorted(self._pending, key=lambda entry: entry[0]):
            action()
        self._pending.clear()
        self.cluster.wait()
        self._see_broker(time.monotonic())

    # Steps

    def _is_at_work(self, copy):
        """Whether this process has committed a turn in the last seconds: a partition moved since it runs it."""
        return any(self.watch.has_just_worked(copy.worker, number, since) for number, since in copy.partitions.items())

    def _pick(self, at_work=False):
        running = [
            copy for copy in self.fleet.copies() if copy.is_running and not copy.is_stopped and not self._is_leaving(copy)]
        working = [copy for copy in running if self._is_at_work(copy)] if at_work else []
        return self.random.choice(working or running) if running else None

    def _count(self, kind, copy=None, about=""):
        self._done.append((time.monotonic(), f"{kind} {copy.name if copy else about}"))
        if copy is not None and not self._is_at_work(copy):
            self.idle_kills += 1
            kind += "_idle"
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def _later(self, seconds, action, owner):
        self._pending.append((time.monotonic() + seconds, action, owner))

    def _strike(self, kind, returns=WHOLE):
        """Kills a copy, which comes back; `None` where none runs."""
        copy = self._pick(at_work=True)
        if copy is None:
            return None
        copy.read_log()
        self._count(kind, copy)
        self._lose(copy, returns)
        copy.kill()
        self._later(self.random.uniform(0.05, RESTART_SECONDS), copy.start, copy)
        return copy

    def _lose(self, copy, returns):
        """From now on its partitions are waited for; where they were already, from now on."""
        for _, worker, partitions, _ in self._waiting:
            if worker == copy.worker:
                partitions -= set(copy.partitions)
        self._waiting.append((time.monotonic(), copy.worker, set(copy.partitions), returns))

    def _wait_anew(self, copy):
        """It is made to leave before all of its partitions have worked again: they are waited for from now on."""
        now = time.monotonic()
        for _, worker, partitions, returns in list(self._waiting):
            if worker == copy.worker and (again := partitions & set(copy.partitions)):
                partitions -= again
                self._waiting.append((now, worker, again, returns))

    def _kill(self):
        self._strike("kill")

    def _lose_store(self):
        if copy := self._strike("lose_store", returns=NO_STORE):
            copy.delete_store()

    def _lose_disk(self):
        if copy := self._strike("lose_disk", returns=NO_IDENTITY):
            copy.delete_disk()

    def _stop(self):
        copy = self._pick()
        if copy is None:
            return
        self._count("stop", about=copy.name)
        copy.signal(signal.SIGSTOP)
        copy.is_stopped = True

        def go_on():
            copy.signal(signal.SIGCONT)
            copy.is_stopped = False
            self._done.append((time.monotonic(), f"goes on {copy.name}"))
        self._later(self.random.uniform(*STOP_SECONDS), go_on, copy)

    def _terminate(self):
        copy = self._pick()
        if copy is None:
            return
        self._count("terminate", about=copy.name)
        self._wait_anew(copy)
        self._ask_to_leave(copy, returns=True)

    def _ask_to_leave(self, copy, returns):
        copy.signal(signal.SIGTERM)
        self._leaving.append((time.monotonic(), copy, returns))

    def _is_leaving(self, copy):
        return any(copy is leaving for _, leaving, _ in self._leaving)

    def _follow_leaving(self, now):
        for entry in list(self._leaving):
            began, copy, returns = entry
            if copy.is_running:
                if now - began < CLOSE_SECONDS:
                    continue
                self._complain(f"{copy.name} did not leave within {CLOSE_SECONDS} s of SIGTERM")
                copy.kill()
            self._leaving.remove(entry)
            self._judge_exit(copy)
            if returns:
                self._later(self.random.uniform(0.05, RESTART_SECONDS), copy.start, copy)

    def _judge_exit(self, copy):
        code = copy.process.returncode
        copy.read_log()
        if code == -signal.SIGTERM and not copy.has_started:
            # It was asked before it could take requests, and held nothing yet.
            return
        if code not in (CLEAN_EXIT, -signal.SIGKILL):
            self._complain(f"{copy.name} left with {code} on SIGTERM")

    def _complain(self, text):
        self.problems.append(text)
        self.say(text)

    def _add(self):
        worker = self.random.choice([name for name in self.fleet.workers if len(self.fleet.workers[name]) < COPIES[1]] or [None])
        if worker is None:
            return
        self._count("add", about=worker)
        self.fleet.add(worker).start()

    def _remove(self):
        worker = self.random.choice([name for name in self.fleet.workers if len(self.fleet.workers[name]) > COPIES[0]] or [None])
        if worker is None:
            return
        copy = self.random.choice(self.fleet.workers[worker])
        if copy.is_stopped or not copy.is_running or self._is_leaving(copy):
            return
        self._count("remove", about=copy.name)
        copy.read_log()
        self._lose(copy, NO_IDENTITY)
        self.fleet.workers[worker].remove(copy)
        if self.random.random() < 0.5:
            copy.kill()
        else:
            self._ask_to_leave(copy, returns=False)

    def _broker(self):
        if self._broker_died is not None or time.monotonic() - self._last_broker < BROKER_PAUSE_SECONDS:
            return
        self._last_broker = time.monotonic()
        node = self.random.randint(1, self.cluster.nodes)
        self._count("broker", about=str(node))
        self._broker_died = time.monotonic()
        self.say(f"broker node {node} is killed")
        self.cluster.kill(node)
        down = self.random.uniform(*BROKER_DOWN_SECONDS)
        if self.cluster.nodes == 1:
            # Nobody else could lead its partitions: see `cluster`.
            down = max(down, FENCED_SECONDS)
        self._later(down, lambda: self.cluster.launch(node), self.cluster)


class Fleet:
    """All copies of all workers, with these options; `mail` gives those of a notification worker's copy, by its name."""

    def __init__(self, directory, bootstrap, binaries, options=(), **mail):
        self._arguments = (directory, bootstrap, binaries, options)
        self._mail = mail
        self._numbers = {}
        self.workers = {}
        self.ever = []  # also those that were removed

    def add(self, worker):
        number = self._numbers.get(worker, 0)
        self._numbers[worker] = number + 1
        copy = Copy(worker, number, *self._arguments, **self._mail)
        self.workers.setdefault(worker, []).append(copy)
        self.ever.append(copy)
        return copy

    def copies(self):
        return [copy for copies in self.workers.values() for copy in copies]
