"""The self-test of a copy of the world's code: does it really run, and by its own files alone?

Owns: what is tried before a copy becomes the known-good one. Does not own: making the copy
(`fallback/slot_files.py`). What an heir would do is done here, in memory: the service is prepared,
its scratch world lives a few ticks, and a small world is founded and run, once with threads and
once without, which must come to the same hash with all its books in order.
"""

import mmap
import sys
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, State
from Kernel.contract.errors import MoltError
from zones.runtime.arena_zone import rehearse
from zones.runtime.numba_setup import CACHE_FOLDER
from zones.world import founding
from zones.world.engine import Engine
from zones.world.service import Generation
from zones.world.settings import parse_settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"seed": 7, "entities": 120, "max_entities": 1024, "resources": 400}
PACKAGES = ("zones", "Kernel")


def run_self_test(ticks: int) -> dict[str, Any]:
    """Return what the test came to: ticks, hash, population, root, cache.

    Raises:
        MoltError: this code does not run as it must; says what was wrong.
    """
    generation = Generation(SETTINGS)
    words, engine = generation.scratch()
    rehearse(words, engine)
    (digest, population), (again, _) = _live(ticks, False), _live(ticks, True)
    if digest != again:
        raise MoltError(
            f"cannot trust this code: tick {ticks} has hash {digest[:12]} without threads and "
            f"{again[:12]} with them"
        )
    strangers = _strangers()
    if strangers:
        raise MoltError(f"cannot trust this code: {strangers[0]} comes from outside {ROOT}")
    return {
        "ticks": ticks,
        "hash": digest,
        "population": population,
        "root": str(ROOT),
        "cache": str(CACHE_FOLDER),
    }


def _live(ticks: int, parallel: bool) -> tuple[str, int]:
    settings = parse_settings(SETTINGS)
    words = ArenaWords(memoryview(mmap.mmap(-1, founding.plan(settings).file_bytes)))
    founding.found(words, settings)
    engine = Engine(words, 2, lambda: 0)
    engine.use_parallel(parallel)
    for _ in range(ticks):
        engine.tick()
    failed = words.state(ticks, State.CHECKS_FAILED)
    if failed:
        raise MoltError(f"cannot trust this code: {failed} checks of its world failed")
    population = words.state(ticks, State.POPULATION)
    if not population:
        raise MoltError(f"cannot trust this code: nobody of its world lives at tick {ticks}")
    return engine.publish_hash().hex(), population


def _strangers() -> list[str]:
    """Return the modules of ours that were loaded from elsewhere than beside this file."""
    ours = [name for name in sys.modules if name.partition(".")[0] in PACKAGES]
    files = {name: getattr(sys.modules[name], "__file__", None) for name in ours}
    return sorted(
        name for name, file in files.items() if file and not Path(file).is_relative_to(ROOT)
    )
