"""Stops a running worker at a named step of its commit turn: gdb waits for the step in the release build as it is, stops the
process there (SIGSTOP) and leaves it.

The steps are those of the design, and each is known by a function that the turn calls there: the C client's by their names,
the runtime's own by what the compiler calls them.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

# Where to stop: at a function's first instruction, behind its call, or behind a call that answered 0.
ENTER, RETURN, RETURN_ZERO = "enter", "return", "return_zero"
WAIT_SECONDS = 120
# (step, side): (what to wait for in the function, its name in the C client or the product; a parameter's type where there are
# several of that name). Metrics, the last step, are kept by a worker that has an ops port.
POINTS = {
    (1, "before"): (ENTER, "rd_kafka_begin_transaction"),
    (1, "after"): (ENTER, "TaskRuntime.TurnLoop.commitTurn"),
    (2, "before"): (ENTER, "TaskRuntime.PartitionTask.finishTurn"),
    (2, "after"): (RETURN_ZERO, "rd_kafka_outq_len"),
    (3, "before"): (ENTER, "rd_kafka_send_offsets_to_transaction"),
    (3, "after"): (RETURN, "rd_kafka_send_offsets_to_transaction"),
    (4, "before"): (ENTER, "rd_kafka_commit_transaction"),
    (4, "after"): (RETURN, "rd_kafka_commit_transaction"),
    (5, "before"): (ENTER, "TaskRuntime.TaskState.commitTurn"),
    (5, "after"): (RETURN, "StateStore.SQLiteStateBackend.commit"),
    (6, "before"): (ENTER, "Operations.WorkerMonitor.count(TurnReport)"),
    (6, "after"): (RETURN, "Operations.WorkerMonitor.count(TurnReport)"),
}
SCRIPT = """
import gdb, os, signal
for setting in ("pagination off", "confirm off", "debuginfod enabled off", "breakpoint pending off", "print thread-events off"):
    gdb.execute("set " + setting)
gdb.execute("handle SIGPIPE nostop noprint pass")
gdb.execute("break {place}")
while True:
    gdb.execute("continue")
    if "{way}" == "enter":
        break
    gdb.execute("finish", to_string=True)
    if "{way}" == "return" or int(gdb.parse_and_eval("$eax")) == 0:
        break
print("stands: " + str(gdb.newest_frame().name()))
gdb.execute("delete")
os.kill({pid}, signal.SIGSTOP)
gdb.execute("detach")
"""


class Stopping:
    def __init__(self, binary):
        self._binary = binary
        self._places = places(binary)

    def stop(self, pid, point):
        """Waits until the process is at the point, stops it there, and returns the functions that it stands in."""
        place = self._places[point]
        if isinstance(place, int):
            place = f"*{loaded_at(pid, self._binary) + place:#x}"
        script = SCRIPT.format(place=place, way=POINTS[point][0], pid=pid)
        with tempfile.TemporaryDirectory(prefix="tributary-stop.") as directory:
            path = pathlib.Path(directory) / "stop.py"
            path.write_text(script)
            done = subprocess.run(
                ["gdb", "-nx", "-batch", "-p", str(pid), "-x", str(path)], capture_output=True, text=True,
                stdin=subprocess.DEVNULL, timeout=WAIT_SECONDS, start_new_session=True)
        stands = [line.removeprefix("stands: ") for line in done.stdout.splitlines() if line.startswith("stands: ")]
        if not stands:
            raise RuntimeError(f"{pid} was not stopped {point}: {done.stdout[-500:]} {done.stderr[-1500:]}")
        while not is_stopped(pid):
            time.sleep(0.01)
        return POINTS[point][1]


def places(binary):
    """What gdb is to break at, by point: a name of the C client, and where one of ours stands in the binary."""
    listed = subprocess.run(["nm", "--defined-only", str(binary)], check=True, capture_output=True, text=True).stdout
    symbols = [(fields[2], int(fields[0], 16)) for line in listed.splitlines() if len(fields := line.split()) == 3 and fields[1] in "tT"]
    named = subprocess.run(
        [demangler()], check=True, capture_output=True, text=True, input="".join(f"{name}\n" for name, _ in symbols)).stdout.splitlines()
    found = {}
    for point, (_, name) in POINTS.items():
        if "." not in name:
            found[point] = name
            continue
        owner, function, parameter = re.fullmatch(r"(.*)\.(\w+)(?:\((\w+)\))?", name).groups()
        # A private function is told apart by its file: `Type.(name in _0123)(...)`.
        shape = re.compile(rf"{re.escape(owner)}\.(?:{function}|\({function} in \w+\))\({'.*' + parameter if parameter else ''}")
        ours = [place for (_, place), text in zip(symbols, named) if shape.match(text)]
        if len(ours) != 1:
            raise RuntimeError(f"{binary} has {len(ours)} functions {name}, expected one")
        found[point] = ours[0]
    return found


def loaded_at(pid, binary):
    """Where a process has the start of its binary."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if len(fields) > 5 and fields[5] == str(binary.resolve()) and int(fields[2], 16) == 0:
                return int(fields[0].split("-")[0], 16)
    raise RuntimeError(f"{pid} does not run {binary}")


def demangler():
    """Swift's own, beside its compiler."""
    if found := shutil.which("swift-demangle"):
        return found
    return str(pathlib.Path(shutil.which("swift") or "/opt/swift/usr/bin/swift").resolve().parent / "swift-demangle")


def is_stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "T"


def go_on(pid, number):
    os.kill(pid, number)
