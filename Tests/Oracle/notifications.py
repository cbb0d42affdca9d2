"""Messages: each asked for once, ended once, sent at most once, tried at most twice without an answer.

A request stands in `notification.v1`, and so do results: one event for one message, or for many (`messages`). Readers get
a fact at the end of each message.
"""

# What has no end yet: an attempt may be made again so many seconds later, by the attempts made, and takes a moment.
RETRY_SECONDS = (60, 300, 1_800, 7_200, 28_800)
RETRY_PATIENCE = 30
ENDS = {"sent", "failed", "unknown", "stale", "suppressed"}
# Beside those that were answered.
MAXIMUM_ATTEMPTS = 2


class Notifications:
    def __init__(self, journal, wall_clock):
        self.journal = journal
        self.wall_clock = wall_clock
        self._requested = {}  # notification -> place
        self._results = {}  # notification -> place of the first result
        self._told = {}  # notification -> places by state
        self._refused = {}  # notification -> attempts that were answered, and may be made again
        self._unmade = {}  # notification -> attempts that were announced and not made
        self._announced = {}  # notification -> attempts that were announced
        self._due = {}  # notification -> when it is tried again, in milliseconds
        self._last = 0

    def observe_input(self, record):
        self._last = max(self._last, record.time)
        if record.type in ("notification.sent", "notification.failed"):
            for message in record.data.get("messages", [record.data]):
                if message.get("outcome") != "retry":
                    self._results.setdefault(message["notification_id"], record.place)
                self._take(message, record.time)
        elif record.type == "notification.sending":
            self._announced.setdefault(record.data["notification_id"], set()).add(record.data["attempt"])
        elif record.type == "notification.requested":
            name = record.data["notification_id"]
            if name in self._requested:
                self.journal.add(
                    "notification_twice", record.place, f"{name} was asked for at {self._requested[name]} already")
            self._requested[name] = record.place

    def _take(self, message, time):
        """Whether a result lets its message be tried again, and when."""
        name, attempt, outcome = message["notification_id"], message.get("attempt", 1), message.get("outcome")
        unanswered = self._announced.get(name, set()) - self._unmade.get(name, set()) - self._refused.get(name, set())
        if outcome not in ("retry", "unknown") or (outcome == "unknown" and len(unanswered) >= MAXIMUM_ATTEMPTS):
            self._due.pop(name, None)
            return
        if not message.get("made", True):
            self._unmade.setdefault(name, set()).add(attempt)
            self._due[name] = time
            return
        if outcome == "retry":
            self._refused.setdefault(name, set()).add(attempt)
        made = max(1, attempt - len(self._unmade.get(name, ())))
        if made <= len(RETRY_SECONDS):
            self._due[name] = time + RETRY_SECONDS[made - 1] * 1_000

    def observe(self, record):
        data = record.data
        name, state = data["notification_id"], data["state"]
        states = self._told.setdefault(name, {})
        if state in ENDS and set(states) & ENDS:
            self.journal.add(
                "notification_twice", record.place, f"{name} is {state}, and was {' and '.join(states)} before")
        states[state] = record.place
        if (data.get("attempts") or 0) > MAXIMUM_ATTEMPTS + len(self._refused.get(name, ())):
            self.journal.add("notification_twice", record.place, f"{data['attempts']} attempts of {name}")

    def finish(self):
        waiting = 0
        for name, place in self._requested.items():
            # On a stream clock a result waits for the next tick.
            ended = set(self._told.get(name, {})) & ENDS
            if not ended and name in self._due and self._due[name] + RETRY_PATIENCE * 1_000 >= self._last:
                waiting += 1
            elif not ended and (self.wall_clock or name not in self._results):
                self.journal.add("no_outcome", place, f"{name} was asked for, and nothing tells of its end")
        for name in set(self._told) - set(self._requested):
            place = next(iter(self._told[name].values()))
            self.journal.add("notification", place, f"{name} was never asked for")
        self.journal.count("notifications", len(self._requested))
        if waiting:
            self.journal.count("notifications to be tried again", waiting)
        self.journal.count("notifications sent", sum("sent" in states for states in self._told.values()))
