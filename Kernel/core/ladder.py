"""Decide which generation of a zone serves: the newest, the one before, the slot, or none.

Owns: the order of what is tried, the guard period, when what was broken is tried again. Does not
own: the life of one generation (`supervisor.py`), which decides when its budget is spent; carrying
a move out (`generations.py`); what follows when nothing is left (`fallback/safe_mode.py`).
Pure. A generation is called by its number, counted up through one boot. Model: the rungs of
DESIGN §5; going back on evidence, and never to give up for good, is what users of other
supervisors ask for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fallback.back_off import BackOff


@dataclass(frozen=True, slots=True)
class Rung:
    """One generation as the ladder sees it.

    Args:
        slot: its code comes from the slot `fallback`, not from the checkout.
        prepared: its zygote has once been warm, so that its code can be loaded.
        ready: it could serve at once.
        serving: it does.
        spent: why nothing more is to be expected of it, or "".
    """

    slot: bool
    prepared: bool = False
    ready: bool = False
    serving: bool = False
    spent: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where a zone stands. Times are monotonic seconds.

    Args:
        current: the generation that serves, or is to.
        former: the one before, kept warm until `guard_until_s`.
        incoming: the one being made ready.
        count: generations begun in this boot.
        slot_spent: the slot was tried, and spent.
        failures: how often in a row the checkout was found broken.
        probe_at_s: when it is tried again; None: only when its files change, or by command.
        broken: why the checkout was found broken, or "".
        gave_up: why no generation is left to be tried, or "".
    """

    current: int = 0
    former: int = 0
    incoming: int = 0
    guard_until_s: float = 0.0
    count: int = 0
    slot_spent: bool = False
    failures: int = 0
    probe_at_s: float | None = None
    broken: str = ""
    gave_up: str = ""


@dataclass(frozen=True, slots=True)
class Begin:
    """Start the zygote of a new generation."""

    number: int
    slot: bool


@dataclass(frozen=True, slots=True)
class Promote:
    """Let a generation serve from the next tick boundary on, in place of another (0: nobody)."""

    number: int
    before: int


@dataclass(frozen=True, slots=True)
class Retire:
    """Let a generation go: its zygote and whoever stands by; its active process leaves."""

    number: int
    why: str


Move = Begin | Promote | Retire


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator has set. Seconds."""

    guard_s: float = 30.0
    probe_base_s: float = 5.0
    probe_cap_s: float = 300.0

    def probe_delay_s(self, failures: int) -> float:
        """Return how long a broken checkout is left alone after so many failures in a row."""
        return BackOff(self.probe_base_s, self.probe_cap_s).delay_s(failures)


def climb(
    ladder: Ladder,
    rungs: Mapping[int, Rung],
    rules: Rules,
    now_s: float,
    *,
    has_slot: bool,
    changed: bool = False,
    held: bool = False,
) -> tuple[Ladder, tuple[Move, ...]]:
    """Return where the zone stands now and what is to be done, at most one move at a time.

    Args:
        rungs: the generations there are, by number.
        has_slot: the slot `fallback` holds a version that can be run.
        changed: files of the checkout have changed since it was last begun.
        held: the one before stays warm: a mutation is under guard, which is counted in ticks.
    """
    if not ladder.count:
        return _begin(ladder, slot=False)
    incoming = rungs.get(ladder.incoming)
    if incoming is not None and incoming.spent:
        return _lose_incoming(ladder, incoming, rules, now_s)
    if incoming is not None and incoming.ready:
        return promote(ladder, rungs, rules, now_s, ladder.incoming)
    current = rungs.get(ladder.current)
    if current is None or current.spent:
        return _replace(ladder, rungs, current, rules, now_s, has_slot=has_slot, changed=changed)
    if ladder.former and now_s >= ladder.guard_until_s and current.serving and not held:
        moves = (Retire(ladder.former, "its guard period is over"),)
        return replace(ladder, former=0), moves
    if current.slot and not ladder.incoming and _is_probed(ladder, now_s, changed):
        return _begin(ladder, slot=False)
    if not current.slot and current.serving and ladder.failures:
        ladder = replace(ladder, failures=0, probe_at_s=None, slot_spent=False, broken="")
    return ladder, ()


def renew(ladder: Ladder) -> tuple[Ladder, tuple[Move, ...]]:
    """Begin a generation of the checkout as it is now, besides the one that serves."""
    assert not ladder.incoming, "the caller refuses a second one"
    return _begin(ladder, slot=False)


def abandon(ladder: Ladder, why: str) -> tuple[Ladder, tuple[Move, ...]]:
    """Let the generation go that is being made ready: nobody wants it any more."""
    assert ladder.incoming, "the caller has looked"
    return replace(ladder, incoming=0), (Retire(ladder.incoming, why),)


def promote(
    ladder: Ladder, rungs: Mapping[int, Rung], rules: Rules, now_s: float, number: int
) -> tuple[Ladder, tuple[Move, ...]]:
    """Let `number` (incoming or former) serve; who served stays warm unless it is spent."""
    old, former = ladder.current, ladder.former
    moves: list[Move] = [Promote(number, old)]
    if former and former != number:
        moves.append(Retire(former, "a newer one was replaced"))
    kept = rungs.get(old)
    going_back = number == former
    keeps = kept is not None and not kept.spent and not going_back and rules.guard_s > 0
    if old and old in rungs and not keeps:
        moves.append(Retire(old, kept.spent if kept is not None else ""))
    risen = replace(
        ladder,
        current=number,
        incoming=0 if number == ladder.incoming else ladder.incoming,
        former=old if keeps else 0,
        guard_until_s=now_s + rules.guard_s,
        gave_up="",
    )
    return risen, tuple(moves)


def _begin(ladder: Ladder, *, slot: bool) -> tuple[Ladder, tuple[Move, ...]]:
    number = ladder.count + 1
    begun = replace(ladder, count=number, incoming=number, gave_up="")
    if not slot:
        begun = replace(begun, probe_at_s=None)
    return begun, (Begin(number, slot),)


def _is_probed(ladder: Ladder, now_s: float, changed: bool) -> bool:
    return changed or (ladder.probe_at_s is not None and now_s >= ladder.probe_at_s)


def _lose_incoming(
    ladder: Ladder, lost: Rung, rules: Rules, now_s: float
) -> tuple[Ladder, tuple[Move, ...]]:
    moves = (Retire(ladder.incoming, lost.spent),)
    ladder = _note_broken(replace(ladder, incoming=0), lost, rules, now_s)
    return ladder, moves


def _note_broken(ladder: Ladder, broken: Rung, rules: Rules, now_s: float) -> Ladder:
    """Remember that a version is broken.

    A checkout that cannot even be loaded may be mended from outside (a package, a disk), so time
    is a reason to try again; one that fails while it runs will do so again until it is changed.
    """
    if broken.slot:
        return replace(ladder, slot_spent=True)
    failures = ladder.failures + 1
    probe_at_s = None if broken.prepared else now_s + rules.probe_delay_s(failures)
    return replace(ladder, failures=failures, probe_at_s=probe_at_s, broken=broken.spent)


def _replace(
    ladder: Ladder,
    rungs: Mapping[int, Rung],
    current: Rung | None,
    rules: Rules,
    now_s: float,
    *,
    has_slot: bool,
    changed: bool,
) -> tuple[Ladder, tuple[Move, ...]]:
    """Find somebody for a zone whose generation is spent, or that has none yet."""
    if ladder.incoming:
        return ladder, ()  # it is being made ready, or found spent in its turn
    former = rungs.get(ladder.former)
    if former is not None and not former.spent:
        if current is not None:
            ladder = _note_broken(ladder, current, rules, now_s)
        return promote(ladder, rungs, rules, now_s, ladder.former)
    if current is not None and current.slot:
        ladder = replace(ladder, slot_spent=True)
    if has_slot and not ladder.slot_spent:
        if current is not None and not ladder.failures:
            ladder = _note_broken(ladder, current, rules, now_s)
        return _begin(ladder, slot=True)
    why = current.spent if current is not None else ladder.broken
    if ladder.gave_up and not _is_probed(ladder, now_s, changed):
        return ladder, ()
    if ladder.gave_up:
        return _begin(replace(ladder, slot_spent=False), slot=False)
    failures = ladder.failures + 1
    probe_at_s = now_s + rules.probe_delay_s(failures)
    return replace(ladder, gave_up=why, failures=failures, probe_at_s=probe_at_s), ()
