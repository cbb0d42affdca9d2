"""What became of the mails: the log held against what the relay wrote down, sharing no code with the product.

The log says what was asked for, which attempts were announced, what was reported of them and how each message ended; the relay
which mails it had whole, when, and from whom. What a copy went through (`fates`) explains why a mail came twice.
"""

import bisect
import signal
import time

from notifications import MAXIMUM_ATTEMPTS, RETRY_SECONDS

DOMAIN = "tributary"
# A result is in the log, and has been read there, so long after its answer at most, on a busy machine where groups move meanwhile:
# most take half a second.
RESULT_SECONDS = 30.0
# A worker that was asked to end may make the mails that it has announced.
END_SECONDS = 12.0
# What was due so shortly before the workers ended may not be done; before that the log was silent.
LAST_SECONDS = 8.0
DEATH, STOP, END, MOVE, UNANSWERED = "death", "stop", "end", "rebalance", "missing answer"
CAUSES = (DEATH, STOP, END, MOVE, UNANSWERED)


def fates(copies):
    """What each copy went through that may let it repeat a mail: (from, to, what) by its name, in seconds of the day."""
    found = {}
    for copy in copies:
        copy.read_log()
        mine = found[copy.name] = []
        stopped = None
        for at, number in copy.signals:
            if number == signal.SIGKILL:
                mine.append((at, at, DEATH))
            elif number == signal.SIGTERM:
                mine.append((at, at + END_SECONDS, END))
            elif number == signal.SIGSTOP:
                stopped = at
            if stopped is not None and number in (signal.SIGCONT, signal.SIGKILL):
                mine.append((stopped, at, STOP))
                stopped = None
        mine += [(began, ended, MOVE) for began, ended in copy.losses]
    return found


class Message:
    """One notification, as the log and the relay have it."""

    def __init__(self):
        self.address = None  # as long as nobody asks for it
        self.announced = {}  # attempt -> when it was first in the log; what follows a result there announces nothing
        self.unmade = set()  # attempts that were announced and not made
        self.refused = set()  # attempts that were answered, and may be made again
        self.reported = None  # (time, attempt, outcome) of the last report
        self.sent_at = None  # the first report that it was sent
        self.state = None
        self.mails = []  # those that the relay had whole
        self.last = 0.0  # of anything about it in the log

    @property
    def accepted(self):
        return [mail for mail in self.mails if mail["accepted"]]

    def is_waiting(self, until):
        """Whether it has no end yet for a good reason: it is to be tried later, or just was when the workers ended."""
        if self.reported is None:
            return False
        due, attempt, outcome = self.reported
        unanswered = set(self.announced) - self.unmade - self.refused
        if outcome == "unknown" and len(unanswered) >= MAXIMUM_ATTEMPTS:
            return due >= until - LAST_SECONDS
        made = max(1, attempt - len(self.unmade))
        if outcome in ("retry", "unknown") and attempt not in self.unmade and made <= len(RETRY_SECONDS):
            due += RETRY_SECONDS[made - 1]
        return due >= until - LAST_SECONDS


class Verdict:
    """`until` is when the workers were asked to end, `broker_deaths` the times without it, in seconds of the day."""

    def __init__(self, log, mails, fates, until, broker_deaths=()):
        self.problems = []
        self.repeats = dict.fromkeys(CAUSES, 0)
        # How long before its sender's death a repeated mail was answered, at most; and where the broker was away meanwhile.
        self.before_death = self.before_death_without_broker = 0.0
        self._fates, self._until, self._broker_deaths = fates, until, broker_deaths
        self._messages = {}
        self._mails = sorted(mails, key=lambda mail: mail["began"])
        self._read(log)
        for mail in self._mails:
            self._message(mail["message_id"].strip("<>").partition("@")[0] if mail["message_id"] else "").mails.append(mail)
        for name, message in sorted(self._messages.items()):
            self._judge(name, message)
        self.states = {}
        for message in self._messages.values():
            state = message.state or "waiting for another attempt"
            self.states[state] = self.states.get(state, 0) + 1

    def _message(self, name):
        return self._messages.setdefault(name, Message())

    # The log

    def _read(self, log):
        """Of committed records alone, whose times are those of their appending."""
        for record in log.read("notification.v1"):
            at, data = record.time / 1000, record.data
            if record.type == "notification.requested":
                message = self._message(data["notification_id"])
                message.address, message.last = data["address"]["email"], max(message.last, at)
            elif record.type == "notification.sending":
                message = self._message(data["notification_id"])
                if message.sent_at is None:
                    message.announced.setdefault(data["attempt"], at)
                message.last = max(message.last, at)
            elif record.type in ("notification.sent", "notification.failed"):
                for report in data["messages"]:
                    self._report(at, record.type == "notification.sent", report)
        for record in log.read("outcome.v1"):
            if record.type == "notification.changed":
                self._message(record.data["notification_id"]).state = record.data["state"]

    def _report(self, at, is_sent, report):
        message, attempt = self._message(report["notification_id"]), report.get("attempt", 1)
        message.last = max(message.last, at)
        if is_sent:
            message.sent_at = message.sent_at or at
        elif not report.get("made", True):
            message.unmade.add(attempt)
        elif report["outcome"] == "retry":
            message.refused.add(attempt)
        message.reported = (at, attempt, "sent" if is_sent else report["outcome"])

    # One message

    def _judge(self, name, message):
        accepted = message.accepted
        if message.address is None:
            return self._complain(name, f"accepted {len(accepted)} times, and nobody asked for it")
        if len(accepted) > MAXIMUM_ATTEMPTS:
            self._complain(name, f"accepted {len(accepted)} times: {self._tell(accepted)}")
        for what, expected in (("message_id", f"<{name}@{DOMAIN}>"), ("recipient", message.address)):
            others = sorted({str(mail[what]) for mail in message.mails} - {expected})
            if others:
                self._complain(name, f"{what} {', '.join(others)} instead of {expected}")
        if len({mail["hash"] for mail in message.mails}) > 1:
            self._complain(name, f"another content from one attempt to the next: {self._tell(message.mails)}")
        announced = sorted(message.announced.values())
        for number, mail in enumerate(message.mails, 1):
            if bisect.bisect_right(announced, mail["began"]) < number:
                self._complain(name, f"attempt {number} was not announced in the log before it was made: {self._tell([mail])}")
        if message.state == "sent" and not accepted:
            self._complain(name, "sent, says the log, and the relay never accepted it")
        if message.state == "unknown" and len(announced) < MAXIMUM_ATTEMPTS:
            self._complain(name, f"unknown, and {len(announced)} attempts were announced")
        if message.state is None and not message.is_waiting(self._until):
            self._complain(name, f"has no end; the last of it in the log was {self._until - message.last:.1f} s before the end")
        for first, second in zip(accepted, accepted[1:]):
            self._explain(name, message, first, second)

    def _explain(self, name, message, first, second):
        """Why a mail was accepted again; a complaint where nothing had happened to its sender."""
        if first["answered"] is None:
            self.repeats[UNANSWERED] += 1
            return
        end = self._result_due(first["answered"])
        seen = {what: began for began, ended, what in reversed(self._fates.get(first["sender"], []))
                if ended >= first["began"] and began <= end}
        is_late = any(what == STOP and began <= second["began"] and ended >= first["began"]
                      for began, ended, what in self._fates.get(second["sender"], ()))
        cause = next((cause for cause in CAUSES if cause in seen), STOP if is_late else None)
        if cause is None:
            self._complain(name, f"accepted twice, and its first sender had all it needed: {self._tell([first, second])}")
        elif message.sent_at and not is_late and self._result_due(message.sent_at) < second["began"]:
            self._complain(name, f"accepted again {second['began'] - message.sent_at:.1f} s after the log had its result: "
                                 f"{self._tell([first, second])}")
        else:
            self.repeats[cause] += 1
            if cause == DEATH:
                self._take_death(seen[DEATH] - first["answered"], end - first["answered"] > RESULT_SECONDS + 0.001)

    def _take_death(self, seconds, is_without_broker):
        if is_without_broker:
            self.before_death_without_broker = max(self.before_death_without_broker, seconds)
        else:
            self.before_death = max(self.before_death, seconds)

    def _result_due(self, answered):
        """Until when a result is in the log, and has been read there; a dead broker takes none."""
        due = answered + RESULT_SECONDS
        for died, back in self._broker_deaths:
            if died <= due and back >= answered:
                due = back + RESULT_SECONDS
        return due

    def _tell(self, mails):
        def clock(seconds):
            return "never" if seconds is None else f"{time.strftime('%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03}"
        return "; ".join(f"{mail['sender']} began at {clock(mail['began'])}, answered at {clock(mail['answered'])}, content "
                         f"{mail['hash'][:8]}" for mail in mails)

    def _complain(self, name, text):
        self.problems.append(f"{name or 'a mail without a Message-ID'}: {text}")

    # Figures

    def lines(self):
        """For the report."""
        accepted = sum(mail["accepted"] for mail in self._mails)
        states = ", ".join(f"{state} {number}" for state, number in sorted(self.states.items()))
        unseen = sum(message.state == "unknown" and not message.accepted for message in self._messages.values())
        yield f"{len(self._messages)} messages: {states}; {unseen} of the unknown were never accepted"
        yield f"the relay accepted {accepted} mails, and refused {len(self._mails) - accepted} that it had whole"
        repeats = dict(self.repeats)
        yield (f"repeated after a death: {repeats.pop(DEATH)} of {accepted} mails, at most {self.before_death:.1f} s before it, and "
               f"{self.before_death_without_broker:.1f} s where the broker was away; "
               + "; ".join(f"after {'an' if cause == END else 'a'} {cause}: {number}" for cause, number in repeats.items()))
