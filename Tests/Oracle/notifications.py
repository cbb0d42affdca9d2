"""Messages: each asked for once, ended once, sent at most once.

A request stands in `notification.v1`, and so do results: one event for one message, or for many (`messages`). Readers get
a fact at the end of each message.
"""

ENDS = {"sent", "failed", "unknown", "stale", "suppressed"}
MAXIMUM_ATTEMPTS = 2


class Notifications:
    def __init__(self, journal, wall_clock):
        self.journal = journal
        self.wall_clock = wall_clock
        self._requested = {}  # notification -> place
        self._results = {}  # notification -> place of the first result
        self._told = {}  # notification -> places by state

    def observe_input(self, record):
        if record.type in ("notification.sent", "notification.failed"):
            for message in record.data.get("messages", [record.data]):
                if message.get("outcome") != "retry":
                    self._results.setdefault(message["notification_id"], record.place)
        elif record.type == "notification.requested":
            name = record.data["notification_id"]
            if name in self._requested:
                self.journal.add(
                    "notification_twice", record.place, f"{name} was asked for at {self._requested[name]} already")
            self._requested[name] = record.place

    def observe(self, record):
        data = record.data
        name, state = data["notification_id"], data["state"]
        states = self._told.setdefault(name, {})
        if state in ENDS and set(states) & ENDS:
            self.journal.add(
                "notification_twice", record.place, f"{name} is {state}, and was {' and '.join(states)} before")
        states[state] = record.place
        if (data.get("attempts") or 0) > MAXIMUM_ATTEMPTS:
            self.journal.add("notification_twice", record.place, f"{data['attempts']} attempts of {name}")

    def finish(self):
        for name, place in self._requested.items():
            # On a stream clock a result waits for the next tick.
            ended = set(self._told.get(name, {})) & ENDS
            if not ended and (self.wall_clock or name not in self._results):
                self.journal.add("no_outcome", place, f"{name} was asked for, and nothing tells of its end")
        for name in set(self._told) - set(self._requested):
            place = next(iter(self._told[name].values()))
            self.journal.add("notification", place, f"{name} was never asked for")
        self.journal.count("notifications", len(self._requested))
        self.journal.count("notifications sent", sum("sent" in states for states in self._told.values()))
