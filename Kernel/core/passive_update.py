"""Decide what becomes of a module version that came as a bundle: taken, proven, run, taken back.

Owns: the stages of a candidate and what follows from each event, the counter against rollback, the
guard over a version that has just come to serve, which version each slot is. Does not own: the form
of a bundle (`bundle.py`), what is kept on disk (`update_record.py`), files (`Kernel/ports`),
generations of zones (`module_update.py`).
Pure. Model: the A/B slots of Android (`update_engine`, boot_control: a slot is tried a few times
and is good only once it has said so; the rollback index rises only then).

    staged ─► verified ─► probed ─► next_stable ─► guard ─► active, and the former active: fallback
       └─────────┴──────────┴─ refused                └─ rolled_back: nothing has changed
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from Kernel.contract.errors import Refused
from Kernel.core.bundle import BundleRefused

ATTEMPTS_MAX: Final = 3
"""So often a version is given to the zones; a kernel that was killed meanwhile has used one up."""
OUTCOMES_MAX: Final = 8
WHY_CHARS_MAX: Final = 300


class Stage(StrEnum):
    """How far a candidate has come."""

    STAGED = "staged"
    """Signature, list, contract and counter hold; it lies in `incoming/`."""
    VERIFIED = "verified"
    """It is unpacked, every byte as its list says."""
    PROBED = "probed"
    """Its dry run has shown nothing wrong."""
    NEXT_STABLE = "next_stable"
    """It is committed: the zones are given it as soon as they can take it."""
    GUARD = "guard"
    """Generations of it are made ready or serve; those before are kept."""


COMMITTED: Final = (Stage.NEXT_STABLE, Stage.GUARD)


class How(StrEnum):
    """What became of one that is a candidate no more."""

    KEPT = "kept"
    REFUSED = "refused"
    REPLACED = "replaced"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class ModuleVersion:
    """One that came as a bundle.

    Args:
        id: by its content, as a slot has it.
        version: for people.
        bundle: sha256 of the file it came in.
    """

    id: str
    version: str
    counter: int
    contract: int
    changes_behaviour: bool
    bundle: str

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.version} ({self.id[:12]})"


@dataclass(frozen=True, slots=True)
class Candidate:
    """The one that is on its way.

    Args:
        attempts: how often the zones were given it.
        proof: what its dry run has shown, "" before.
    """

    what: ModuleVersion
    stage: Stage
    attempts: int = 0
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one."""

    id: str
    version: str
    counter: int
    how: How
    why: str


@dataclass(frozen=True, slots=True)
class Updates:
    """Where a home stands.

    Args:
        active: what its zones run; None: the factory version, which is the checkout.
        fallback: what ran before; None: the factory version.
        counter: the highest of a version that was kept; it never falls.
        outcomes: the newest last, at most OUTCOMES_MAX.
    """

    active: ModuleVersion | None = None
    fallback: ModuleVersion | None = None
    candidate: Candidate | None = None
    counter: int = 0
    outcomes: tuple[Outcome, ...] = ()

    def slots(self) -> dict[str, str]:
        """Return which version each slot is, by id; "" for what is none of a bundle."""
        committed = self.candidate is not None and self.candidate.stage in COMMITTED
        return {
            "active": self.active.id if self.active else "",
            "fallback": self.fallback.id if self.fallback else "",
            "next_stable": self.candidate.what.id if committed and self.candidate else "",
        }

    def used(self) -> frozenset[str]:
        """Return the ids of all versions that must stay on the disk."""
        candidate = (self.candidate.what,) if self.candidate else ()
        return frozenset(each.id for each in (self.active, self.fallback, *candidate) if each)


def check_new(
    updates: Updates, new: ModuleVersion, arena: int, ours: tuple[int, int], *, again: bool = False
) -> None:
    """Refuse what may not come in, however sound it is.

    Args:
        arena: layout of the arena that it knows.
        ours: contract and layout of this kernel.
        again: also one that was taken back here before.

    Raises:
        BundleRefused: with its rule.
    """
    theirs = (new.contract, arena)
    if theirs != ours:
        raise BundleRefused(
            "contract",
            f"it is for contract {theirs[0]} and arena layout {theirs[1]}, this kernel has "
            f"{ours[0]} and {ours[1]}",
            "molt --version",
        )
    if updates.active is not None and new.id == updates.active.id:
        raise BundleRefused("known", f"version {new.name} runs already", "molt update status")
    if new.counter <= updates.counter:
        raise BundleRefused(
            "rollback",
            f"its counter is {new.counter}, and {updates.counter} has run here: it must be higher",
            "molt update rollback",
        )
    candidate = updates.candidate
    if candidate is not None and candidate.stage in COMMITTED:
        raise BundleRefused(
            "busy",
            f"version {candidate.what.name} is in {candidate.stage}",
            "molt update status",
        )
    for each in updates.outcomes:
        if each.id == new.id and each.how is How.ROLLED_BACK and not again:
            raise BundleRefused(
                "known", f"it was taken back here: {each.why}", "molt update stage --again FILE"
            )


def take(updates: Updates, new: ModuleVersion) -> Updates:
    """Return what follows when a bundle has come in; one before it that is not committed goes."""
    before = updates.candidate
    assert before is None or before.stage not in COMMITTED, "`check_new` refuses it"
    if before is not None and before.what.id != new.id:
        updates = _end(updates, How.REPLACED, f"by version {new.name}")
    return replace(updates, candidate=Candidate(new, Stage.STAGED))


def note_verified(updates: Updates) -> Updates:
    """Return what follows when it is sound and unpacked."""
    return replace(updates, candidate=_moved(updates, Stage.STAGED, Stage.VERIFIED))


def note_probed(updates: Updates, proof: str) -> Updates:
    """Return what follows when its dry run has shown nothing wrong."""
    moved = _moved(updates, Stage.VERIFIED, Stage.PROBED)
    return replace(updates, candidate=replace(moved, proof=proof[:WHY_CHARS_MAX]))


def refuse(updates: Updates, why: str) -> Updates:
    """Return what follows when something was found wrong before it was committed."""
    assert updates.candidate is not None, "there is one"
    assert updates.candidate.stage not in COMMITTED, "a committed one is rolled back"
    return _end(updates, How.REFUSED, why)


def commit(updates: Updates) -> Updates:
    """Return what follows when the operator commits the candidate.

    Raises:
        Refused: there is none, or it has not proved itself.
    """
    candidate = updates.candidate
    if candidate is None:
        raise Refused("cannot commit: nothing is staged", "molt update stage FILE")
    if candidate.stage in COMMITTED:
        raise Refused(
            f"cannot commit version {candidate.what.name}: it is in {candidate.stage} already",
            "molt update status",
        )
    if candidate.stage is not Stage.PROBED:
        raise Refused(
            f"cannot commit version {candidate.what.name}: it is {candidate.stage}, and its dry "
            "run is not done",
            "molt update stage FILE",
        )
    return replace(updates, candidate=replace(candidate, stage=Stage.NEXT_STABLE))


def begin_attempt(updates: Updates) -> Updates:
    """Return what is on disk before any zone is given it: a kernel that dies has used it up."""
    moved = _moved(updates, Stage.NEXT_STABLE, Stage.GUARD)
    return replace(updates, candidate=replace(moved, attempts=moved.attempts + 1))


def after_boot(updates: Updates) -> Updates:
    """Return where a new kernel begins.

    It boots what was active before, and gives the candidate to the zones once they serve. That the
    kernel ended while it was under guard is no evidence, the third time it is enough.
    """
    candidate = updates.candidate
    if candidate is None or candidate.stage is not Stage.GUARD:
        return updates
    if candidate.attempts >= ATTEMPTS_MAX:
        return roll_back(updates, f"the kernel ended {candidate.attempts} times under its guard")
    return replace(updates, candidate=replace(candidate, stage=Stage.NEXT_STABLE))


def suspend(updates: Updates) -> Updates:
    """Return what a kernel that is stopped in order leaves: the attempt does not count."""
    moved = _moved(updates, Stage.GUARD, Stage.NEXT_STABLE)
    return replace(updates, candidate=replace(moved, attempts=moved.attempts - 1))


def keep(updates: Updates) -> Updates:
    """Return what follows when its guard is over: it is active, the former active is fallback."""
    candidate = updates.candidate
    assert candidate is not None and candidate.stage is Stage.GUARD, "it was under guard"
    kept = _end(updates, How.KEPT, "")
    return replace(
        kept,
        active=candidate.what,
        fallback=updates.active,
        counter=max(updates.counter, candidate.what.counter),
    )


def roll_back(updates: Updates, why: str) -> Updates:
    """Return what follows when a committed candidate is taken back: the slots are as before."""
    assert updates.candidate is not None and updates.candidate.stage in COMMITTED, "it is committed"
    return _end(updates, How.ROLLED_BACK, why)


def go_back(updates: Updates, why: str) -> Updates:
    """Return what follows when the operator takes back what runs: fallback is active again.

    The counter stays: what was above it once must be above it again.

    Raises:
        Refused: the factory version runs.
    """
    active = updates.active
    if active is None:
        raise Refused("cannot go back: the factory version runs", "molt update status")
    outcome = Outcome(active.id, active.version, active.counter, How.ROLLED_BACK, _short(why))
    return replace(
        updates,
        active=updates.fallback,
        fallback=None,
        outcomes=(*updates.outcomes, outcome)[-OUTCOMES_MAX:],
    )


def _moved(updates: Updates, before: Stage, after: Stage) -> Candidate:
    candidate = updates.candidate
    assert candidate is not None and candidate.stage is before, f"it goes from {before} to {after}"
    return replace(candidate, stage=after)


def _end(updates: Updates, how: How, why: str) -> Updates:
    assert updates.candidate is not None, "the caller has looked"
    what = updates.candidate.what
    outcome = Outcome(what.id, what.version, what.counter, how, _short(why))
    return replace(updates, candidate=None, outcomes=(*updates.outcomes, outcome)[-OUTCOMES_MAX:])


def _short(why: str) -> str:
    return why[:WHY_CHARS_MAX]
