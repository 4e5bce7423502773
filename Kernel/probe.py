"""`manifest.py --probe`: would a normal boot work? Asked by safe mode, in a throw-away process.

Owns: what is tried: this process has imported the kernel and read the configuration, and each
declared service prepares itself in a child. Does not own: one child (`Kernel/ports/proof.py`), when
this is asked (`fallback/decisions.py`). No lock is taken and nothing of the home is written.
"""

from pathlib import Path

from Kernel.config import KernelConfig
from Kernel.ports.proof import prove_service


def probe(config: KernelConfig, root: Path) -> int:
    """Return 0 when every service can be run.

    Raises:
        MoltError: one cannot; names it and what it said.
    """
    for zone in config.zones:
        prove_service(zone.service, zone.settings, root, root / ".cache" / "numba")
    return 0
