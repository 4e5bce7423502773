"""The world as a service: what its zygote prepares, what its founder makes, what its heirs run.

Owns: handing settings, files and mappings to the engine. Does not own: ticks (`engine.py`), the
life of a process (`zones/runtime/arena_zone.py`). The one file of this package that touches the
operating system in a zone process.
"""

import errno
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Header, Side
from Kernel.contract.errors import ArenaError
from zones.runtime.arena_image import ArenaImage, write_into
from zones.runtime.arena_memory import map_arena, reserve_file
from zones.runtime.snapshot_file import newest_verified
from zones.world import engine, founding
from zones.world.columns import schema_hash
from zones.world.numba_setup import THREADS_MAX
from zones.world.parameters import PARAMETERS
from zones.world.settings import WorldSettings, parse_settings


def prepare(settings: dict[str, Any]) -> dict[str, Any]:
    """Check the settings, load and warm every kernel; return the facts of this generation.

    Raises:
        ConfigError: the settings cannot be used.
    """
    parsed = parse_settings(settings)
    engine.prepare(_threads())
    build = founding.build_id()
    return {
        "generation": build.hex()[:12],
        "schema_hash": schema_hash().hex(),
        "period_ns": int(parsed.tick_rate_ms * 1e6),
        "parameters": [parameter.fields() for parameter in PARAMETERS],
        "phases": list(engine.PHASES),
        "seed": parsed.seed,
        "max_entities": parsed.max_entities,
    }


def found(job: dict[str, Any]) -> None:
    """Make the arena file: from the newest verified snapshot if there is one, else from the seed.

    Args:
        job: {"zone", "folders", "snapshots", "settings"}, see `Kernel/core/arena_keeper.py`.

    Raises:
        ArenaError: no folder has room for it.
    """
    name = f"{job['zone']}.arena"
    settings = parse_settings(job["settings"])
    newest = newest_verified(Path(job["snapshots"]), job["zone"])
    for damaged in newest.damaged:
        sys.stderr.write(f"{damaged}\n")
    image = newest.image
    if image is not None and image.schema_hash != schema_hash():
        sys.stderr.write(f"cannot restore {newest.path}: its columns are not those of this build\n")
        image = None
    size = image.buffers().file_bytes if image else founding.plan(settings).file_bytes
    for folder in map(Path, job["folders"]):
        try:
            fd = reserve_file(_fresh(folder / (name + ".new")), size)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            sys.stderr.write(f"cannot reserve {size} bytes in {folder}: {error.strerror}\n")
            continue
        _fill(map_arena(fd, writable=True), settings, image)
        (folder / (name + ".new")).rename(folder / name)
        source = f"snapshot of tick {image.tick}" if image else f"seed {settings.seed}"
        sys.stderr.write(f"founded {folder / name} from {source}\n")
        return
    raise ArenaError(
        f"cannot make {name}: {size} bytes are free in none of {job['folders']}", "df -h"
    )


def _fresh(path: Path) -> Path:
    path.unlink(missing_ok=True)
    return path


def _fill(words: ArenaWords, settings: WorldSettings, image: ArenaImage | None) -> None:
    arena_id, created_ns = secrets.token_bytes(16), time.time_ns()
    if image is not None:
        write_into(words, image, arena_id, created_ns)
        return
    founding.found(words, settings)
    words.put_bytes(Header.ARENA_ID, arena_id)
    words.put(Header.CREATED_NS, created_ns)


def open_engine(words: ArenaWords, side: memoryview, settings: dict[str, Any]) -> engine.Engine:
    """Return the engine on a mapped arena; what is stored of its outbox is read from the side."""
    acked = _acked_reader(side)
    return engine.Engine(words, _threads(), acked)


def open_scratch(settings: dict[str, Any]) -> tuple[ArenaWords, engine.Engine]:
    """Return a small world in private memory that takes the same code paths as the real one."""
    parsed = parse_settings(settings)
    slots = min(parsed.max_entities, engine.PARALLEL_FROM)
    few = min(slots, 30)
    scratch = replace(parsed, max_entities=slots, resources=min(parsed.resources, 64), entities=few)
    words = ArenaWords(memoryview(bytearray(founding.plan(scratch).file_bytes)))
    founding.found(words, scratch)
    return words, engine.Engine(words, _threads(), lambda: 0)


def _threads() -> int:
    """Return how many threads a tick may use here; it decides nothing but speed."""
    return min(len(os.sched_getaffinity(0)), THREADS_MAX)


def _acked_reader(side: memoryview) -> Callable[[], int]:
    words = side.cast("Q")
    return lambda: words[Side.OUTBOX_ACKED_OFFSET >> 3]
