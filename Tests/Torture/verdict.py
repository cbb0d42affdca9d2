"""What scripts/oracle, which shares no code with the product, says of a cluster's log."""

import json
import subprocess
import sys

from cluster import ROOT


def ask_oracle(bootstrap, seconds):
    """Its judgement: `figures`, `counts` of violations by code, and `violations`."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "oracle"), "--log", f"kafka://{bootstrap}", "--json"],
        capture_output=True, text=True, timeout=seconds)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the oracle failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def complaints(judgement):
    """A line for each violation."""
    return [f"{found['code']}: {found['place']}: {found['text'][:300]}" for found in judgement["violations"]]
