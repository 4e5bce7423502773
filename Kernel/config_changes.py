"""Decide what follows when the configuration is read again: what counts now, later, or not at all.

Owns: comparing two configurations, the effect of each key that differs. Does not own: carrying it
out (`reloader.py`), which keys there are (`config_keys.py`, the tables that services tell).
Pure.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

from Kernel.config import KernelConfig, Tables, effective
from Kernel.config_keys import ZONES, find_key
from Kernel.contract.settings import Effect
from Kernel.core.arena_view import Difference

REFUSED = {
    Effect.BOOT: ("counts at boot only: the running kernel keeps the old value", "molt shutdown"),
    Effect.FOUNDING: (
        "counts only when a world is founded",
        "python manifest.py --home OTHER",
    ),
}
"""Why a key of this effect is refused while a kernel runs, and what helps."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key whose value differs.

    Args:
        key: dotted, with the file's name first.
        old, new: None: it has none.
        effect: when the new value counts.
        why: why it is refused, or kept; "" when it is neither.
        hint: what helps, or what makes it count.
        kept: the world goes on with the old value, which people have set by hand.
    """

    key: str
    old: Any
    new: Any
    effect: Effect
    why: str = ""
    hint: str = ""
    kept: bool = False

    @property
    def refused(self) -> bool:
        """Whether the kernel keeps the value it has."""
        return bool(self.why) and not self.kept

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "key": self.key,
            "old": self.old,
            "new": self.new,
            "effect": "kept" if self.kept else "refused" if self.why else self.effect.value,
            "why": self.why,
            "hint": self.hint,
        }


def plan_changes(old: KernelConfig, new: KernelConfig, tables: Tables) -> list[Change]:
    """Return every key that differs, in order, with what follows.

    Args:
        old: what holds now.
        new: what the files say now; sound.
        tables: keys of services' files. A service that told none takes all with its next
            generation.
    """
    before, after = effective(old, tables), effective(new, tables)
    was, now = ({zone.name for zone in config.zones} for config in (old, new))
    changes = [_zone_change(name, name in now) for name in sorted(was ^ now)]
    users = {zone.settings_file: zone.name for zone in reversed(new.zones)}
    shared = {"kernel", *users} & {"kernel", *(zone.settings_file for zone in old.zones)}
    for key in sorted(before.keys() | after.keys()):
        was_value, value = (found[key].value if key in found else None for found in (before, after))
        if was_value == value or _is_told(key, was ^ now):
            continue
        if key.partition(".")[0] not in shared:
            continue  # a zone is to be told another file: that is one change, and refused
        effect = _effect(key, tables)
        why, hint = REFUSED.get(effect, ("", ""))
        if effect is Effect.GENERATION:
            hint = f"molt soft-restart {users[key.partition('.')[0]]} --fresh"
        if effect is Effect.FOUNDING and value is not None:
            hint += f" --set {key}={value}"
        changes.append(Change(key, was_value, value, effect, why, hint))
    return changes


def plan_for_world(
    file: str,
    differences: Iterable[Difference],
    by_hand: Container[str],
    said_anew: Container[str],
    everything: bool,
) -> list[Change]:
    """Return what becomes of the parameters in which a world is not as its file has it.

    The file is how one says what the world shall be; but what was set by hand stays, until the
    file says something new about it.

    Args:
        by_hand: names of parameters that were set by hand.
        said_anew: dotted keys of which the file says another value than when it was read last.
        everything: what was set by hand goes, too.
    """
    changes = []
    for each in differences:
        key = f"{file}.{each.name}"
        change = Change(key, each.held, each.said, Effect.TICK)
        if each.name in by_hand and key not in said_anew and not everything:
            change = replace(change, why="set by hand", hint="molt reload --all", kept=True)
        changes.append(change)
    return changes


def _zone_change(name: str, added: bool) -> Change:
    key = f"kernel.{ZONES}.{name}"
    why = f"a zone is {'added' if added else 'taken away'} at boot only"
    words = ("no zone", "a zone") if added else ("a zone", "no zone")
    return Change(key, *words, Effect.BOOT, why, "molt shutdown")


def _is_told(key: str, zones: set[str]) -> bool:
    """Tell whether a key belongs to a zone that came or went: that is told once."""
    return any(key.startswith(f"kernel.{ZONES}.{zone}.") for zone in zones)


def _effect(key: str, tables: Tables) -> Effect:
    file, _, rest = key.partition(".")
    if file == "kernel":
        return find_key(rest).effect
    found = [row.effect for row in tables.get(file, ()) if row.name == rest]
    return found[0] if found else Effect.GENERATION
