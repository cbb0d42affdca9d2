"""The faults: what each does to the worker, and what is to become of it."""

import errno
import os
import signal
import subprocess
import time

from world import LOOK_SECONDS, PARTITIONS

KILOBYTE = 1024
# Within which a worker that is told to end has to, and how.
CLOSING_SECONDS, CLEAN_EXIT = 12.0, 0


class Case:
    """One fault. `says` are the codes of /readyz of which one must be named; empty where the worker is to stay ready."""

    name = ""
    says = ()
    # Codes that it may name besides, and must be done with before the end.
    may_say = ()
    # How long it lasts from the first sign of it, or from its begin where there is to be none, in seconds.
    lasts = 8.0
    # Until a sign must be seen, and until it has to work again, in seconds.
    sign_within, back_within = 60.0, 60.0
    # Whether no position may be committed at the end of the fault.
    stands_still = True
    # How many brokers there are where it happens.
    brokers = 1

    def __init__(self, world):
        self.world = world
        self.notes = []
        self.problems = []

    def impossible(self):
        """Why the machine does not allow it; `None` where it does."""
        return None

    def begin(self):
        raise NotImplementedError

    def end(self):
        raise NotImplementedError


class DiskCase(Case):
    """A store is written when it is 20 s old, or much is to be written: until then a partition goes on without the disk."""

    lasts = 25.0


class FullDisk(DiskCase):
    name, says = "full disk", ("store_full",)

    def impossible(self):
        return self.world.no_mount

    def begin(self):
        self._ballast = self.world.disk / "ballast"
        with open(self._ballast, "wb") as file:
            for size in (1024 * KILOBYTE, 4 * KILOBYTE):
                try:
                    while True:
                        os.write(file.fileno(), bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def end(self):
        self._ballast.unlink()


class ReadOnlyDisk(DiskCase):
    """The kernel makes a disk read-only under a running process where it finds an error; `mount` refuses to, so the shim does."""

    name, says = "read-only disk", ("store_read_only",)

    def begin(self):
        if self.world.is_mounted:
            refused = self.world.remount("ro")
            if refused is None:
                self.notes.append("remounted read-only")
                return
            self.notes.append(refused)
        self.world.control.set(write_error=errno.EROFS)

    def end(self):
        if self.world.is_mounted:
            self.world.remount("rw")
        self.world.control.set(write_error=0)


class BrokenDisk(DiskCase):
    name, says = "I/O error", ("store_io",)

    def begin(self):
        self.world.control.set(write_error=errno.EIO)

    def end(self):
        self.world.control.set(write_error=0)


class BrokerDown(Case):
    name, says = "broker down", ("log_unreachable",)

    def begin(self):
        self.world.cluster.kill(1)

    def end(self):
        self.world.cluster.launch(1)
        self.world.cluster.wait()


class NetworkCut(Case):
    name, says = "network cut", ("log_unreachable", "not_assigned")
    lasts = 12.0

    def begin(self):
        for wire in self.world.wires:
            wire.cut()

    def end(self):
        for wire in self.world.wires:
            wire.mend()


class SlowSync(Case):
    name, stands_still = "slow fsync", False
    lasts = 20.0

    def begin(self):
        self.world.control.set(sync_delay_ms=1_000)

    def end(self):
        self.world.control.set(sync_delay_ms=0)


class ClockBack(Case):
    """Waits that had begun end late, those of the Kafka client among them: its heartbeats may stop, and the group then takes the
    partitions away, once. It says so, and goes on by itself while the clock still is wrong."""

    name, stands_still = "clock jumps back", False
    may_say = ("ownership_lost", "not_assigned", "restoring")
    lasts = 30.0

    def begin(self):
        self.world.control.set(clock_ms=-3_600_000)

    def end(self):
        self.world.control.set(clock_ms=0)


class BrokerStandsStill(Case):
    """It keeps its connections and answers nothing, and the worker is told to end meanwhile: what is not answered it gives up."""

    name, says = "broker stands still", ("log_unreachable", "not_assigned")

    def begin(self):
        self._broker = self.world.cluster.brokers[1].process
        self._broker.send_signal(signal.SIGSTOP)

    def end(self):
        try:
            self._end_worker()
        finally:
            self._broker.send_signal(signal.SIGCONT)
        self.world.victim.start()

    def _end_worker(self):
        victim, began = self.world.victim, time.monotonic()
        victim.signal(signal.SIGTERM)
        try:
            code = victim.process.wait(CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self.problems.append(f"told to end, it had not after {CLOSING_SECONDS:.0f} s")
            victim.kill()
            return
        self.notes.append(f"told to end, it did after {time.monotonic() - began:.1f} s with {code}")
        if code != CLEAN_EXIT:
            self.problems.append(f"told to end, it ended with {code}")


class OneBrokerKilled(Case):
    """Of three, the one that has the worker's group, and leads partitions of its input as each of them does. The two that are left
    take both over when they miss it, and the worker goes on with them while it still is away."""

    name, brokers, stands_still = "one of three brokers killed", 3, False
    may_say = ("log_unreachable", "not_assigned", "ownership_lost", "unknown_outcome", "restoring")
    lasts = 30.0

    def begin(self):
        self._broker = self.world.coordinator()
        self.notes.append(f"it had the group, and led {self.world.led_by(self._broker)} of {PARTITIONS} partitions of the input")
        self.world.cluster.kill(self._broker)

    def end(self):
        self.world.cluster.launch(self._broker)
        self.world.cluster.wait()


ALL = [FullDisk, ReadOnlyDisk, BrokenDisk, BrokerDown, NetworkCut, SlowSync, ClockBack, BrokerStandsStill, OneBrokerKilled]


class Outcome:
    def __init__(self, case):
        self.case = case
        self.skipped = None
        self.said = {}  # (code, whether it names what is expected) -> when it was said first, and in which words
        self.sign = None  # seconds until the first reason
        self.back = None  # seconds from the end until it was ready and a position moved
        self.committed = 0  # during the last seconds of the fault
        self.problems = []


STILL_SECONDS = 3.0


def suffer(world, case):
    """Does one fault, and sees what becomes of the worker."""
    outcome = Outcome(case)
    outcome.skipped = case.impossible()
    if outcome.skipped:
        return outcome
    world.wait_until_ready()
    world.say(f"{case.name} begins")
    began = time.monotonic()
    case.begin()
    try:
        _watch(world, case, outcome, began)
    finally:
        case.end()
    ended = time.monotonic()
    outcome.problems += case.problems
    world.say(f"{case.name} ends after {ended - began:.1f} s")
    _wait_until_back(world, case, outcome, ended)
    if not world.victim.is_running:
        outcome.problems.append(f"the worker ended by itself with {world.victim.process.returncode}")
        world.victim.start()
    return outcome


def _watch(world, case, outcome, began):
    until = None if case.says else began + case.lasts
    while until is None or time.monotonic() < until:
        is_ready, reasons = world.victim.ready()
        now = time.monotonic()
        for reason in reasons:
            # The code may stand in the message, as the cause of another one: "restoring ..., after ... [store_full]".
            is_named = any(reason["code"] == code or f"[{code}]" in reason["message"] for code in case.says)
            if is_named and until is None:
                outcome.sign = now - began
                until = now + case.lasts
            outcome.said.setdefault((reason["code"], is_named), (now - began, reason["message"]))
        if is_ready is None:
            outcome.said.setdefault(("no answer", False), (now - began, ""))
        if until is None and now - began > case.sign_within:
            outcome.problems.append(f"/readyz named none of {', '.join(case.says)} within {case.sign_within:.0f} s")
            until = now
        time.sleep(LOOK_SECONDS)
    if unexpected := {code for code, _ in outcome.said} - set(case.may_say) if not case.says else ():
        outcome.problems.append(f"it was unready: {', '.join(sorted(unexpected))}")
    if not case.says and not is_ready:
        outcome.problems.append("it was unready at the end")
    still = time.monotonic() - world.positions.moved
    if case.stands_still and still < STILL_SECONDS:
        outcome.problems.append(f"it went on: a position was committed {still:.1f} s before the end")
    if not case.stands_still and still > STILL_SECONDS + 2:
        outcome.problems.append(f"it stood still for {still:.1f} s")


def _wait_until_back(world, case, outcome, ended):
    while (now := time.monotonic()) - ended < case.back_within:
        if world.victim.ready()[0] and world.positions.moved > ended:
            outcome.back = now - ended
            return
        if not world.victim.is_running:
            return
        time.sleep(LOOK_SECONDS)
    outcome.problems.append(f"it does not work again {case.back_within:.0f} s after the end: {world.victim.ready()}")
