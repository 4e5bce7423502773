"""The environment of every zone process: clean, nothing of the operator's shell reaches a zone."""

import os
from pathlib import Path


def zone_environment(cache_dir: Path, in_slot: bool = False) -> dict[str, str]:
    """Return it.

    Args:
        cache_dir: where numba keeps compiled kernels, mode 0700.
        in_slot: it runs the code of a slot, and leaves no bytecode there: that is on no list, and
            whoever starts the slot next would run it.
    """
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
    return kept | {
        "HOME": str(Path.home()),
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1"
        if in_slot
        else os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
        "NUMBA_CACHE_DIR": str(cache_dir),
        "NUMBA_THREADING_LAYER": "workqueue",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
