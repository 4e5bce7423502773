"""What `molt try` and `molt trait` do in a running kernel, and traits as `status` tells of them.

Owns: turning their requests into trials and changes, facts for their answers. Does not own: trials
(`Kernel/core/trials.py`), changes (`Kernel/core/trait_changes.py`), what the world has
(`Kernel/core/world_traits.py`), looks.
"""

from collections.abc import Callable
from typing import Any

from Kernel.console.request import Request
from Kernel.contract.envelope import id_text
from Kernel.contract.errors import Refused
from Kernel.contract.trait_registry import QUARANTINED, SUSPENDED
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.quarantine import find_carried
from Kernel.core.trait_addition import Wish
from Kernel.core.trait_changes import TraitChanges
from Kernel.core.trait_guard import TraitGuard
from Kernel.core.trial import TrialWish
from Kernel.core.trial_verdict import TrialVerdict
from Kernel.core.trials import Trial, Trials

Result = dict[str, Any]
CONSOLE = "console"
"""Who asks, as events have it."""


def begin_trial(trials: Trials, world: ArenaKeeper, request: Request) -> Trial:
    """Begin a trial, or let it wait for its turn.

    Raises:
        Refused: it may not be, or too many wait.
    """
    wish = TrialWish(
        request.content("source"),
        CONSOLE,
        ticks=request.integer("ticks") or 0,
        seeds=request.integer("seeds") or 0,
        scale=request.integer("scale") or 1,
        unchecked=request.flag("unchecked"),
        cause=request.cause,
    )
    return trials.ask(world, wish)


def trial_result(trial: Trial) -> Result | None:
    """Return the answer of `molt try`, None while there is none.

    Raises:
        MoltError: there is no verdict.
    """
    verdict = trial.verdict()
    return None if verdict is None else verdict_fields(verdict) | {"event": id_text(trial.told)}


def verdict_fields(verdict: TrialVerdict) -> Result:
    """Return a verdict as programs read it; a try stores nothing, so it has no version."""
    fields = verdict.fields()
    del fields["version"], fields["file_path"]
    return {"hash": fields.pop("code_hash")} | fields


def begin_addition(
    changes: TraitChanges, world: ArenaKeeper, request: Request
) -> Callable[[], Result | None]:
    """Begin to bring a trait in and return what gives the answer.

    Raises:
        Refused: it cannot be begun now.
    """
    tried = TrialWish(
        request.content("source"),
        CONSOLE,
        ticks=request.integer("ticks") or 0,
        seeds=request.integer("seeds") or 0,
        add=True,
        trial=not request.flag("no_trial"),
        carriers=request.text("carriers") or "all",
        cause=request.cause,
    )
    wish = Wish(tried, request.integer("at_tick") or 0)
    row = world.traits.of_hash(wish.code_hash)
    if row is not None and row.status == QUARANTINED:
        raise Refused(
            f"cannot add trait {row.name}: this very code is in quarantine",
            f"molt release {row.name}",
        )
    return changes.add(world, wish).result


def begin_removal(
    changes: TraitChanges, world: ArenaKeeper, request: Request
) -> Callable[[], Result | None]:
    """Send a trait away and return what gives the answer.

    Raises:
        Refused: the world has none of that name, or takes no input now.
    """
    name = request.text("name")
    assert name is not None, "the table requires it"
    return changes.remove(world, name, request.integer("at_tick") or 0, request.cause).result


def begin_quarantine(
    changes: TraitChanges, guard: TraitGuard, world: ArenaKeeper, request: Request
) -> Callable[[], Result | None]:
    """List what is in quarantine, or put a trait there, and return what gives the answer.

    Raises:
        Refused: the world carries none of that name, or takes no input now.
    """
    name = request.text("name")
    if name is None:
        told = {"quarantine": guard.quarantine()}
        return lambda: told
    back = guard.before(find_carried(world, name))
    return changes.quarantine(world, name, back, request.cause).result


def begin_release(
    changes: TraitChanges, world: ArenaKeeper, request: Request
) -> Callable[[], Result | None]:
    """Let a trait out of quarantine and return what gives the answer.

    Raises:
        Refused: none of that name is there, or the world takes no input now.
    """
    name = request.text("name")
    assert name is not None, "the table requires it"
    return changes.release(world, name, request.cause).result


def degraded_guards(zone: str, guard: TraitGuard) -> list[dict[str, str]]:
    """Return the mutations under guard that are not held to what was promised of them."""
    return [
        {
            "what": f"{zone}: guard of {row['trait_name']}",
            "why": f"its metric is not watched: {row['degraded']}",
            "hint": "molt mutations",
        }
        for row in guard.fields()
        if row["degraded"] and row["promised"]
    ]


def list_fields(world: ArenaKeeper, changes: TraitChanges) -> Result:
    """Return what `trait list` answers."""
    rows = [row.fields() for row in world.traits.counted_rows()]
    under_way, waiting = changes.under_way(), changes.waiting()
    return (
        {"traits": rows}
        | ({"waiting": waiting} if waiting else {})
        | ({"under_way": under_way} if under_way else {})
    )


def degraded_traits(zone: str, world: ArenaKeeper) -> list[dict[str, str]]:
    """Return the traits that do not run as they should, with what helps."""
    found: list[dict[str, str]] = []
    loaded = world.traits.loaded()
    for row in world.traits.rows():
        what = f"{zone}: trait {row.name}"
        if row.status == QUARANTINED:
            why = f"version {row.version} is in quarantine"
            found.append({"what": what, "why": why, "hint": f"molt release {row.name}"})
        elif row.status == SUSPENDED:
            broken = loaded.get(row.hash, "")
            lacking = broken or "the generation that serves has not got its code"
            why = f"version {row.version} does not run: {lacking}"
            # Another generation would find the same in the store; who adds it again puts it right.
            hint = "molt trait add FILE" if broken else f"molt soft-restart {zone} --fresh"
            found.append({"what": what, "why": why, "hint": hint})
    return found
