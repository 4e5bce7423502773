"""How much memory the machine has left."""

import psutil


def free_memory_bytes() -> int | None:
    """Return what new processes could take without swapping, None where nobody can tell."""
    try:
        return int(psutil.virtual_memory().available)
    except (OSError, RuntimeError, ValueError):  # no /proc, or another form of it
        return None
