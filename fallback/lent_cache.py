"""The compiled kernels of a slot, lent to the compile cache, so that it starts without compiling.

Owns: copying them. Does not own: the slot they lie in (`slot_files.py`). Standard library only.
"""

import os
import shutil
from pathlib import Path

from fallback.slot_files import CACHE


def lend_cache(root: Path, cache_dir: Path) -> None:
    """Give the compiled kernels of a slot to the compile cache, where they are missing.

    Raises:
        OSError: they cannot be written; the slot then compiles when it starts.
    """
    lent = root / CACHE
    for folder in lent.iterdir() if lent.is_dir() else ():
        target = cache_dir / folder.name
        if target.exists():
            continue
        fresh = target.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(folder, fresh)
        try:
            fresh.rename(target)
        except OSError:  # somebody else was faster
            shutil.rmtree(fresh, ignore_errors=True)
            if not target.is_dir():
                raise
