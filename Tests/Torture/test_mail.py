"""The test of the verdict on mails, and of the relay: each mail that was lost, repeated or altered is named.

The log and the relay's journal are made here. Run by `scripts/oracle-test`; needs python3 alone.
"""

import json
import pathlib
import signal
import socket
import tempfile
import types
import unittest

import mail
from mail import Verdict
from records import Dump, Record
from relay import Relay

BEGAN = 1_800_000_000.0
UNTIL = BEGAN + 200
NAMES = ("ntf_a", "ntf_b", "ntf_c")


class Story:
    """A log and a relay's journal in which all of `NAMES` were sent by the book."""

    def __init__(self):
        self.records, self.mails, self.fates = [], [], {}
        for index, name in enumerate(NAMES):
            self.ask(name, index)
            self.announce(name, index + 1)
            self.accept(name, index + 2)
            self.report(name, index + 3)
            self.end(name, "sent", index + 4)

    def record(self, kind, at, data, topic="notification.v1"):
        self.records.append(Record(topic, 0, len(self.records), int((BEGAN + at) * 1000), None,
                                   {"ce_type": f"io.tributary.{kind}.v1".encode()}, json.dumps(data).encode()))

    def ask(self, name, at):
        self.record("notification.requested", at, {"notification_id": name, "address": {"email": f"{name}@acme.example"}})

    def announce(self, name, at, attempt=1):
        self.record("notification.sending", at, {"notification_id": name, "attempt": attempt})

    def report(self, name, at, outcome=None, attempt=1, **more):
        told = {"notification_id": name, "attempt": attempt, **({"outcome": outcome} if outcome else {}), **more}
        self.record("notification.failed" if outcome else "notification.sent", at, {"messages": [told]})

    def end(self, name, state, at):
        self.record("notification.changed", at, {"notification_id": name, "state": state}, "outcome.v1")

    def accept(self, name, at, **changes):
        self.mails.append({
            "sender": "notification-0", "began": BEGAN + at, "whole": BEGAN + at, "answered": BEGAN + at, "accepted": True,
            "message_id": f"<{name}@tributary>", "hash": f"hash of {name}", "recipient": f"{name}@acme.example", **changes})

    def drop(self, *kinds):
        """Leaves nothing of these kinds of the second message."""
        self.records = [record for record in self.records
                        if record.type not in kinds or NAMES[1] not in record.value.decode()]

    def verdict(self, **more):
        return Verdict(Dump.of(self.records), self.mails, self.fates, UNTIL, **more)


class VerdictTest(unittest.TestCase):
    def setUp(self):
        self.story = Story()

    def assert_named(self, text, name="ntf_b", **more):
        problems = self.story.verdict(**more).problems
        self.assertTrue(any(found.startswith(f"{name}: ") and text in found for found in problems), problems)

    def assert_passed(self, **more):
        verdict = self.story.verdict(**more)
        self.assertEqual(verdict.problems, [])
        return verdict

    def again(self, at, attempt=2, **changes):
        """The second message is tried once more, announced before the log had the first result."""
        self.story.announce("ntf_b", at - 0.5, attempt)
        result = next((record.offset for record in self.story.records
                       if record.type == "notification.sent" and b"ntf_b" in record.value), None)
        if result is not None:
            self.story.records[-1].offset = result - 1 / (attempt + 1)
        self.story.accept("ntf_b", at, **changes)

    def test_passes_what_is_by_the_book(self):
        verdict = self.assert_passed()
        self.assertEqual(verdict.states, {"sent": 3})
        self.assertIn("the relay accepted 3 mails, and refused 0 that it had whole", verdict.lines())

    def test_names_a_mail_accepted_thrice(self):
        self.story.fates["notification-0"] = [(BEGAN + 3, BEGAN + 3, mail.DEATH), (BEGAN + 10, BEGAN + 10, mail.DEATH)]
        self.again(10)
        self.again(20, 3)
        self.assert_named("accepted 3 times")

    def test_names_a_mail_that_was_lost(self):
        self.story.mails = [found for found in self.story.mails if "ntf_b" not in found["message_id"]]
        self.assert_named("the relay never accepted it")
        self.story.accept("ntf_b", 3, accepted=False)
        self.assert_named("the relay never accepted it")

    def test_names_another_content_message_id_or_recipient(self):
        self.story.fates["notification-0"] = [(BEGAN + 3, BEGAN + 3, mail.DEATH)]
        self.again(5, hash="another")
        self.assert_named("another content")
        self.story.mails[-1].update(hash="hash of ntf_b", message_id="<ntf_b@elsewhere>")
        self.assert_named("message_id <ntf_b@elsewhere> instead of <ntf_b@tributary>")
        self.story.mails[-1].update(message_id="<ntf_b@tributary>", recipient="someone@else.example")
        self.assert_named("recipient someone@else.example")

    def test_names_a_mail_that_nobody_asked_for(self):
        self.story.accept("ntf_z", 3)
        self.assert_named("nobody asked for it", "ntf_z")
        self.story.mails[-1]["message_id"] = None
        self.assert_named("nobody asked for it", "a mail without a Message-ID")

    def test_names_an_attempt_before_its_announcement(self):
        self.story.mails[1]["began"] = BEGAN + 1
        self.assert_named("attempt 1 was not announced in the log before it was made")

    def test_names_a_second_attempt_that_was_not_announced(self):
        self.story.fates["notification-0"] = [(BEGAN + 3, BEGAN + 3, mail.DEATH)]
        self.story.accept("ntf_b", 3.5, accepted=False)
        self.assert_named("attempt 2 was not announced in the log before it was made")

    def test_names_a_second_attempt_whose_announcement_follows_a_result(self):
        self.story.fates["notification-0"] = [(BEGAN + 3, BEGAN + 3, mail.DEATH)]
        self.again(5)
        self.assert_passed()
        self.story.records[-1].offset = 100
        self.assert_named("attempt 2 was not announced in the log before it was made")

    def test_names_a_repetition_that_nothing_explains(self):
        self.again(4)
        self.assert_named("its first sender had all it needed")
        self.story.fates["notification-1"] = [(BEGAN + 3, BEGAN + 3, mail.DEATH)]
        self.assert_named("its first sender had all it needed")
        self.story.fates["notification-0"] = [(BEGAN + 150, BEGAN + 150, mail.DEATH)]
        self.assert_named("its first sender had all it needed")

    def test_names_a_repetition_long_after_the_result(self):
        self.story.fates["notification-0"] = [(BEGAN + 3, BEGAN + 3, mail.DEATH)]
        self.again(60)
        self.assert_named("after the log had its result")

    def test_names_a_message_without_an_end(self):
        self.story.drop("notification.changed")
        self.assert_named("has no end")
        self.story.drop("notification.sent")
        self.assert_named("has no end")

    def test_names_an_unknown_message_that_was_tried_once(self):
        self.story.drop("notification.changed", "notification.sent")
        self.story.end("ntf_b", "unknown", 10)
        self.assert_named("unknown, and 1 attempts were announced")
        self.story.announce("ntf_b", 5, 2)
        self.assert_passed()

    def test_passes_what_is_allowed(self):
        for cause, fate in ((mail.DEATH, (3.4, 3.4)), (mail.END, (3.1, 3.1)), (mail.MOVE, (2.5, 3.5)), (mail.STOP, (2.9, 9.0))):
            with self.subTest(cause=cause):
                self.story = Story()
                self.story.fates["notification-0"] = [(BEGAN + fate[0], BEGAN + fate[1], cause)]
                self.again(5, sender="notification-1")
                verdict = self.assert_passed()
                self.assertEqual(verdict.repeats[cause], 1)
                if cause == mail.DEATH:
                    self.assertAlmostEqual(verdict.before_death, 0.4, places=3)

    def test_passes_a_mail_of_a_copy_that_woke_up_late(self):
        self.story.fates["notification-1"] = [(BEGAN + 2, BEGAN + 11, mail.STOP)]
        self.again(11.1, sender="notification-1")
        self.assertEqual(self.assert_passed().repeats[mail.STOP], 1)

    def test_passes_a_repetition_after_no_answer(self):
        self.story.mails[1]["answered"] = None
        self.again(63)
        self.story.records = [record for record in self.story.records if record.type != "notification.sent"]
        self.assertEqual(self.assert_passed().repeats[mail.UNANSWERED], 1)

    def test_gives_a_result_the_time_that_the_broker_was_away(self):
        self.story.drop("notification.sent")
        self.story.fates["notification-0"] = [(BEGAN + 39, BEGAN + 39, mail.DEATH)]
        self.again(41)
        self.assert_named("its first sender had all it needed")
        self.assert_passed(broker_deaths=[(BEGAN + 4, BEGAN + 12)])

    def test_tells_what_waits_to_be_tried_again(self):
        self.story.drop("notification.changed", "notification.sent")
        self.story.mails[1]["accepted"] = False
        self.story.report("ntf_b", 150, "retry")
        self.assertEqual(self.assert_passed().states, {"sent": 2, "waiting for another attempt": 1})
        self.story.records.pop()
        self.story.report("ntf_b", 100, "retry")
        self.assert_named("has no end")

    def test_an_attempt_that_was_not_made_counts_for_nothing(self):
        self.story.drop("notification.changed", "notification.sent")
        self.story.report("ntf_b", 100, "retry", made=False)
        self.assert_named("has no end")
        self.story.announce("ntf_b", 101, 2)
        self.story.report("ntf_b", 150, "retry", 2)
        self.assertIn("waiting for another attempt", self.assert_passed().states)

    def test_reads_what_a_copy_went_through(self):
        copy = types.SimpleNamespace(
            name="notification-0", read_log=lambda: None, losses=[(8.0, 8.1)],
            signals=[(1.0, signal.SIGSTOP), (4.0, signal.SIGCONT), (5.0, signal.SIGTERM), (6.0, signal.SIGSTOP),
                     (7.0, signal.SIGKILL)])
        self.assertEqual(mail.fates([copy])["notification-0"], [
            (1.0, 4.0, mail.STOP), (5.0, 5.0 + mail.END_SECONDS, mail.END), (7.0, 7.0, mail.DEATH), (6.0, 7.0, mail.STOP), (8.0, 8.1, mail.MOVE)])


class RelayTest(unittest.TestCase):
    HELLO = b"EHLO here\r\nAUTH PLAIN AHNlbmRlcgB4\r\n"  # as `sender`
    MAIL = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
    TEXT = b"From: a@b.example\r\nMessage-ID: <ntf_a@tributary>\r\n\r\n..dots\r\n.\r\n"

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tributary-relay.")
        self.addCleanup(directory.cleanup)
        self.relay = Relay(1, pathlib.Path(directory.name) / "mails.ndjson")
        self.addCleanup(self.relay.kill)
        self.relay.start()

    def talk(self, *said):
        """The codes of all answers, until it has all of them or the connection ends."""
        with socket.create_connection(("127.0.0.1", self.relay.port), timeout=5) as connection:
            connection.sendall(b"".join(said))
            connection.shutdown(socket.SHUT_WR)
            heard = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        return [int(line[:3]) for line in heard.decode().splitlines() if line[3] == " "]

    def test_answers_commands_that_come_together(self):
        self.assertEqual(self.talk(self.HELLO, self.MAIL, self.TEXT, b"NOOP\r\nWHAT\r\nQUIT\r\n"),
                         [220, 250, 235, 250, 250, 354, 250, 250, 500, 221])
        (found,), _ = self.relay.stop()
        self.assertEqual((found["sender"], found["message_id"], found["recipient"], found["accepted"]),
                         ("sender", "<ntf_a@tributary>", "c@d.example", True))
        self.assertLessEqual(found["began"], found["answered"])

    def test_takes_no_mail_of_a_stranger_nor_half_a_mail(self):
        self.assertEqual(self.talk(b"EHLO here\r\n", self.MAIL), [220, 250, 530, 503, 503])
        self.assertEqual(self.talk(self.HELLO, self.MAIL, self.TEXT[:-3]), [220, 250, 235, 250, 250, 354])
        self.assertEqual(self.relay.stop()[0], [])


if __name__ == "__main__":
    unittest.main()
