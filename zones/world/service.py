"""The world as a service: what its zygote prepares, what its founder makes, what its heirs run.

Owns: handing settings, files and mappings to the engine. Does not own: ticks (`engine.py`), the
life of a process (`zones/runtime/arena_zone.py`), making an arena (`founder.py`). With that one the
file of this package that touches the operating system in a zone process.
"""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Side
from Kernel.contract.places import LEDGER
from zones.runtime.arena_place import ArenaPlace
from zones.runtime.cage import Layer
from zones.runtime.generation import Progress, untold
from zones.runtime.numba_setup import THREADS_MAX
from zones.runtime.trait_store import TraitStore
from zones.world import engine, founding, warm_up
from zones.world.catching_up import CatchUp
from zones.world.columns import schema_hash
from zones.world.founder import Founder, say
from zones.world.parameters import PARAMETERS
from zones.world.recorded import Recorded, send
from zones.world.sealed_replaying import code_of
from zones.world.settings import KEYS, parse_settings
from zones.world.trait_library import idle_input, idle_library
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.cell import run_trial


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
        self._traits = LoadedTraits()
        done = count()
        warm_up.prepare(self._threads, lambda step: progress(next(done), warm_up.STEPS, step))
        self._scratch = self._make_scratch()
        self.facts: dict[str, Any] = {
            "generation": founding.build_id().hex()[:12],
            "build": founding.build_id().hex(),
            "schema_hash": schema_hash().hex(),
            "period_ns": int(self._settings.tick_rate_ms * 1e6),
            "parameters": [parameter.fields() for parameter in PARAMETERS],
            "settings": [key.fields() for key in KEYS],
            "phases": list(engine.PHASES),
            "seed": self._settings.seed,
            "max_entities": self._settings.max_entities,
            "causes": True,  # an input may say which event led to it
            "inspects": True,  # its founder can be given the arena that is there
            "cells": ["trial"],
        }

    def scratch(self) -> tuple[ArenaWords, engine.Engine]:
        """Return a small world in private memory that takes the code paths of the real one."""
        return self._scratch

    def open_engine(self, words: ArenaWords, side: memoryview) -> engine.Engine:
        """Return the engine on a mapped arena; the side says what is stored of its outbox."""
        side_words = side.cast("Q")
        return engine.Engine(
            words,
            self._threads,
            lambda: side_words[Side.OUTBOX_ACKED_OFFSET >> 3],
            clock_ns=time.perf_counter_ns,
            load_library=self._traits.library,
        )

    def load_traits(self, home: Path, hashes: Sequence[str], progress: Progress) -> None:
        """Load the code of these traits from the store of a home, see `ArenaGeneration`."""
        self._traits.keep(hashes)
        for done, loading in enumerate(self._traits.load(TraitStore(home), hashes)):
            progress(done, len(hashes), f"trait {loading.hash[:12]}")
        self.facts["traits"] = self._traits.facts()

    def try_trait(
        self, facts: Mapping[str, Any], descriptors: Mapping[str, int], missing: frozenset[Layer]
    ) -> None:
        """Carry out a trial on a copy of the world, see `ArenaGeneration`."""
        budget_us = self._settings.tick_rate_ms * 1e3
        run_trial(facts, descriptors, missing, self._traits, budget_us)

    def found(self, job: dict[str, Any]) -> None:
        """See that a good arena lies under the zone's name.

        Args:
            job: {"zone", "folders", "snapshots"}, see `Kernel/core/arena_founding.py`, and the path
                of the arena that is there: as "inspect" at boot, as "migrate_from" when a
                generation of other columns, or of another size, is to go on in a new file;
                "missing": layers of the cage that this machine has not got.

        Raises:
            ArenaError: no folder has room for it.
        """
        old = job.get("inspect") or job.get("migrate_from")
        place = ArenaPlace(job["zone"], [Path(folder) for folder in job["folders"]])
        zone, snapshots = job["zone"], Path(job["snapshots"])
        catch_up = CatchUp(
            zone,
            snapshots.with_name(LEDGER.name),
            snapshots / f".{zone}.replaying",
            self._threads,
            self._settings.replay_ticks_max,
            say,
            code=code_of(self._traits, frozenset(map(Layer, job.get("missing", ())))),
        )
        founder = Founder(zone, place, snapshots, self._settings, _new_stamp, catch_up)
        founder.see_to(Path(old) if old else None)

    def _make_scratch(self) -> tuple[ArenaWords, engine.Engine]:
        settings = replace(self._settings, max_entities=64, resources=64, entities=30)
        words = ArenaWords(memoryview(bytearray(founding.plan(settings).file_bytes)))
        founding.found(words, settings)
        send(words, Recorded(1, idle_input()), 1)
        slots = self._settings.max_entities
        return words, engine.Engine(
            words,
            self._threads,
            lambda: 0,
            clock_ns=time.perf_counter_ns,
            library=idle_library(),
            threads_as_for=slots,
        )


def _new_stamp() -> tuple[bytes, int]:
    """Return what tells a new arena from every other: an id, and when it was made."""
    return secrets.token_bytes(16), time.time_ns()
