"""What the oracle found: each violation with its code and the place of the record that shows it."""


class Violation:
    def __init__(self, code, place, text):
        self.code = code
        self.place = place
        self.text = text

    def __str__(self):
        return f"{self.code}: {self.place}: {self.text}"


class Journal:
    """Keeps the first violations of each kind and counts the others."""

    KEPT_OF_EACH = 50

    def __init__(self):
        self.violations = []
        self.counts = {}
        self.facts = {}

    def add(self, code, place, text):
        self.counts[code] = self.counts.get(code, 0) + 1
        if self.counts[code] <= self.KEPT_OF_EACH:
            self.violations.append(Violation(code, place, text))

    def count(self, name, number=1):
        """A figure for the report."""
        self.facts[name] = self.facts.get(name, 0) + number

    @property
    def total(self):
        return sum(self.counts.values())
