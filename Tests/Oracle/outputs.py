"""What workers wrote: nothing lost, nothing twice, in order, and each for a record that is there.

A worker counts its outputs of a partition (`tributary-sequence`), over all topics that it writes to. Read together they
are 1, 2, 3 ...: a gap is a lost record, a repetition a second copy. Each names the input that it answers
(`tributary-cause`), or none where a timer made it.
"""

import array
import re

from placement import INPUTS

SOURCE = re.compile(rb"/tributary/(referral|approval|payout|notification)-worker/([0-9]+)\Z")
TOPICS = ["program.v1", *INPUTS, "outcome.v1"]
# What a record of an input is to its worker; the higher value of several wins nothing, each place has one.
UNSEEN, ANSWERED, SILENT, REPEATED, FORWARDED, REFUSED = range(6)
NAMES = {REPEATED: "a repeated record", FORWARDED: "a record that was forwarded"}


def origin(record):
    """The worker and the partition that a record was made by; `None` for one from elsewhere."""
    match = SOURCE.match(record.headers.get("ce_source") or b"")
    return (match[1].decode(), int(match[2])) if match else None


class Outputs:
    PARTITION_BITS, OFFSET_BITS = 12, 44

    def __init__(self, journal, wall_clock):
        self.journal = journal
        self.wall_clock = wall_clock
        self._places = {}  # origin -> packed place by sequence
        self._last = {}  # (origin, topic, partition) -> sequence, cause offset
        self._kinds = {}  # (topic, partition) -> bytearray of kinds by offset
        self._answers = {}  # (topic, partition) -> packed place of the first output that names the offset

    # Inputs

    def saw_input(self, record, kind):
        kinds = self._kinds.setdefault((record.topic, record.partition), bytearray())
        if len(kinds) <= record.offset:
            kinds.extend(bytes(record.offset + 1 - len(kinds)))
        kinds[record.offset] = kind

    # Outputs

    def observe(self, record):
        """Takes a record of any topic but dead letters, which are copies."""
        made_by = origin(record)
        sequence = record.headers.get("tributary-sequence")
        if made_by is None or sequence is None or "tributary-forwarded" in record.headers:
            return
        sequence = int(sequence)
        self.journal.count("outputs")
        self._note(made_by, sequence, record)
        last = self._last.get((made_by, record.topic, record.partition))
        cause = self._cause(made_by, record)
        if last:
            if sequence <= last[0]:
                self.journal.add(
                    "order", record.place, f"output {sequence} of {self._name(made_by)} follows its output {last[0]}")
            if self.wall_clock and cause is not None and last[1] is not None and cause < last[1]:
                self.journal.add(
                    "order", record.place, f"answers offset {cause} after an answer to offset {last[1]}")
        kept = cause if cause is not None else last[1] if last else None
        self._last[made_by, record.topic, record.partition] = (sequence, kept)

    def _note(self, made_by, sequence, record):
        places = self._places.setdefault(made_by, array.array("Q"))
        if len(places) <= sequence:
            places.extend([0] * (sequence + 1 - len(places)))
        if places[sequence]:
            self.journal.add(
                "repeated_output", record.place,
                f"output {sequence} of {self._name(made_by)} stands at {self._unpack(places[sequence])} already")
        else:
            places[sequence] = self._pack(record)

    def _cause(self, made_by, record):
        """The offset of the record that this one answers."""
        cause = record.headers.get("tributary-cause")
        if cause is None:
            return None
        topic, partition, offset = cause.decode().rsplit("/", 2)
        partition, offset = int(partition), int(offset)
        if (INPUTS.get(topic), partition) != made_by:
            self.journal.add("cause", record.place, f"{self._name(made_by)} answers {topic}/{partition}, not its input")
            return None
        answers = self._answers.setdefault((topic, partition), array.array("Q"))
        if len(answers) <= offset:
            answers.extend([0] * (offset + 1 - len(answers)))
        if not answers[offset]:
            answers[offset] = self._pack(record)
        return offset

    def finish(self):
        """After every record of every topic: holds inputs and outputs against each other."""
        for topic, partition in sorted(set(self._kinds) | set(self._answers)):
            self._settle(
                topic, partition, self._kinds.get((topic, partition), b""),
                self._answers.get((topic, partition), ()))
        for made_by, places in sorted(self._places.items()):
            for sequence in range(1, len(places)):
                if places[sequence]:
                    continue
                before, after = self._neighbours(places, sequence)
                self.journal.add(
                    "lost_output", after or before,
                    f"output {sequence} of {self._name(made_by)} is nowhere; "
                    f"the one before is {before or 'none'}, the one after {after}")

    def _settle(self, topic, partition, kinds, answers):
        for offset in range(max(len(kinds), len(answers))):
            kind = kinds[offset] if offset < len(kinds) else UNSEEN
            answer = answers[offset] if offset < len(answers) else 0
            if kind in (ANSWERED, REFUSED):
                if not answer:
                    self.journal.add("no_outcome", f"{topic}/{partition}/{offset}", "no output answers this record")
            elif answer and kind == UNSEEN:
                self.journal.add(
                    "cause", self._unpack(answer), f"answers {topic}/{partition}/{offset}, which is not there")
            elif answer and kind in NAMES:
                self.journal.add(
                    "answered_twice", self._unpack(answer), f"answers {topic}/{partition}/{offset}, {NAMES[kind]}")

    def _neighbours(self, places, sequence):
        before = next((places[index] for index in range(sequence - 1, 0, -1) if places[index]), 0)
        after = next((places[index] for index in range(sequence + 1, len(places)) if places[index]), 0)
        return self._unpack(before), self._unpack(after)

    def _pack(self, record):
        topic = TOPICS.index(record.topic) + 1
        return (topic << self.PARTITION_BITS | record.partition) << self.OFFSET_BITS | record.offset

    def _unpack(self, place):
        if not place:
            return None
        offset = place & (1 << self.OFFSET_BITS) - 1
        partition = place >> self.OFFSET_BITS & (1 << self.PARTITION_BITS) - 1
        return f"{TOPICS[(place >> self.OFFSET_BITS + self.PARTITION_BITS) - 1]}/{partition}/{offset}"

    @staticmethod
    def _name(made_by):
        return f"/tributary/{made_by[0]}-worker/{made_by[1]}"
