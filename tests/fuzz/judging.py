"""What becomes of one source: refused, run in one tier, or run in both and compared.

Owns: the steps, and telling a finding from an orderly end. Does not own: where it happens
(`isolation.py`), how tiers are compared (`tests/zones/traits/both_tiers.py`).
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.isolation import Ended, Note, give_up_everything, isolate
from tests.fuzz.oracle import objections
from tests.zones.traits.both_tiers import differences, statuses
from tests.zones.traits.corpus import honest
from zones.traits.contract import NATIVE
from zones.traits.interpreted import CannotLoad, InterpretedTrait
from zones.traits.native.compiling import compile_trait, load_native
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source
from zones.traits.verdict import Refusal

PROCESSOR_S = 60
WALL_S = 180.0
FUEL_MAX = 3_000
SCENES = 3
ORDERLY = frozenset(("refused", "interpreted", "same"))


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a source.

    Args:
        how: "refused", "interpreted" (run there only) or "same" (both tiers agree); else a
            finding: "objection" of the oracle, "different", "crashed", "hung" or "failed".
        detail: the rule, why not native, how calls ended, or what differs.
    """

    how: str
    detail: str

    @property
    def is_finding(self) -> bool:
        """Whether something is wrong."""
        return self.how not in ORDERLY


def judge(source: str | bytes, seed: int) -> Judged:
    """Check, compile and run a source in a throw-away child.

    Args:
        seed: decides the scenes.
    """
    data = source.encode() if isinstance(source, str) else source
    with tempfile.TemporaryDirectory(prefix="molt-fuzz-") as folder:
        ended = isolate(lambda note: _judge(data, seed, Path(folder), note), PROCESSOR_S, WALL_S)
    return read_ended(ended)


def warm_up() -> None:
    """Load and compile in this process what every child needs, with traits that are trusted."""
    for name in ("levy_flight", "full_boids", "state_signals", "deque_trail"):
        checked = check_source(honest()[name])
        interpreted = InterpretedTrait(checked)
        statuses(interpreted, checked, 1)
        if tier_of(checked)[0] == NATIVE:
            with tempfile.TemporaryDirectory(prefix="molt-fuzz-") as folder:
                compile_trait(checked, Path(folder))
                native = load_native(checked, Path(folder))
                list(differences(native, interpreted, checked, 1, FUEL_MAX))


def read_ended(ended: Ended) -> Judged:
    """Return what a child has said, or that it could not say it."""
    if ended.how != "done":
        return Judged(ended.how, ended.text)
    how, _, detail = ended.text.partition(": ")
    return Judged(how, detail)


def judge_here(
    data: bytes,
    seed: int,
    folder: Path,
    shed: Callable[[], None] = lambda: None,
    note: Note | None = None,
) -> Judged:
    """Check, compile and run a source in this process: one that is trusted, or a child's.

    Args:
        shed: called when all is loaded, before the source is run.
        note: is told which step is being done.
    """
    note = note or Note()
    note.write("while it was checked")
    try:
        checked = check_source(data)
    except Refusal as refusal:
        return Judged("refused", refusal.rule)
    broken = list(objections(checked.tree))
    if broken:
        return Judged("objection", "; ".join(broken))
    tier, why = tier_of(checked)
    native = None
    if tier == NATIVE:
        note.write("while it was compiled")
        compile_trait(checked, folder)
        native = load_native(checked, folder)
    note.write("while it was run")
    shed()
    try:
        interpreted = InterpretedTrait(checked)
    except CannotLoad as reason:
        return Judged("refused" if native is None else "different", f"cannot load: {reason}")
    if native is None:
        return Judged("interpreted", f"{why} {statuses(interpreted, checked, seed, FUEL_MAX)}")
    for scene in range(SCENES):
        found = list(differences(native, interpreted, checked, seed + scene, FUEL_MAX))
        if found:
            return Judged("different", "\n".join(found))
    return Judged("same", f"{statuses(native, checked, seed, FUEL_MAX)}")


def _judge(data: bytes, seed: int, folder: Path, note: Note) -> None:
    judged = judge_here(data, seed, folder, give_up_everything, note)
    note.write(f"{judged.how}: {judged.detail}")
