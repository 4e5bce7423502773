"""The loop over the entities of one interpreted trait, made for what the trait needs.

Owns: gathering columns, beginning and ending each call, keeping a failed one without effect,
writing back. Does not own: what a call does (the rewritten source), the rules of stores.

The loop is written out for each trait, from names of fields and of attributes alone: what a trait
does not touch is neither gathered nor written, and most of the time of a small trait is here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, Final

from zones.traits.contract import (
    ATTRIBUTE,
    DOMAIN,
    LOOKUP,
    OTHER,
    OVERFLOW,
    TYPE_ERROR,
    ZERO_DIVISION,
)
from zones.traits.guards.meter import FUEL

_CLASSES: Final = (
    (OverflowError, OVERFLOW),
    (ZeroDivisionError, ZERO_DIVISION),
    (ValueError, DOMAIN),
    (TypeError, TYPE_ERROR),
    (LookupError, LOOKUP),
    (AttributeError, ATTRIBUTE),
)
COLUMN: Final = {"color": "new_colour", "state": "new_mood", "id": "id", "generation": "generation"}
"""Columns of fields that are not called new_<field>."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a trait needs of a call.

    Args:
        fields: of the own entity, as it has slots.
        written: those of them that a call may change.
        moves, eats, draws: whether it may move, eat and draw.
        sees: whether it may look at others, or at food.
        begun: the first call runs __init__ and sets the bit in `ready`.
        state: none | carried | volatile.
        carried: attributes of carried state, as they are called on the instance.
    """

    fields: tuple[str, ...]
    written: tuple[str, ...]
    moves: bool
    eats: bool
    draws: bool
    sees: bool
    begun: bool
    state: str
    carried: tuple[str, ...]


def status_of(error: BaseException) -> int:
    """Return the status of a call that ended with an exception."""
    for kind, status in _CLASSES:
        if isinstance(error, kind):
            return status
    return OTHER


def make_driver(needs: Needs) -> Callable[..., None]:
    """Return the loop: drive(run, gathered, made, faults); faults are (place, status)."""
    assert all(name.isidentifier() and not iskeyword(name) for name in needs.carried)
    space: dict[str, Any] = {"status_of": status_of}
    exec(compile(_text(needs), "<driver>", "exec"), space)  # text of this file alone
    return space["drive"]  # type: ignore[no-any-return]  # defined by the text


def gathered_names(needs: Needs) -> tuple[str, ...]:
    """Return what `drive` is given a list of for each call, in order."""
    names = ["slots", *needs.fields]
    if needs.moves:
        names.append("moved2")
    if needs.eats:
        names += ["wanted", "place"]
    if needs.draws or needs.state == "volatile":
        names.append("key")
    if needs.begun:
        names.append("ready")
    names += _memory(needs)
    return tuple(names)


def made_names(needs: Needs) -> tuple[str, ...]:
    """Return what `drive` appends to a list of for each call, in order."""
    names = ["fuel", *needs.written]
    if needs.moves:
        names.append("moved2")
    if needs.eats:
        names += ["wanted", "place"]
    if needs.begun:
        names.append("begun")
    names += _memory(needs)
    return tuple(names)


def _memory(needs: Needs) -> list[str]:
    return [f"memory{place}" for place in range(len(needs.carried))]


def _text(needs: Needs) -> str:
    """Return the text of the loop."""
    gathered, made = gathered_names(needs), made_names(needs)
    lines = [
        "def drive(run, gathered, made, faults):",
        "    space, meter, own, execute = run.namespace, run.meter, run.own, run.execute",
        "    limit, draws, instance = meter.limit, run.draws, run.shared",
        "    " + "".join(f"add_{name}, " for name in made) + "= [one.append for one in made]",
        f"    for {''.join(f'g_{name}, ' for name in gathered)}in zip(*gathered):",
        "        own._molt_slot = g_slots",
    ]
    lines += [f"        own.{name} = g_{name}" for name in needs.fields]
    if "energy" in needs.fields:
        lines.append("        own._molt_ceiling = g_energy")
    if needs.moves:
        lines.append("        own._molt_moved2 = g_moved2")
    if needs.eats:
        lines.append("        own._molt_wanted = g_wanted; own._molt_place = g_place")
    if needs.draws:
        lines.append("        draws.drawn = 0; draws.entity = g_key")
    lines += [f"        space[{FUEL!r}] = limit", "        try:"]
    lines += [f"            {line}" for line in _call(needs)]
    lines += [
        f"            left = space[{FUEL!r}]",
        "        except (KeyboardInterrupt, SystemExit):",
        "            raise",
        "        except BaseException as error:",
        "            failed = meter.stopped or status_of(error)",
        "            if failed not in run.first_faults:",
        "                run.keep_first(failed, error)",
        f"            left = space[{FUEL!r}]",
        "        else:",
        "            failed = 0",
        "        if left < 0 or failed:",
        "            failed = failed or meter.stopped",
        "            faults.append((len(made[0]), failed))",
        "            add_fuel(meter.used())",
    ]
    lines += [f"            add_{name}(g_{name})" for name in needs.written]
    lines += [f"            {line}" for line in _failed(needs)]
    lines += [
        "            meter.begin(limit)",
        "            continue",
        "        if meter.clipped:",
        "            faults.append((len(made[0]), meter.clipped))",
        "            meter.clipped = 0",
        "        add_fuel(limit - left)",
    ]
    lines += [f"        add_{name}(own.{name})" for name in needs.written]
    lines += [f"        {line}" for line in _kept(needs)]
    return "\n".join(lines) + "\n"


def _call(needs: Needs) -> list[str]:
    """Return the lines of a call."""
    if needs.state == "volatile":
        ready = "g_ready" if needs.begun else "True"
        return [
            f"instance = run.instances.get(g_key) if {ready} else None",
            "fresh = instance is None",
            "if fresh:",
            "    instance = run.create()",
            "execute(instance, own)",
        ]
    lines = []
    if needs.begun:
        lines += ["instance = run.shared if g_ready else run.create()"]
    if needs.carried:
        lines.append("if g_ready:")
        lines += [
            f"    instance.{name} = g_memory{place}" for place, name in enumerate(needs.carried)
        ]
    lines.append("execute(instance, own)")
    lines += [f"memory{place} = instance.{name}" for place, name in enumerate(needs.carried)]
    return lines


def _failed(needs: Needs) -> list[str]:
    lines = []
    if needs.moves:
        lines.append("add_moved2(g_moved2)")
    if needs.eats:
        lines.append("add_wanted(g_wanted); add_place(g_place)")
    if needs.begun:
        lines.append("add_begun(g_ready)")
    lines += [f"add_{name}(g_{name})" for name in _memory(needs)]
    return lines


def _kept(needs: Needs) -> list[str]:
    lines = []
    if needs.moves:
        lines.append("add_moved2(own._molt_moved2)")
    if needs.eats:
        lines.append("add_wanted(own._molt_wanted); add_place(own._molt_place)")
    if needs.begun:
        lines.append("add_begun(True)")
    if needs.state == "volatile":
        lines.append("if fresh: run.instances[g_key] = instance")
    elif needs.begun:
        lines.append("run.shared = instance")
    lines += [f"add_{name}({name})" for name in _memory(needs)]
    return lines
