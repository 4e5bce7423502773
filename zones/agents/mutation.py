"""One mutation, as far as the log has told.

Owns: the record, the statuses. Does not own: which event changes what (`mutations.py`). Pure data.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

PROPOSED: Final = "proposed"
VALIDATED: Final = "validated"
REFUSED: Final = "refused"
APPLIED: Final = "applied"
KEPT: Final = "kept"
ROLLED_BACK: Final = "rolled_back"
QUARANTINED: Final = "quarantined"
STATUSES: Final = (PROPOSED, VALIDATED, REFUSED, APPLIED, KEPT, ROLLED_BACK, QUARANTINED)
LIVING: Final = frozenset((APPLIED, KEPT))
OPEN: Final = frozenset((PROPOSED, VALIDATED))
"""What becomes of it is not known yet."""
HAND: Final = "hand"
"""Author of a file that somebody dropped into mutations/."""
CONSOLE: Final = "console"
"""Author where nobody proposed it: somebody added it at the console."""
NONE: Final = "none"
"""What carriers go back to where there was no version before."""
EXECUTION: Final = "execution"
KERNELS_OWN: Final = frozenset(
    (
        "mutation.ready", "mutation.applied", "mutation.kept", "guard.begun", "guard.tripped",
        "guard.ended", "trait.quarantined", "trait.released", "trait.removed", "trial.ended",
    )
)  # fmt: skip
"""Kinds by which the kernel tells what it has done: from any other zone they say nothing."""


@dataclass(slots=True)
class Mutation:
    """One mutation, as far as the log has told.

    Args:
        version: 0 where it never had one.
        attempts: how often this code was proposed.
        aside: its author has tried it and not taken it; nobody else has judged it.
        position, tick: of the event that proposed it, or of the first about it; 0, None: unknown.
        stage, rule, line, reason: where and why it failed.
        rollback_to: what its carriers went back to, "" where nothing was undone.
        effect: of the metric it promised, {"metric", "mean", "low", "high", "pairs", "control",
            "from"}; from "trial" as forecast before it came in, "measured" with and without it.
        released: it may be tried again, and nobody has done so yet.
        removed_at_tick: when somebody took it out by hand; None: nobody did.
        guard: {"begun_at_tick", "ticks", "degraded", "rule", "reason", "tripped_at_tick"}.
        trial: figures of its last trial before it came in.
        news: position of the last event about it.
    """

    id: str
    trait: str = ""
    version: int = 0
    code_hash: str = ""
    author: str = CONSOLE
    model: str = ""
    prompt_hash: str = ""
    note: str = ""
    plan: str = ""
    trigger: str = ""
    status: str = PROPOSED
    stage: str = ""
    rule: str = ""
    line: int = 0
    reason: str = ""
    rollback_to: str = ""
    applied_at_tick: int | None = None
    ended_at_tick: int | None = None
    removed_at_tick: int | None = None
    released: bool = False
    metric: str = ""
    better: str = ""
    effect: dict[str, Any] | None = None
    effects: list[dict[str, Any]] = field(default_factory=list)
    guard: dict[str, Any] = field(default_factory=dict)
    trial: dict[str, Any] = field(default_factory=dict)
    params: dict[str, float] = field(default_factory=dict)
    file_path: str = ""
    attempts: int = 0
    aside: bool = False
    position: int = 0
    tick: int | None = None
    time_ns: int = 0
    news: int = 0

    @property
    def name(self) -> str:
        """What people call it: Forager_v3, Forager before it has a version, or parameters."""
        if self.params and not self.version:
            return ", ".join(sorted(self.params))
        return f"{self.trait}_v{self.version}" if self.version else self.trait

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return asdict(self)
