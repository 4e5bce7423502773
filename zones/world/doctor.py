"""`molt doctor world`: every invariant of the world of a home, checked on one whole tick.

Owns: finding and copying the world, the form of the answer. Does not own: the checks
(`invariants.py`). A declared file that touches the system: it reads the arena, as `molt top` does;
the world goes on meanwhile and does not notice.
"""

import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.errors import ArenaError, NoArena, SnapshotError
from Kernel.contract.places import arena_name, arena_places
from zones.runtime.arena_image import copy_committed, write_into
from zones.world.columns import World, open_world, schema_hash
from zones.world.invariants import Check, all_checks

ZONE: Final = "stable"
_NAME_WIDTH: Final = 16


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found in one tick of one arena."""

    arena: str
    tick: int
    checks: list[Check]

    @property
    def sound(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    def fields(self) -> dict[str, Any]:
        """Return the document of `--json`."""
        return {
            "arena": self.arena,
            "tick": self.tick,
            "sound": self.sound,
            "checks": [check.fields() for check in self.checks],
        }


def examine(home: Path) -> Examination:
    """Check the committed tick of a home's world.

    Raises:
        NoArena: the home has no world.
        ArenaError: it cannot be read, or is of another build.
    """
    world = _copy_world(home)
    tick = world.words.get(Header.COMMIT)
    arena = world.words.get_bytes(Header.ARENA_ID, 16).hex()
    return Examination(arena, tick, all_checks(world, tick))


def table(found: Examination) -> str:
    """Return an examination as lines for people."""
    lines = [f"arena {found.arena}, tick {found.tick}"]
    for check in found.checks:
        mark = "●" if check.ok else "✕"
        lines.append(
            f"  {mark} {check.name:<{_NAME_WIDTH}} {check.value:>12.6g}  "
            f"(at most {check.limit:.6g})  {check.what}"
        )
    failed = sum(not check.ok for check in found.checks)
    lines.append("sound" if not failed else f"not sound: {failed} of {len(found.checks)} fail")
    return "\n".join(lines)


def _copy_world(home: Path) -> World:
    """Return one whole committed tick of a home's world in memory of our own."""
    words = _map_arena(home)
    if words.get_bytes(Header.SCHEMA_HASH, 32) != schema_hash():
        raise ArenaError(
            f"cannot check the world of {home}: its columns are not those of this build"
        )
    try:
        image = copy_committed(words)
    except SnapshotError as error:
        raise ArenaError(
            f"cannot check the world of {home}: {error.message}", "molt pause"
        ) from error
    own = ArenaWords(memoryview(mmap.mmap(-1, image.buffers().file_bytes)))
    write_into(own, image, image.arena_id, image.created_ns)
    return open_world(own)


def _map_arena(home: Path) -> ArenaWords:
    places = [place / arena_name(ZONE) for place in arena_places(home, os.getuid())]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise NoArena(f"cannot find the world of {home}: it has no arena", "make run")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < mmap.PAGESIZE:
            raise ArenaError(f"cannot use {path}: it is only {size} bytes")
        words = ArenaWords(memoryview(mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)))
    check_arena(words, str(path))
    return words
