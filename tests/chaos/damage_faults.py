"""Faults of the files a kernel lives by: its configuration, its slot, the arena of its world.

Owns: how each is damaged, what must be said, that all is as before afterwards. Does not own: the
bytes of an arena (`arena_damage.py`), damage to the ledger (`ledger_faults.py`).
"""

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from fallback.slot_files import SlotError, find_slot, slot_folder
from Kernel.contract.arena import Header
from Kernel.contract.errors import MoltError
from tests.chaos.arena_damage import harm_columns, harm_length, harm_schema
from tests.chaos.holding import Held, hold
from tests.chaos.own_faults import own_fault
from tests.chaos.own_target import OwnTarget
from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import WORLD, NotInTime, wait_until

FILLED_S: Final = 180.0
"""A slot is filled some seconds after the boot, and proved by a self-test."""
BROKEN_S: Final = 3.0
SLOT: Final = "fallback"
KEPT_PARAMETER: Final = "friction"
WRONG: Final = {
    "world.yaml": ("seed: [1", "friction: banana", "frictoin: 0.5", "max_entities: -5", "\udcff"),
    "kernel.yaml": ("poll_interval_ms: -5", "zones: {", "- a list"),
    "archive.yaml": ("scribe_rate: 0", "otlp_endpoint: [1, 2]"),
}


def damage_faults() -> list[Fault]:
    """Return them."""
    many = Misses.MANY
    return [
        own_fault("config broken", 4, _break_config, Misses.TAKEOVER),
        own_fault("slot damaged", 2, _damage_slot, many),
        *(
            own_fault(f"arena damaged: {name}", 2, partial(_damage_arena, harm), many)
            for name, harm in (
                ("schema", harm_schema), ("columns", harm_columns), ("length", harm_length),
            )
        ),
        own_fault("arena deleted", 2, _delete_arena, many),
    ]  # fmt: skip


def _break_config(target: OwnTarget, chance: Random) -> Injury:
    """A file is wrong for a while: refused, and a zone that dies meanwhile comes back as it was."""
    name = chance.choice(sorted(WRONG))
    line = chance.choice(WRONG[name])
    path = target.home / "config" / name
    kept, value = path.read_bytes(), _parameter(target)
    _write(path, with_line(kept, line.encode(errors="surrogateescape")))
    injury = Injury(f"{name} with {line!r}", lasts_s=BROKEN_S)
    try:
        injury.breaches.append(f"taken: {target.ask('reload')}, {injury.told}")
    except MoltError as refused:
        injury.told += f": {refused.message[:100]}"
    victim = chance.choice(["stable", "archive", "chronos", "sandbox"])
    injury.gone = target.strike(WORLD if victim == "stable" else victim)
    if (now := _parameter(target)) != value:
        injury.breaches.append(f"{KEPT_PARAMETER} is {now}, and was {value}: {injury.told}")

    def heal() -> None:
        _write(path, kept)
        try:
            target.ask("reload")
        except MoltError as error:
            injury.breaches.append(f"whole again, and refused: {error}")

    injury.heal = heal
    return injury


def _damage_slot(target: OwnTarget, chance: Random) -> Injury | None:
    """A byte of the known-good copy is another one: the next boot sees it and makes it anew."""
    if not _is_sound(target.home):
        return None
    root = slot_folder(target.home) / SLOT
    listed = sorted(path for path in root.rglob("*.py") if path.stat().st_size)
    path = chance.choice(listed)
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content))
    content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    injury = Injury(f"byte {place} of {path.relative_to(root)} in slot {SLOT}")
    if _is_sound(target.home):
        injury.breaches.append(f"nobody sees it: {injury.told}")
    injury.gone = target.strike(WORLD)
    target.kill()
    target.boot()
    try:
        wait_until(lambda: _is_sound(target.home), "the slot is made anew", FILLED_S)
    except NotInTime as late:
        injury.breaches.append(f"{late}, {injury.told}")
    return injury


def _damage_arena(harm: Callable[[Path], None], target: OwnTarget, chance: Random) -> Injury | None:
    """The file is damaged between two kernels: the world is brought back from the log."""
    if not _has_snapshot(target.home):
        return None
    held = hold(target)
    target.kill()
    harm(target.arena)
    target.boot()
    injury = Injury(f"{harm.__name__.replace('_', ' ')} of the arena, held at tick {held.tick}")
    if not target.says("set aside"):
        injury.breaches.append(f"nobody says that it was set aside: {target.degraded()}")
    _compare(target, held, injury)
    return injury


def _delete_arena(target: OwnTarget, chance: Random) -> Injury | None:
    """The file goes under the world: it ticks on in what it has open; the next boot restores it."""
    if not _has_snapshot(target.home):
        return None
    target.arena.unlink()
    orderly = chance.random() < 0.5
    tick = target.word(Header.COMMIT)
    injury = Injury("the arena's file was deleted", lasts_s=BROKEN_S)
    injury.shown = partial(target.says, "it was deleted")

    def heal() -> None:
        held = hold(target)
        if held.tick <= tick:
            injury.breaches.append(f"the world stood still at tick {tick}")
        if orderly:
            target.stop()
        else:
            target.kill()
        target.boot()
        injury.told += f"; held at tick {held.tick}, {'stopped' if orderly else 'killed'}, booted"
        _compare(target, held, injury)

    injury.heal = heal
    return injury


def _compare(target: OwnTarget, held: Held, injury: Injury) -> None:
    """The world that was brought back is the one that stood there; then it goes on."""
    found = target.ask("pause")
    if (found["tick"], found["hash"]) != (held.tick, held.digest):
        injury.breaches.append(f"{found} came back, and it was {held}: {injury.told}")
    target.ask("resume")


def with_line(content: bytes, line: bytes) -> bytes:
    """Return a file with a line in the place of that of the same key, or at its end."""
    key = re.escape(line.partition(b":")[0] + b":")
    changed, count = re.subn(rb"(?m)^" + key + rb".*$", lambda _found: line, content, count=1)
    return changed if count else content + b"\n" + line + b"\n"


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whatever happens to the disk next."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _parameter(target: OwnTarget) -> object:
    return target.ask("params", key=KEPT_PARAMETER)


def _has_snapshot(home: Path) -> bool:
    return any((home / "data" / "snapshots").glob("*.snapshot"))


def _is_sound(home: Path) -> bool:
    try:
        return find_slot(home, SLOT) is not None
    except SlotError:
        return False
