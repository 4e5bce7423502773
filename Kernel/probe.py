"""`manifest.py --probe`: would a normal boot work? Asked by safe mode, in a throw-away process.

Owns: what is tried: this process has imported the kernel and read the configuration, and each
declared service prepares itself in a child. Does not own: one child (`Kernel/ports/proof.py`), when
this is asked (`fallback/decisions.py`). No lock is taken and nothing of the home is written.
"""

import contextlib
from pathlib import Path

from fallback.lent_cache import lend_cache
from Kernel.config import KernelConfig
from Kernel.ports.proof import prove_service


def probe(config: KernelConfig, checkout: Path, root: Path | None) -> int:
    """Return 0 when every service can be run.

    Args:
        root: of the module version that a boot would run; None: the checkout.

    Raises:
        MoltError: one cannot; names it and what it said.
    """
    cache_dir = checkout / ".cache" / "numba"
    if root is not None:
        with contextlib.suppress(OSError):  # it compiles then
            lend_cache(root, cache_dir)
    for zone in config.zones:
        prove_service(
            zone.service, zone.settings, root or checkout, cache_dir, in_slot=root is not None
        )
    return 0
