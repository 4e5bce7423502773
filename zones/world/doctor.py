"""`molt doctor world`: every invariant of the world of a home, checked on one whole tick.

Owns: finding and copying the world, the form of the answer. Does not own: the checks
(`invariants.py`). A declared file that touches the system: it reads the arena, as `molt top` does;
the world goes on meanwhile and does not notice.
"""

import mmap
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from Kernel.contract.arena import HEADER_BYTES, ArenaWords, Header, State
from Kernel.contract.arena_lookup import find_arena, map_arena
from Kernel.contract.errors import ArenaError, SnapshotError
from zones.runtime.arena_image import copy_committed
from zones.world.columns import World, open_world, schema_hash
from zones.world.invariants import Check, all_checks, cold_check

ZONE: Final = "stable"
HOLDS: Final = "●"
FAILS: Final = "✕"
LEFT_OUT: Final = "○"
COLD_CHECK: Final = "cold columns"
RUNNING: Final = "the world does not hold still (molt pause)"
_NAME_WIDTH: Final = 16


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found in one tick of one arena.

    Args:
        left_out: why a check was not made, by its name.
    """

    arena: str
    tick: int
    checks: list[Check]
    left_out: dict[str, str]

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
            "not_checked": self.left_out,
        }


def examine(home: Path) -> Examination:
    """Check the committed tick of a home's world.

    Raises:
        NoArena: the home has no world.
        ArenaError: it cannot be read, or is of another build.
    """
    world, holds = _copy_world(home)
    tick = world.words.get(Header.COMMIT)
    arena = world.words.get_bytes(Header.ARENA_ID, 16).hex()
    checks = all_checks(world, tick)
    if holds:
        checks.append(cold_check(world, tick))
    return Examination(arena, tick, checks, {} if holds else {COLD_CHECK: RUNNING})


def table(found: Examination, columns: int = 0) -> str:
    """Return an examination as lines for people.

    Args:
        columns: of the terminal, whose lines break between words; 0: they stay whole.
    """
    lines = [f"arena {found.arena}, tick {found.tick}"]
    for check in found.checks:
        mark = HOLDS if check.ok else FAILS
        lines.append(
            f"  {mark} {check.name:<{_NAME_WIDTH}} {check.value:>12.6g}  "
            f"(at most {check.limit:.6g})  {check.what}"
        )
    for name, why in found.left_out.items():
        lines.append(f"  {LEFT_OUT} {name:<{_NAME_WIDTH}} not checked: {why}")
    failed = sum(not check.ok for check in found.checks)
    lines.append("sound" if not failed else f"not sound: {failed} of {len(found.checks)} fail")
    return "\n".join(_folded(line, columns) for line in lines)


def _folded(line: str, columns: int) -> str:
    if not columns or len(line) <= columns:
        return line
    indent = " " * (_NAME_WIDTH + 5)
    return "\n".join(wrap(line, columns, subsequent_indent=indent, break_long_words=False))


def _copy_world(home: Path) -> tuple[World, bool]:
    """Return one whole committed tick of a home's world in memory of our own.

    Returns:
        The world, and whether the buffer of the tick before is whole too: the world held still
        while both were copied.
    """
    path = find_arena(home, ZONE)
    words, _ = map_arena(path)
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
    tick, size = image.tick, len(image.buffer)
    before = words.buffer_offset(tick + 1)
    layout = words.layout
    assert layout is not None, "map_arena has checked it"
    own = ArenaWords(memoryview(mmap.mmap(-1, layout.file_bytes)))
    own.put_bytes(0, words.get_bytes(0, HEADER_BYTES + layout.schema_bytes))
    own.put_bytes(before, words.get_bytes(before, size))
    holds = tick >= 1 and _holds_at(words, tick)
    own.put_bytes(words.buffer_offset(tick), bytes(image.buffer))
    own.put(Header.COMMIT, tick)
    own.layout = layout
    return open_world(own), holds


def _holds_at(words: ArenaWords, tick: int) -> bool:
    """Return whether the world stands still at `tick`, so that nobody writes either buffer."""
    return (
        words.get(Header.COMMIT) == tick
        and words.get(Header.FLIGHT) == 0
        and words.state(tick, State.HOLD_AFTER) <= tick
        and words.state(tick - 1, State.TICK) == tick - 1
    )
