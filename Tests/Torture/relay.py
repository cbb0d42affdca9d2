"""A mail relay for tests: takes mails on loopback, writes down each that it had whole, and has the faults of real ones, by a seed.

A process of its own, so that it answers at once whatever its starter does:

    relay.py SEED JOURNAL     says its port; a line on its input ends all faults but slow answers, the input's end ends it

Who sends is told by the login: each copy of a worker has its own.
"""

import asyncio
import base64
import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys
import time

# What happens to a mail, and its weight: faults come by time, so that a fast sender does not wait for more of them.
REFUSED, DROPPED, UNANSWERED, SLOW = "refused", "dropped", "unanswered", "slow"
FAULTS = {REFUSED: 3, DROPPED: 3, UNANSWERED: 3, SLOW: 0.5}
FAULT_SECONDS = 0.5  # from a sender's fault to its next, on average
SLOW_SECONDS = (1.0, 2.0)
MAXIMUM_SENDERS = 64
MAXIMUM_BYTES = 1 << 20
END_SECONDS = 10
MESSAGE_ID = re.compile(rb"(?im)^message-id:[ \t]*(.*?)[ \t]*\r$")


class Relay:
    """The process, as its starter sees it."""

    def __init__(self, seed, journal):
        self._command = [sys.executable, __file__, str(seed), str(journal)]
        self._journal = pathlib.Path(journal)
        self._process = None
        self._is_calm = False
        self.port = None

    def start(self):
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.port = int(self._process.stdout.readline())

    def options(self, sender):
        """What a worker is told, so that it sends to this relay as this sender."""
        return ["--mail", f"smtp://127.0.0.1:{self.port}", "--mail-security", "none", "--mail-user", sender,
                "--mail-password", "torture"]

    def calm(self):
        """No more faults, but slow answers."""
        if not self._is_calm:
            self._is_calm = True
            self._process.stdin.write("calm\n")
            self._process.stdin.flush()

    def stop(self):
        """Ends it; what it wrote down of each mail that it had whole, and how many faults it had of each kind."""
        said, _ = self._process.communicate(timeout=END_SECONDS)
        if self._process.returncode != 0:
            raise RuntimeError(f"the relay ended with {self._process.returncode}")
        with open(self._journal, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines], json.loads(said)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Gone(Exception):
    """The connection is at its end, by whichever side."""


class Faults:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.counts = dict.fromkeys(FAULTS, 0)
        self.is_calm = False
        self._due = {}  # sender -> when its next fault is due

    def next(self, sender):
        """What is to happen to this sender's mail; mostly nothing."""
        now = time.monotonic()
        if now < self._due.setdefault(sender, now + self._pause()):
            return None
        self._due[sender] = now + self._pause()
        kind, = self.random.choices(list(FAULTS), list(FAULTS.values()))
        if self.is_calm and kind != SLOW:
            return None
        self.counts[kind] += 1
        return kind

    def _pause(self):
        return self.random.expovariate(1 / FAULT_SECONDS)


class Session:
    """One connection. Answers each command in its turn, also where several came together."""

    def __init__(self, faults, journal, reader, writer):
        self.faults = faults
        self.random = faults.random
        self.journal = journal
        self.reader = reader
        self.writer = writer
        self.sender = None
        self._reset()

    def _reset(self):
        self.began = self.fault = self.recipient = None

    async def run(self):
        try:
            await self._say("220 relay.torture.example ESMTP")
            while line := await self.reader.readline():
                verb, _, rest = line.decode("ascii", "replace").strip().partition(" ")
                await getattr(self, f"on_{verb.lower()}", self.on_other)(rest)
        except (Gone, ConnectionError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writer.close()

    async def _say(self, *lines):
        self.writer.write("".join(line + "\r\n" for line in lines).encode())
        await self.writer.drain()

    async def on_other(self, _):
        await self._say("500 what?")

    async def on_ehlo(self, _):
        self._reset()
        await self._say("250-relay.torture.example", "250-PIPELINING", "250 AUTH PLAIN")

    async def on_helo(self, _):
        self._reset()
        await self._say("250 relay.torture.example")

    async def on_noop(self, _):
        await self._say("250 yes")

    async def on_rset(self, _):
        self._reset()
        await self._say("250 forgotten")

    async def on_quit(self, _):
        await self._say("221 bye")
        raise Gone

    async def on_auth(self, rest):
        mechanism, _, secret = rest.partition(" ")
        if mechanism.upper() != "PLAIN":
            return await self._say("504 PLAIN alone")
        if not secret:
            await self._say("334 ")
            secret = await self.reader.readline()
        self.sender = base64.b64decode(secret).split(b"\0")[1].decode()
        await self._say("235 welcome")

    async def on_mail(self, _):
        if self.sender is None:
            return await self._say("530 who are you?")
        self._reset()
        self.began = time.time()
        self.fault = self.faults.next(self.sender)
        await self._say("250 from whom ever")

    async def on_rcpt(self, rest):
        if self.began is None:
            return await self._say("503 MAIL comes first")
        if self.fault == REFUSED and self.random.random() < 0.5:
            self._reset()
            return await self._say("451 later, please")
        if self.fault == DROPPED and self.random.random() < 0.5:
            raise Gone
        self.recipient = rest[rest.find("<") + 1:rest.rfind(">")]
        await self._say("250 to whom ever")

    async def on_data(self, _):
        if self.recipient is None:
            return await self._say("503 RCPT comes first")
        await self._say("354 go on")
        if self.fault == DROPPED:
            await self.reader.readline()
            raise Gone
        content = await self._content()
        wait = self.random.uniform(*SLOW_SECONDS) if self.fault == SLOW else 0.0
        answer = {REFUSED: "451 not now", UNANSWERED: None}.get(self.fault, "250 accepted")
        self._write_down(content, answer, wait)
        self._reset()
        await asyncio.sleep(wait)
        if answer is None:
            raise Gone
        await self._say(answer)

    async def _content(self):
        lines, size = [], 0
        while (line := await self.reader.readline()) != b".\r\n":
            size += len(line)
            if not line.endswith(b"\r\n") or size > MAXIMUM_BYTES:
                raise Gone
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _write_down(self, content, answer, wait):
        """At once: who is killed has given the mail away all the same."""
        now = time.time()
        named = MESSAGE_ID.search(content.partition(b"\r\n\r\n")[0] + b"\r\n")
        self.journal.write(json.dumps({
            "sender": self.sender, "began": self.began, "whole": now, "answered": now + wait if answer else None,
            "accepted": self.fault != REFUSED, "message_id": named[1].decode("utf-8", "replace") if named else None,
            "hash": hashlib.sha256(content).hexdigest(), "recipient": self.recipient}) + "\n")


async def serve(seed, path):
    faults = Faults(seed)
    open_sessions = set()
    with open(path, "w", encoding="utf-8", buffering=1) as journal:

        async def talk(reader, writer):
            if len(open_sessions) >= MAXIMUM_SENDERS:
                return writer.close()
            task = asyncio.current_task()
            open_sessions.add(task)
            try:
                await Session(faults, journal, reader, writer).run()
            except asyncio.CancelledError:
                pass
            finally:
                open_sessions.discard(task)

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            faults.is_calm = True
        server.close()
        for task in list(open_sessions):
            task.cancel()
        await asyncio.gather(*open_sessions, return_exceptions=True)
    print(json.dumps(faults.counts))


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
