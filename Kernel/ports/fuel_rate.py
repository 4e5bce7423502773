"""How many steps of traits this machine does in a millisecond, measured by the world's own code.

Owns: having it measured, in a process of its own. Does not own: measuring (`zones/world`), what
follows (`Kernel/core/checkup.py`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

MEASURE_S = 20.0
"""It takes some two seconds where the kernels are compiled; it is not asked where they are not."""


def measure_fuel(checkout: Path) -> int | None:
    """Return steps of interpreted traits in a millisecond, None when it cannot be found out."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "zones.world.fuel_rate"],
            cwd=checkout,
            env={"OPENBLAS_NUM_THREADS": "1", **os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MEASURE_S,
            check=True,
        )
        rate = json.loads(done.stdout)["fuel_per_ms"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None
    return rate if type(rate) is int and rate > 0 else None
