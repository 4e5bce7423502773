"""What becomes of one source: refused, run in one tier, or run in both and compared.

Owns: the steps, and telling a finding from an orderly end. Does not own: where it happens
(`isolation.py`), how tiers are compared (`tests/zones/traits/both_tiers.py`).
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from zones.traits.interpreted import InterpretedTrait
from zones.traits.native.compiling import compile_trait, load_native
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source

from tests.fuzz.isolation import Ended, Note, give_up_everything, isolate
from tests.fuzz.oracle import objections
from tests.zones.traits.both_tiers import differences, statuses
from tests.zones.traits.corpus import honest
from zones.traits.contract import NATIVE
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


def _judge(data: bytes, seed: int, folder: Path, note: Note) -> None:
    note.write("while it was checked")
    try:
        checked = check_source(data)
    except Refusal as refusal:
        note.write(f"refused: {refusal.rule}")
        return
    broken = list(objections(checked.tree))
    if broken:
        note.write("objection: " + "; ".join(broken))
        return
    tier, why = tier_of(checked)
    native = None
    if tier == NATIVE:
        note.write("while it was compiled")
        compile_trait(checked, folder)
        native = load_native(checked, folder)
    note.write("while it was run")
    give_up_everything()
    interpreted = InterpretedTrait(checked)
    if native is None:
        ends = statuses(interpreted, checked, seed, FUEL_MAX)
        note.write(f"interpreted: {why} {ends}")
        return
    for scene in range(SCENES):
        found = list(differences(native, interpreted, checked, seed + scene, FUEL_MAX))
        if found:
            note.write("different: " + "\n".join(found))
            return
    note.write(f"same: {statuses(native, checked, seed, FUEL_MAX)}")
