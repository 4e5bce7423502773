"""Which sources machine code is made from: a change in any of them makes all of it stale.

Owns: the list, and the name of the compile cache that follows from it. Does not own: compiling
(`zones/runtime/numba_setup.py`). The kernel looks whether a cache is there without importing numba.
"""

import hashlib
from pathlib import Path

COMPILED_FOLDERS = ("zones/world", "Kernel/contract")
COMPILED_FILES = (
    "zones/runtime/numba_setup.py",
    "zones/runtime/random_streams.py",
    "zones/runtime/writing_threads.py",
    "zones/traits/contract.py",
    "zones/traits/draws.py",
    "zones/traits/float_arithmetic.py",
    "zones/traits/functions.py",
    "zones/traits/in_place.py",
    "zones/traits/integer_arithmetic.py",
    "zones/traits/linked.py",
    "zones/traits/machine.py",
    "zones/traits/native/driver.py",
    "zones/traits/neighbours.py",
    "zones/traits/numerics.py",
    "zones/traits/searches.py",
    "zones/traits/signatures.py",
    "zones/traits/table.py",
)


def hash_sources(root: Path) -> str:
    """Return sha256, in hex, of the sources of a checkout that compiled code is made from.

    Raises:
        OSError: one of them cannot be read.
    """
    files = [root / name for name in COMPILED_FILES]
    for folder in COMPILED_FOLDERS:
        files += (root / folder).glob("*.py")
    digest = hashlib.sha256()
    for path in sorted(each for each in files if not each.name.startswith(".")):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def cache_name(sources: str) -> str:
    """Return the name of the folder that holds the code compiled from these sources."""
    return f"world-{sources[:16]}"
