"""What the agents know: the record that is folded from the log and saved now and then.

Owns: its fields, their limits. Does not own: how an event changes it (`folding.py`), what follows
from it (`orchestrator.py`), the file (`memory_file.py`). Pure data.

Nothing else is remembered from one moment to the next, so that who is killed in mid-thought knows
afterwards exactly what the log knows: what is durable is not done again, what is not is.
"""

import hashlib
from typing import Any, Final

from msgspec import Struct

TELEMETRY_KEPT: Final = 6
NOTES_MAX: Final = 64
HASHES_MAX: Final = 20_000
WAITING_MAX: Final = 8
KEPT_MAX: Final = 64
FAILURES_MAX: Final = 32
FAILED: Final = "failed"
"""Action of a `feed` event that says a thought came to nothing, or was thought before."""
DISPROVED: Final = "disproved"
"""Review of a draft that its author has found wanting himself."""
ASIDE_MAX: Final = 36
"""Such drafts that wait to be told; of more nothing is told."""
ASIDE_BYTES_MAX: Final = 32 * 1024
"""Of the source of one: it has to fit into an event."""
NO_ANSWER: Final = "author"
"""Stage of a thought to which the author had no answer."""
LEFT: Final = "left"
"""Action of one that says a mutation that harms cannot be taken back any more."""
UNMEASURED: Final = "unmeasured"
"""Action of one that says an effect cannot be measured any more."""


def trigger_id(about: str) -> str:
    """Return the id of a trigger by what it is about."""
    return f"trig_{hashlib.sha256(about.encode()).hexdigest()[:12]}"


def mutation_id_of(code_hash: str) -> str:
    """Return the id of a mutation by the hash of what it changes."""
    return f"mut_{code_hash[:12]}"


class Seen(Struct, frozen=True):
    """An event of telemetry.

    Args:
        id: of the event, hex, as all ids here.
    """

    id: str
    time_ns: int
    tick: int
    fields: dict[str, Any]


class Trigger(Struct, frozen=True):
    """Why a mission is to be.

    Args:
        name: its trigger_id.
        event: of the trigger; cause: of what led to it.
        problem: fields of a Problem; {} where evolution was asked for by hand.
        reason: why it was, "" for a problem.
    """

    name: str
    event: str
    time_ns: int
    problem: dict[str, Any] = {}
    reason: str = ""


class Plan(Struct, frozen=True):
    """The plan in hand.

    Args:
        decided: event of the thought; told: of evolution.plan, "" while it is not told.
        fields: of `thoughts.Plan`.
    """

    plan_id: str
    decided: str
    fields: dict[str, Any]
    told: str = ""


class Draft(Struct, frozen=True):
    """The source or change of parameters in hand.

    Args:
        decided: event of the thought, for parameters that of the plan; told: of mutation.proposed.
        review: "", "approved" or "vetoed"; reviewed: event of that thought. "disproved": what its
            author has found wanting himself.
        applied_tick: None until it is in the world; before: of parameters, their values until then.
        guard_ticks: how long it is held to its promise.
        outcome: "", "kept", "rolled_back", "applied": it harms, and stays; ended: event of that.
    """

    mutation_id: str
    code_hash: str
    decided: str
    source: str = ""
    params: dict[str, float] = {}
    note: str = ""
    model: str = ""
    prompt_hash: str = ""
    told: str = ""
    review: str = ""
    review_reason: str = ""
    review_stage: str = "review"
    review_rule: str = ""
    review_line: int = 0
    reviewed: str = ""
    trait_name: str = ""
    version: int = 0
    applied_tick: int | None = None
    before: dict[str, float] = {}
    guard_ticks: int = 2000
    outcome: str = ""
    ended: str = ""


class Mission(Struct, frozen=True):
    """One mission under way; its name is its trigger's.

    Args:
        started: event of mission.started, "" while it is not told.
        plans, drafts: how many there were; drafts of the plan in hand.
        last: event that led to where it stands.
        failures: fields of `thoughts.Failure`; of_plan: how many of them are of the plan in hand;
            spent: its author says that nothing comes of it, however often he tries.
        disproved: drafts that their author has found wanting, and that are to be told.
        outcome: how it ends, "" while it goes on.
    """

    trigger: Trigger
    started: str = ""
    plans: int = 0
    drafts: int = 0
    plan: Plan | None = None
    draft: Draft | None = None
    failures: tuple[dict[str, Any], ...] = ()
    of_plan: int = 0
    spent: bool = False
    disproved: tuple[Draft, ...] = ()
    last: str = ""
    outcome: str = ""
    summed_up: bool = False

    @property
    def name(self) -> str:
        """Return how its events call it."""
        return self.trigger.name


class Summary(Struct, frozen=True):
    """What the Historian has drawn from a mission or from the last steps.

    Args:
        mission: "" for the last steps.
        lessons: fields of `thoughts.LessonText`; told: how many are learned.
    """

    decided: str
    mission: str
    lessons: tuple[dict[str, Any], ...]
    from_positions: tuple[int, ...] = ()
    told: int = 0


class Kept(Struct, frozen=True):
    """A mutation that is under guard, or was kept and is not measured yet.

    Args:
        params: values that it has set, before: those until then; both empty for a trait.
        event: of mutation.kept, "" while it is under guard; where it is unwanted, of
            mutation.measured, and `why`.
    """

    mutation_id: str
    trait_name: str
    version: int
    metric: str = ""
    better: str = ""
    params: dict[str, float] = {}
    before: dict[str, float] = {}
    event: str = ""
    why: str = ""


class Note(Struct, frozen=True):
    """An event as the Historian looks back on it."""

    position: int
    kind: str
    text: str
    payload: dict[str, Any]


class Counts(Struct, frozen=True):
    """How much there was, since the log begins."""

    missions: int = 0
    thoughts: int = 0
    tokens: int = 0
    seconds: float = 0.0
    proposed: int = 0
    applied: int = 0
    kept: int = 0
    failed: int = 0
    rolled_back: int = 0
    measured: int = 0


class Memory(Struct, frozen=True):
    """All that agents know.

    Args:
        position: of the newest event that is in it; events: how many were folded into it.
        telemetry: newest last.
        triggered_by: event of telemetry that led to the newest trigger.
        trigger_ns: when that was; 0: never.
        waiting: missions asked for by hand while another was under way.
        guarded, unmeasured: mutations under guard; kept ones whose effect is to be measured.
        unwanted: kept ones that do the opposite of their promise, until they are taken back.
        hashes: of every code that was ever proposed, oldest first.
        steps: events of agents since the Historian looked back; notes: the newest of them.
        author, author_why: who thinks, as the log has it.
        snapshot: position of the newest snapshot that the log tells of.
    """

    position: int = 0
    events: int = 0
    telemetry: tuple[Seen, ...] = ()
    triggered_by: str = ""
    trigger_ns: int = 0
    mission: Mission | None = None
    waiting: tuple[Trigger, ...] = ()
    summary: Summary | None = None
    guarded: tuple[Kept, ...] = ()
    unmeasured: tuple[Kept, ...] = ()
    unwanted: tuple[Kept, ...] = ()
    hashes: tuple[str, ...] = ()
    steps: int = 0
    notes: tuple[Note, ...] = ()
    author: str = ""
    author_why: str = ""
    counts: Counts = Counts()
    snapshot: int = 0
