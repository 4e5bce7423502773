"""What one stay in safe mode leaves for the next: how often normal running has failed in a row.

Owns: HOME/run/safe-mode.json. Does not own: what follows from it (`decisions.py`).
"""

import contextlib
import json
from pathlib import Path

from fallback.decisions import failures_at_entry

NAME = "safe-mode.json"
BYTES_MAX = 4096


def save_failures(run: Path, failures: int, now_s: float) -> None:
    """Note it. Where that is not possible the back-off starts over: no more than that.

    Args:
        now_s: since the machine's boot.
    """
    with contextlib.suppress(OSError):
        fields = {"failures": failures, "left_s": now_s}
        (run / NAME).write_text(json.dumps(fields), encoding="utf-8")


def load_failures(run: Path, now_s: float) -> int:
    """Return how many failures count: normal running may have failed again just now.

    Args:
        run: whose note may hold anything.
        now_s: since the machine's boot.
    """
    try:
        fields = json.loads((run / NAME).read_bytes()[:BYTES_MAX])
        failures, left_s = max(0, int(fields["failures"])), float(fields["left_s"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 0
    return failures_at_entry(failures, left_s, now_s)
