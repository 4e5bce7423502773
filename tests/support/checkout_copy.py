"""A copy of this checkout that a test may break: its files, the same .venv, no history.

The compile cache is linked too: with it a copy starts in a second, without in half a minute.
"""

import shutil
from pathlib import Path

from tests.structure.sources import ROOT, project_files

LEFT_OUT = ("docs/", "tests/")


def copy_checkout(target: Path, with_toy: bool = False) -> Path:
    """Copy the project's files to `target` and return it.

    Args:
        with_toy: put the toy service into its zones, as `zones.toy`, so that slots hold it too.
    """
    for name in project_files():
        if not name.startswith(LEFT_OUT):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    (target / ".venv").symlink_to((ROOT / ".venv").resolve())
    cache = ROOT / ".cache" / "numba"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    (target / ".cache").mkdir()
    (target / ".cache" / "numba").symlink_to(cache)
    if with_toy:
        shutil.copytree(ROOT / "tests" / "support" / "toy", target / "zones" / "toy")
    return target
