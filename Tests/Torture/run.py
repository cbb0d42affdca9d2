"""One run of the torture from the first topic to the report."""

import csv
import os
import signal
import sys
import time

from cluster import Cluster, Product
from faults import COPIES, SLOW_SECONDS, WHOLE, Faults, Fleet
from load import PARTITIONS, Load
from mail import Verdict, fates
from processor import seconds_of, seconds_of_machine
from records import Broker
from relay import Relay
from verdict import ask_oracle, complaints
from watch import DRAIN_PATIENCE, Watch, count_committed, wait_until_drained
from workers import FILES, WORKERS, wait_for_exit

TEND_SECONDS = 0.1
READY_SECONDS = 60
RECOVER_SECONDS = 60
ORACLE_SECONDS = 2_400
# What a relay refuses is tried again a minute later; who waits for the end is not to wait for that too.
LAST_REFUSAL_SECONDS = 60
KILLS = ("kill", "lose_store", "lose_disk")
# What is promised on two cores with nothing else to do, by the number of broker nodes; and kills that count.
PROMISED_EVENTS_A_SECOND = {1: 5_000, 3: 1_500}
PROMISED_KILLS_A_MINUTE = 20


class Run:
    def __init__(self, options, kinds, directory, binaries):
        self.options = options
        self.kinds = kinds
        self.directory = directory
        self.cluster = Cluster(directory, options.nodes)
        self.product = Product(directory, self.cluster.bootstrap, binaries)
        self.relay = Relay(options.seed, directory / "mails.ndjson") if options.mail == "smtp" else None
        self.fleet = Fleet(directory, self.cluster.bootstrap, binaries, ("--threads", str(options.threads)),
                           mail=self.relay.options if self.relay else lambda name: FILES)
        self.load = self.watch = self.faults = None
        self._broken_promises = []
        self._began = time.monotonic()

    @property
    def setting(self):
        """What a run is told apart by."""
        options = self.options
        return f"seed {options.seed}, {options.nodes} broker nodes, {options.threads} turn threads a copy"

    def say(self, text):
        print(f"torture: {time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def all(self):
        self.say("starting the broker")
        self.cluster.start()
        self.product.prepare()
        if self.relay:
            self.relay.start()
        for worker in WORKERS:
            for _ in range(COPIES[0]):
                self.fleet.add(worker).start()
        self.product.publish()
        self.say("the programme is published; the load begins")
        self.watch = Watch(self.cluster.bootstrap, PARTITIONS)
        self.watch.start()
        self.load = Load(self.cluster.bootstrap, self.options.seed, self.options.rate)
        self.faults = Faults(
            self.options.seed, self.fleet, self.watch, self.cluster, self.kinds, self.say)
        used = self._processor_seconds()
        first = self.watch.positions()
        seconds = self._torture()
        last = self.watch.positions()
        used = {name: now - used[name] for name, now in self._processor_seconds().items()}
        self.say("the faults end")
        self.faults.end()
        self._recover()
        self.watch.freeze()
        self.load.stop()
        drained = self._drain("the load")
        self.watch.stop()
        # Said before the long rest, which may be broken off.
        self._print_run(seconds, count_committed(self.cluster.bootstrap, first, last), used)
        paid = self.options.unpaid or (self._pay() and self._drain("the payouts"))
        return self._judge(drained and paid)

    def _processor_seconds(self):
        busy, all_of_it = seconds_of_machine()
        seconds = {
            f"{worker} workers": sum(copy.all_seconds() for copy in self.fleet.ever if copy.worker == worker) for worker in WORKERS}
        return {**seconds, "brokers": self.cluster.all_seconds(), "load": self.load.all_seconds(),
                "torture": seconds_of(os.getpid()), "busy": busy, "machine": all_of_it}

    def _torture(self):
        began = time.monotonic()
        end, next_step = began + self.options.minutes * 60, began + 2
        while (now := time.monotonic()) < end:
            self.faults.tend()
            if self.relay and now >= max(began + self.options.minutes * 40, end - LAST_REFUSAL_SECONDS):
                self.relay.calm()
            if now - began >= self.options.minutes * 30:
                self.faults.kill_broker_once()
            if now >= next_step and self.kinds != ["none"]:
                next_step = time.monotonic() + self.faults.step()
            time.sleep(TEND_SECONDS)
        return time.monotonic() - began

    def _recover(self):
        """Under load still, until every partition works again that had lost its worker."""
        began = time.monotonic()
        while self.faults.is_waiting() and time.monotonic() - began < RECOVER_SECONDS:
            self.faults.tend()
            time.sleep(TEND_SECONDS)

    def _drain(self, what):
        """Waits until every worker has processed its input; workers that die meanwhile are started again."""
        took = wait_until_drained(self.cluster.bootstrap, self.faults.tend)
        if took is None:
            self.say(f"{what}: lag is not 0, and nothing has moved for {DRAIN_PATIENCE} s")
            return False
        self.say(f"{what}: nothing is left to do after {took:.1f} s")
        return True

    def _pay(self):
        """A payout run by the command line: planned, approved, exported, confirmed by the bank's results."""
        person = {"plan": "psn_ines", "approve": "psn_kenji"}
        steps = [
            ("payout", "plan", "run_torture", "--as", person["plan"], "--yes"),
            ("payout", "approve", "run_torture", "--as", person["approve"], "--yes"),
            ("payout", "export", "run_torture", "--output", str(self.directory / "run.csv"), "--as", person["plan"], "--yes")]
        for step in steps:
            if not self._call(*step):
                return False
        with open(self.directory / "run.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        results = self.directory / "results.csv"
        with open(results, "w", encoding="utf-8") as file:
            file.write("payout_id,status,reason,value_date\n")
            for index, row in enumerate(rows):
                status, reason = ("RJCT", "AC04 closed account") if index % 7 == 6 else ("ACSC", "")
                file.write(f"{row['payout_id']},{status},{reason},2030-01-01\n")
        self.say(f"{len(rows)} payouts go to the bank")
        return self._call("payout", "reconcile", str(results), "--as", person["plan"], "--yes")

    def _call(self, *arguments):
        done = self.product.run(*arguments, check=False)
        if done.returncode != 0:
            self.say(f"`{' '.join(arguments[:3])}` failed: {done.stdout[-400:]} {done.stderr[-400:]}")
        return done.returncode == 0

    # The end

    def _judge(self, drained):
        until = time.time()
        late = wait_for_exit(self.fleet.copies())
        self.say("the oracle reads the log")
        began = time.monotonic()
        judgement = ask_oracle(self.cluster.bootstrap, ORACLE_SECONDS)
        self.say(f"the oracle has judged after {time.monotonic() - began:.0f} s")
        self._print_judgement(late, judgement)
        delivered = self.relay is None or self._judge_mail(until)
        problems = self.faults.problems or self._broken_promises or late or self.load.failed
        return drained and delivered and not judgement["counts"] and not problems

    def _judge_mail(self, until):
        """Holds the log against the relay; whether nothing is wrong."""
        mails, faults = self.relay.stop()
        ahead = time.time() - time.monotonic()
        log = Broker(self.cluster.bootstrap)
        verdict = Verdict(log, mails, fates(self.fleet.ever), until,
                          [(died + ahead, back + ahead) for died, back in self.faults.broker_times])
        log.close()
        print(f"  mail:            {', '.join(f'{kind} {number}' for kind, number in faults.items())} by the relay's own faults")
        for line in verdict.lines():
            print(f"                   {line}")
        for problem in verdict.problems[:40]:
            print(f"    mail: {problem}")
        print(f"  wrong mails:     {len(verdict.problems)}", flush=True)
        return not verdict.problems

    def _print_run(self, seconds, events, used):
        faults = self.faults
        done = {kind: number for kind, number in faults.counts.items() if not kind.endswith("_idle")}
        kills = sum(done.get(kind, 0) for kind in KILLS)
        total = sum(events.values())
        print(f"\nreport: {self.setting}, {seconds:.0f} s of load")
        print(f"  sent:            {', '.join(f'{kind} {number}' for kind, number in sorted(self.load.sent.items()))}; "
              f"at most {self.load.late:.1f} s behind its rate")
        print(f"  events:          {total} committed records that a worker consumed, {total / seconds:.0f} a second "
              f"({', '.join(f'{worker} {number}' for worker, number in events.items())})")
        print(f"  faults:          {', '.join(f'{kind} {number}' for kind, number in sorted(done.items())) or 'none'}")
        print(f"  kills:           {kills} of a process that had committed a turn in the 5 s before; {faults.idle_kills} others "
              "do not count")
        self._print_stands()
        if self.options.promises:
            self._hold_to_promises(seconds, kills, total)
        print(f"  restores:        {sum(copy.starts for copy in self.fleet.ever)} starts, "
              f"{done.get('lose_store', 0) + done.get('lose_disk', 0)} with an empty disk")
        machine = used.pop("machine")
        print(f"  processors:      {', '.join(f'{name} {100 * time / machine:.0f} %' for name, time in used.items())}")
        sys.stdout.flush()

    def _hold_to_promises(self, seconds, kills, events):
        rate, wanted = events / seconds, PROMISED_EVENTS_A_SECOND[self.options.nodes]
        if rate < wanted:
            self._broken_promises.append(f"{rate:.0f} events a second, {wanted} are promised")
        wanted = PROMISED_KILLS_A_MINUTE * seconds / 60
        if kills < wanted:
            self._broken_promises.append(f"{kills} kills that count, {wanted:.0f} are promised")
        self._broken_promises += [
            f"{worker} {number} worked again {took:.1f} s after a death that left identity and store, {SLOW_SECONDS:.0f} s are promised"
            for worker, number, took in self.faults.recoveries[WHOLE] if took > SLOW_SECONDS]
        print(f"  promises:        {'kept' if not self._broken_promises else 'broken'}")

    def _print_judgement(self, late, judgement):
        counts, problems = judgement["counts"], self.faults.problems + self._broken_promises
        lost = sum(counts.get(code, 0) for code in ("no_outcome", "lost_output", "forward", "register"))
        twice = sum(number for code, number in counts.items() if code.endswith("_twice") or code in ("two_outcomes", "repeated_output"))
        print(f"\nreport: {self.setting}, the oracle's verdict")
        print(f"  oracle:          {', '.join(f'{name} {number}' for name, number in sorted(judgement['figures'].items()))}")
        print(f"  duplicates seen: {twice}\n  lost:            {lost}\n  other:           {sum(counts.values()) - lost - twice}")
        for complaint in complaints(judgement)[:40]:
            print(f"    {complaint}")
        for problem in problems[:20]:
            print(f"  problem:         {problem}")
        if late or self.load.failed:
            print(f"  problem:         did not leave in time: {late}; records refused: {self.load.failed}")
        sys.stdout.flush()

    def _print_stands(self):
        """Of each partition, the longest times without progress."""
        print(f"  broker:          dead {', '.join(f'{end - began:.1f} s' for began, end in self.faults.broker_times) or 'never'}")
        print("  seconds to work: of a partition from its worker's death (broker up) to the next turn, by what came back")
        for returned, found in self.faults.recoveries.items():
            times = sorted(seconds for _, _, seconds in found) or [0.0]
            print(f"    {returned}: {len(found)} times, median {times[len(times) // 2]:.1f}, 95 of 100 within "
                  f"{times[len(times) * 95 // 100]:.1f}, longest {times[-1]:.1f}")
            print("      longest of each partition: " + "; ".join(
                worker + "".join(f" {self._longest(found, worker, number):.1f}" for number in range(PARTITIONS)) for worker in WORKERS))
        print("    whatever was done, broker's death included: " + "; ".join(
            worker + "".join(f" {stand:.1f}" for stand in self.watch.longest(worker)) for worker in WORKERS))

    @staticmethod
    def _longest(found, worker, number):
        return max((seconds for name, partition, seconds in found if (name, partition) == (worker, number)), default=0.0)

    def close(self):
        """Ends everything that was started."""
        if self.load is not None:
            self.load.kill()
        if self.watch is not None:
            self.watch._stop_flag.set()
        if self.relay is not None:
            self.relay.kill()
        for copy in self.fleet.ever:
            copy.signal(signal.SIGCONT)
            copy.signal(signal.SIGKILL)
        self.cluster.stop()
