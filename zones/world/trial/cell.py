"""The process of a trial, forked from the zygote of the generation that serves: what it is given.

Owns: reading the job, taking the copy of the world, being enclosed, writing the answer. Does not
own: the trial (`coordinator.py`), the process's fork and descriptors (`zones/runtime/host.py`), its
limits in time (the kernel).

It holds its process together and runs nothing that is foreign. With the world copied it needs no
file but the store of traits, and no network: so it goes into a cage of its own.
"""

import codecs
import json
import math
import os
import time
from collections.abc import Mapping
from typing import Any, Final

from Kernel.contract.arena import ArenaWords
from Kernel.contract.errors import MoltError
from zones.runtime.arena_memory import map_arena
from zones.runtime.cage import Layer
from zones.runtime.kinship import set_process_name
from zones.runtime.trait_store import PLACE
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.coordinator import try_trait
from zones.world.trial.copying import copy_world
from zones.world.trial.job import Job, parse_job
from zones.world.trial.pairs import Context
from zones.world.trial.walls import Walls

WHY_CHARS_MAX: Final = 400
TIME_SHARE: Final = 0.9
"""Of the time it has: the rest is for telling what is known."""
SOURCE_BYTES_MAX: Final = 16 * 1024 * 1024
"""More than a kernel hands over; how long a source may be is a rule of screening."""
CODECS: Final = ("ascii", "latin-1")
"""Loaded from files at their first use, which is too late behind the cage."""


def run_trial(
    facts: Mapping[str, Any],
    descriptors: Mapping[str, int],
    missing: frozenset[Layer],
    loaded: LoadedTraits,
    budget_us: float,
) -> None:
    """Carry out the trial that a Fork asks for, and write the answer: a document, or why not.

    Args:
        facts: of the Fork: "trial", the job; "wall_s", when it is ended; "uncaged", the operator
            lets code run unsealed.
        descriptors: "job", "result", and "arena", the world, if it has one.
        missing: layers of the cage that the machine has not got.
        budget_us: of a tick.
    """
    set_process_name("molt trial")
    try:
        told = _carry_out(facts, descriptors, missing, loaded, budget_us)
    except OSError as error:
        told = {"failed": f"{error.filename or 'the machine'}: {error.strerror or error}"}
    except MoltError as error:
        told = {"failed": error.message[:WHY_CHARS_MAX]}
    answer = memoryview(json.dumps(told).encode() + b"\n")
    while answer:
        answer = answer[os.write(descriptors["result"], answer) :]


def _carry_out(
    facts: Mapping[str, Any],
    descriptors: Mapping[str, int],
    missing: frozenset[Layer],
    loaded: LoadedTraits,
    budget_us: float,
) -> dict[str, Any]:
    until_s = time.monotonic() + TIME_SHARE * float(facts.get("wall_s", math.inf))
    job = parse_job(facts["trial"])
    if Layer.SECCOMP in missing and not facts.get("uncaged"):
        raise MoltError("cannot try: this machine cannot hold the calls of a process (grade D)")
    source = os.read(descriptors["job"], SOURCE_BYTES_MAX)
    image, note = copy_world(job.home, job.zone, _map(descriptors))
    kept = (0, 1, 2, descriptors["result"])
    _make_places(job)
    for codec in CODECS:
        codecs.lookup(codec)
    walls = Walls(missing).hold_coordinator(job.home, kept)
    context = Context(image, loaded, walls, budget_us, note, until_s)
    return try_trait(job, source, context)


def _map(descriptors: Mapping[str, int]) -> ArenaWords | None:
    """Map the world that was handed over; None: it is to be found."""
    if "arena" not in descriptors:
        return None
    return map_arena(descriptors["arena"], writable=False)


def _make_places(job: Job) -> None:
    """Make the folder that is written to: behind the cage only what is there can be."""
    if job.add:
        (job.home / PLACE).mkdir(mode=0o700, parents=True, exist_ok=True)
