"""The dry run of a copy of the world's code: it ticks a copied world, sealed, and tells the hash.

Owns: taking the copy, or going on from one that was taken, what is told. Does not own: which copies
of the code are held against each other (`Kernel/ports/dry_run.py`), the sealed child
(`sealed_replaying.py`). Nothing of the home is written but the copy that is asked for.

Two copies of the code that begin with the same bytes and behave the same come to the same hash:
that is what a bundle claims that says it changes no behaviour.
"""

import mmap
from pathlib import Path
from typing import Any

from Kernel.contract.arena import State
from Kernel.contract.errors import Refused
from zones.runtime.cage import Layer, machine_report
from zones.runtime.snapshot_file import read_snapshot, write_snapshot
from zones.world.columns import open_world
from zones.world.inspection import is_of_this_build
from zones.world.migration import migrate
from zones.world.parameters import PARAMETERS
from zones.world.registry import read_entries
from zones.world.sealed_replaying import NOT_HERE, SealedCode, SealedReplayer
from zones.world.trait_loading import traits_of
from zones.world.trial.copying import copy_world, found_copy
from zones.world.warm_up import prepare

TICKS_A_LOOK = 256


def run_dry(
    home: Path, zone: str, ticks: int, image: Path | None, keep: Path | None
) -> dict[str, Any]:
    """Return what so many ticks of a copy of a home's world came to.

    Args:
        image: a snapshot to begin from; None: the committed tick of the zone's world, or a small
            world where there is none.
        keep: a folder to write that beginning to.

    Raises:
        Refused: nothing can be sealed here.
        MoltError: the copy cannot be made, or does not tick.
    """
    missing = machine_report().missing
    if Layer.SECCOMP in missing:
        raise Refused(f"cannot run the dry run: {NOT_HERE}", "molt doctor cage")
    prepare(1)
    begins, why = (read_snapshot(image), "") if image is not None else copy_world(home, zone)
    told: dict[str, Any] = {"why": why, "from_tick": begins.tick, "image": ""}
    if keep is not None:
        told["image"] = str(write_snapshot(keep, begins, zone).path)
    memory = memoryview(mmap.mmap(-1, begins.buffers().file_bytes))
    words = found_copy(memory, begins)
    told["migrated"] = not is_of_this_build(words)
    if told["migrated"]:
        begins, _changes = migrate(
            begins, begins.capacity, tuple(each.default for each in PARAMETERS)
        )
        words = found_copy(memoryview(mmap.mmap(-1, begins.buffers().file_bytes)), begins)
    hashes = [entry.hash for entry in read_entries(open_world(words).committed)]
    code = SealedCode(traits_of(home, hashes).library, missing)
    with SealedReplayer(words, 1, (), None, code) as world:
        until = begins.tick + ticks
        while world.tick < until:
            world.run_to(min(until, world.tick + TICKS_A_LOOK))
        digest = world.hash().hex()
        suspended = list(world.suspended)
    return told | {
        "ticks": ticks,
        "hash": digest,
        "population": words.state(until, State.POPULATION),
        "checks_failed": words.state(until, State.CHECKS_FAILED),
        "suspended": suspended,
    }
