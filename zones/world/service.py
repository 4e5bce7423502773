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
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Header, Side
from Kernel.contract.errors import ArenaError
from zones.runtime.arena_image import ArenaImage, write_into
from zones.runtime.arena_memory import map_arena, reserve_file
from zones.runtime.generation import Progress, untold
from zones.runtime.snapshot_file import newest_verified
from zones.world import engine, founding, warm_up
from zones.world.columns import schema_hash
from zones.world.numba_setup import THREADS_MAX
from zones.world.parameters import PARAMETERS
from zones.world.settings import KEYS, WorldSettings, parse_settings


class Generation:
    """One version of the world's code with its settings, imported, compiled and warm.

    Made in the zygote; everything a fork will need is made here, before the fork: a page that
    only the zygote has written stays shared, each that an heir writes is memory of its own.

    Raises:
        ConfigError: the settings cannot be used.
    """

    def __init__(self, settings: dict[str, Any], progress: Progress = untold) -> None:
        self._settings = parse_settings(settings)
        self._threads = min(len(os.sched_getaffinity(0)), THREADS_MAX)
        done = count()
        warm_up.prepare(self._threads, lambda step: progress(next(done), warm_up.STEPS, step))
        self._scratch = self._make_scratch()
        self.facts: dict[str, Any] = {
            "generation": founding.build_id().hex()[:12],
            "schema_hash": schema_hash().hex(),
            "period_ns": int(self._settings.tick_rate_ms * 1e6),
            "parameters": [parameter.fields() for parameter in PARAMETERS],
            "settings": [key.fields() for key in KEYS],
            "phases": list(engine.PHASES),
            "seed": self._settings.seed,
            "max_entities": self._settings.max_entities,
        }

    def scratch(self) -> tuple[ArenaWords, engine.Engine]:
        """Return a small world in private memory that takes the code paths of the real one."""
        if self._settings.max_entities >= engine.PARALLEL_FROM:
            warm_up.start_threads(self._threads)
        return self._scratch

    def open_engine(self, words: ArenaWords, side: memoryview) -> engine.Engine:
        """Return the engine on a mapped arena; the side says what is stored of its outbox."""
        side_words = side.cast("Q")
        return engine.Engine(
            words,
            self._threads,
            lambda: side_words[Side.OUTBOX_ACKED_OFFSET >> 3],
            clock_ns=time.perf_counter_ns,
        )

    def found(self, job: dict[str, Any]) -> None:
        """Make the arena file: from the newest verified snapshot if there is one, else the seed.

        Args:
            job: {"zone", "folders", "snapshots"}, see `Kernel/core/arena_keeper.py`.

        Raises:
            ArenaError: no folder has room for it.
        """
        name = f"{job['zone']}.arena"
        image = _find_image(Path(job["snapshots"]), job["zone"])
        size = (image.buffers() if image else founding.plan(self._settings)).file_bytes
        for folder in map(Path, job["folders"]):
            try:
                fd = reserve_file(folder / (name + ".new"), size)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                sys.stderr.write(f"cannot reserve {size} bytes in {folder}: {error.strerror}\n")
                continue
            _fill(map_arena(fd, writable=True), self._settings, image)
            (folder / (name + ".new")).rename(folder / name)
            source = f"snapshot of tick {image.tick}" if image else f"seed {self._settings.seed}"
            sys.stderr.write(f"founded {folder / name} from {source}\n")
            return
        raise ArenaError(
            f"cannot make {name}: {size} bytes are free in none of {job['folders']}", "df -h"
        )

    def _make_scratch(self) -> tuple[ArenaWords, engine.Engine]:
        settings = replace(self._settings, max_entities=64, resources=64, entities=30)
        words = ArenaWords(memoryview(bytearray(founding.plan(settings).file_bytes)))
        founding.found(words, settings)
        slots = self._settings.max_entities
        return words, engine.Engine(
            words,
            self._threads,
            lambda: 0,
            clock_ns=time.perf_counter_ns,
            threads_as_for=slots,
        )


def _find_image(snapshots: Path, zone: str) -> ArenaImage | None:
    newest = newest_verified(snapshots, zone)
    for damaged in newest.damaged:
        sys.stderr.write(f"{damaged}\n")
    if newest.image is not None and newest.image.schema_hash != schema_hash():
        sys.stderr.write(f"cannot restore {newest.path}: its columns are not those of this build\n")
        return None
    return newest.image


def _fill(words: ArenaWords, settings: WorldSettings, image: ArenaImage | None) -> None:
    arena_id, created_ns = secrets.token_bytes(16), time.time_ns()
    if image is not None:
        write_into(words, image, arena_id, created_ns)
        return
    founding.found(words, settings)
    words.put_bytes(Header.ARENA_ID, arena_id)
    words.put(Header.CREATED_NS, created_ns)
