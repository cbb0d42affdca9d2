"""The faults: what each does to the workers that suffer it, and what is to become of them."""

import errno
import math
import os
import signal
import subprocess
import time

from world import LOOK_SECONDS, PARTITIONS
from workers import WORKERS

KILOBYTE = 1024
# Within which a worker that is told to end has to, and how.
CLOSING_SECONDS, CLEAN_EXIT = 12.0, 0


class Case:
    """One fault. `says` are the codes of /readyz of which each worker must name one; empty where it is to stay ready."""

    name = ""
    # Who suffers it.
    workers = WORKERS
    says = ()
    # Codes that it may name besides, and must be done with before the end.
    may_say = ()
    # How long it lasts from when each worker has given a first sign of it, or from its begin where there is to be none, in
    # seconds.
    lasts = 8.0
    # Until a sign must be seen, and until it has to work again, in seconds.
    sign_within, back_within = 60.0, 60.0
    # Whether no position may be committed at the end of the fault; and whether one may of a partition that /readyz does not name.
    stands_still, spares_others = True, False
    # How many brokers there are where it happens.
    brokers = 1
    # Why mails cannot be written meanwhile, if so.
    mail_failure = None

    def __init__(self, world):
        self.world = world
        self.victims = [world.victims[worker] for worker in self.workers]
        self.notes = []
        self.problems = []

    def impossible(self):
        """Why the machine does not allow it; `None` where it does."""
        return None

    def begin(self):
        raise NotImplementedError

    def keep_up(self):
        """Called again and again while it lasts."""

    def end(self):
        raise NotImplementedError

    def fail(self, **values):
        """What the shims of all who suffer it do from now on."""
        for victim in self.victims:
            for name, value in values.items():
                setattr(victim.control, name, value)


# A store is written when it is 20 s old.
STORE_SECONDS = 22.0


class DiskCase(Case):
    """A store is written when it is old enough, or much is to be written: until then a partition goes on without the disk."""

    lasts = 25.0


class FullDisk(DiskCase):
    """A store that is closed gives its log's room back, so the disk is filled again and again. A partition that was quick enough
    to get it, or has room in its own log, goes on meanwhile."""

    name, says, spares_others, mail_failure = "full disk", ("store_full",), True, os.strerror(errno.ENOSPC)

    def impossible(self):
        return self.world.no_mount

    def begin(self):
        self._ballast = self.world.disk / "ballast"
        self.keep_up()

    def keep_up(self):
        with open(self._ballast, "ab", buffering=0) as file:
            for size in (1024 * KILOBYTE, 4 * KILOBYTE):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def end(self):
        self._ballast.unlink()


class ReadOnlyDisk(DiskCase):
    """The kernel makes a disk read-only under a running process where it finds an error; `mount` refuses to, so the shim does."""

    name, says, workers = "read-only disk", ("store_read_only",), ("referral",)

    def begin(self):
        if self.world.is_mounted:
            refused = self.world.remount("ro")
            if refused is None:
                self.notes.append("remounted read-only")
                return
            self.notes.append(refused)
        self.fail(write_error=errno.EROFS)

    def end(self):
        if self.world.is_mounted:
            self.world.remount("rw")
        self.fail(write_error=0)


class FailingWrites(DiskCase):
    name, says, mail_failure = "failing writes", ("store_io",), os.strerror(errno.EIO)

    def begin(self):
        self.fail(write_error=errno.EIO)

    def end(self):
        self.fail(write_error=0)


class FailingReads(Case):
    """Of the stores. What a worker has just used it has in memory, so it is killed before, and has to look for most of it in the
    file again: in a turn, or when it writes the store. A partition that needs nothing of the kind goes on. A worker with small
    stores, as the payout worker's are, has all of them as soon as they are open: it is killed once more, and cannot open them."""

    name, says, spares_others = "failing reads", ("store_io",), True

    def begin(self):
        self._start_again(self.victims)
        self.world.wait_until_ready()
        self._files = self._stores()
        for victim in self.victims:
            victim.read_log()
            victim.faults.clear()
        self.fail(read_error=errno.EIO, failed_reads=0)
        self._patience = time.monotonic() + STORE_SECONDS

    def keep_up(self):
        if self._patience < time.monotonic():
            self._patience = math.inf
            self._start_again(victim for victim in self.victims if victim.control.failed_reads == 0)

    def end(self):
        self.fail(read_error=0)
        for victim in self.victims:
            victim.read_log()
            if victim.control.failed_reads == 0:
                self.problems.append(f"the {victim.worker} worker read nothing of its stores")
        if not any(" in: SELECT " in fault for victim in self.victims for fault in victim.faults):
            self.problems.append("no read failed in a turn")
        gone = self._files - self._stores()
        self.notes.append("failed reads: " + ", ".join(f"{victim.worker} {victim.control.failed_reads}" for victim in self.victims))
        if gone:
            self.problems.append(f"{len(gone)} of {len(self._files)} stores were thrown away")

    @staticmethod
    def _start_again(victims):
        for victim in victims:
            victim.kill()
            victim.start()

    def _stores(self):
        """The files by their names and numbers: one that is made anew has another."""
        return {(entry.path, entry.inode()) for victim in self.victims for folder in victim.data.glob("*-worker/*/")
                for entry in os.scandir(folder) if entry.name.endswith(".sqlite")}


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
    name, workers, stands_still = "slow fsync", ("referral",), False
    lasts = 20.0

    def begin(self):
        self.fail(sync_delay_ms=1_000)

    def end(self):
        self.fail(sync_delay_ms=0)


class ClockBack(Case):
    """Waits that had begun end late, those of the Kafka client among them: its heartbeats may stop, and the group then takes the
    partitions away, once. It says so, and goes on by itself while the clock still is wrong."""

    name, workers, stands_still = "clock jumps back", ("referral",), False
    may_say = ("ownership_lost", "not_assigned", "restoring")
    lasts = 30.0

    def begin(self):
        self.fail(clock_ms=-3_600_000)

    def end(self):
        self.fail(clock_ms=0)


class BrokerStandsStill(Case):
    """It keeps its connections and answers nothing, and the workers are told to end meanwhile: what is not answered they give
    up."""

    name, says = "broker stands still", ("log_unreachable", "not_assigned")

    def begin(self):
        self._broker = self.world.cluster.brokers[1].process
        self._broker.send_signal(signal.SIGSTOP)

    def end(self):
        try:
            began = time.monotonic()
            for victim in self.victims:
                victim.signal(signal.SIGTERM)
            for victim in self.victims:
                self._see_end(victim, began)
        finally:
            self._broker.send_signal(signal.SIGCONT)
        for victim in self.victims:
            victim.start()

    def _see_end(self, victim, began):
        try:
            code = victim.process.wait(max(0, began + CLOSING_SECONDS - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.problems.append(f"told to end, the {victim.worker} worker had not after {CLOSING_SECONDS:.0f} s")
            victim.kill()
            return
        self.notes.append(f"told to end, the {victim.worker} worker did within {time.monotonic() - began:.1f} s with {code}")
        if code != CLEAN_EXIT:
            self.problems.append(f"told to end, the {victim.worker} worker ended with {code}")


class OneBrokerKilled(Case):
    """Of three, the one that has the referral workers' group, and leads partitions of every input as each of them does. The two
    that are left take over what it had when they miss it, and the workers go on with them while it still is away."""

    name, brokers, stands_still = "one of three brokers killed", 3, False
    may_say = ("log_unreachable", "not_assigned", "ownership_lost", "unknown_outcome", "restoring")
    lasts = 30.0

    def begin(self):
        self._broker = self.world.coordinator()
        led = self.world.led_by(self._broker)
        self.notes.append(f"it had the referral workers' group, and led {led} of {PARTITIONS} partitions of their input")
        self.world.cluster.kill(self._broker)

    def end(self):
        self.world.cluster.launch(self._broker)
        self.world.cluster.wait()


# Between two that keep mails from being written others last long enough that nothing has to be waited for.
ALL = [
    FullDisk, BrokerDown, NetworkCut, ReadOnlyDisk, FailingWrites, SlowSync, ClockBack, FailingReads, BrokerStandsStill,
    OneBrokerKilled]


class Sight:
    """What was seen of one worker."""

    def __init__(self, victim):
        self.victim = victim
        self.said = {}  # (code, whether it names what is expected) -> when it was said first, and in which words
        self.sign = None  # seconds until the first reason
        self.back = None  # seconds from the end until it was ready and a position moved
        self.is_ready = None
        self.named = {}  # partitions that it names, and since when
        self.problems = []


class Outcome:
    def __init__(self, case):
        self.case = case
        self.skipped = None
        self.sights = [Sight(victim) for victim in case.victims]

    @property
    def problems(self):
        return self.case.problems + [
            f"the {sight.victim.worker} worker: {problem}" for sight in self.sights for problem in sight.problems]


STILL_SECONDS = 3.0


def suffer(world, case):
    """Does one fault, and sees what becomes of the workers."""
    outcome = Outcome(case)
    outcome.skipped = case.impossible()
    if outcome.skipped:
        return outcome
    if case.mail_failure:
        world.wait_for_mails()
    world.wait_until_ready()
    world.say(f"{case.name} begins")
    began = time.monotonic()
    case.begin()
    try:
        _watch(case, outcome.sights)
    finally:
        case.end()
    ended = time.monotonic()
    world.say(f"{case.name} ends after {ended - began:.1f} s")
    _wait_until_back(case, outcome.sights, ended)
    if case.mail_failure:
        world.note_mail_failure(case.mail_failure)
    for sight in outcome.sights:
        if not sight.victim.is_running:
            sight.problems.append(f"it ended by itself with {sight.victim.process.returncode}")
            sight.victim.start()
    return outcome


def _watch(case, sights):
    began = time.monotonic()
    until = None if case.says else began + case.lasts
    while until is None or time.monotonic() < until:
        case.keep_up()
        for sight in sights:
            _look(case, sight, began)
        now = time.monotonic()
        missing = [sight for sight in sights if sight.sign is None]
        if until is None and not missing:
            until = now + case.lasts
        elif until is None and now - began > case.sign_within:
            for sight in missing:
                sight.problems.append(f"/readyz named none of {', '.join(case.says)} within {case.sign_within:.0f} s")
            until = now
        time.sleep(LOOK_SECONDS)
    for sight in sights:
        _judge(case, sight)


def _look(case, sight, began):
    sight.is_ready, reasons = sight.victim.ready()
    now = time.monotonic()
    seconds = now - began
    if sight.is_ready is not None:  # somebody answered
        sight.named = {reason["partition"]: sight.named.get(reason["partition"], now) for reason in reasons if "partition" in reason}
    for reason in reasons:
        # The code may stand in the message, as the cause of another one: "restoring ..., after ... [store_full]".
        is_named = any(reason["code"] == code or f"[{code}]" in reason["message"] for code in case.says)
        if is_named and sight.sign is None:
            sight.sign = seconds
        sight.said.setdefault((reason["code"], is_named), (seconds, reason["message"]))
    if sight.is_ready is None:
        sight.said.setdefault(("no answer", False), (seconds, ""))


def _judge(case, sight):
    """At the end of the fault."""
    if unexpected := {code for code, _ in sight.said} - set(case.may_say) if not case.says else ():
        sight.problems.append(f"it was unready: {', '.join(sorted(unexpected))}")
    if not case.says and not sight.is_ready:
        sight.problems.append("it was unready at the end")
    positions = sight.victim.positions
    still = time.monotonic() - positions.moved
    if case.spares_others:
        if not sight.named:
            sight.problems.append("it named no partition at the end")
        sight.problems += [
            f"partition {number} went on: a position was committed {positions.moved_at[number] - since:.1f} s after it was named"
            for number, since in sight.named.items() if positions.moved_at[number] - since > STILL_SECONDS]
    elif case.stands_still and still < STILL_SECONDS:
        sight.problems.append(f"it went on: a position was committed {still:.1f} s before the end")
    if not case.stands_still and still > STILL_SECONDS + 2:
        sight.problems.append(f"it stood still for {still:.1f} s")


def _wait_until_back(case, sights, ended):
    waiting = list(sights)
    while waiting and time.monotonic() - ended < case.back_within:
        for sight in list(waiting):
            if sight.victim.ready()[0] and sight.victim.positions.moved > ended:
                sight.back = time.monotonic() - ended
            if sight.back is not None or not sight.victim.is_running:
                waiting.remove(sight)
        time.sleep(LOOK_SECONDS)
    for sight in waiting:
        sight.problems.append(f"it does not work again {case.back_within:.0f} s after the end: {sight.victim.ready()}")
