"""The faults: what each does to the worker, and what is to become of it."""

import errno
import os
import time

from world import LOOK_SECONDS

KILOBYTE = 1024


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

    def __init__(self, world):
        self.world = world
        self.notes = []

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
        self.world.wire.cut()

    def end(self):
        self.world.wire.mend()


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


ALL = [FullDisk, ReadOnlyDisk, BrokenDisk, BrokerDown, NetworkCut, SlowSync, ClockBack]


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
    process = world.victim.process
    world.say(f"{case.name} begins")
    began = time.monotonic()
    case.begin()
    try:
        _watch(world, case, outcome, began)
    finally:
        case.end()
    ended = time.monotonic()
    world.say(f"{case.name} ends after {ended - began:.1f} s")
    _wait_until_back(world, case, outcome, ended)
    if process.poll() is not None:
        outcome.problems.append(f"the worker ended by itself with {process.returncode}")
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
