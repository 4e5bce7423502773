"""What agents think about and what comes of it, whoever does the thinking.

Owns: the data that goes into a thought and out of it, the protocol of an author. Does not own:
authors (`authors/`), which thought is next (`orchestrator.py`), prompts (`prompts/`). Pure data.

Four thoughts make a cycle: the Architect plans, the Coder writes, the Reviewer holds the source to
the plan, the Historian draws lessons. One author does all four, so that a model, the offline
author and a recording are exchanged as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from Kernel.contract.errors import MoltError
from Kernel.contract.parameters import Parameter
from zones.agents.watcher import Problem

ActionType = Literal["new_trait", "modify_trait", "adjust_params"]
ACTION_TYPES: Final[tuple[ActionType, ...]] = ("new_trait", "modify_trait", "adjust_params")
Better = Literal["more", "less"]
METRICS: Final = (
    "population", "mean_population", "energy", "mean_energy", "births", "deaths", "starved",
    "aged", "collided", "starvation", "lineages",
)  # fmt: skip
"""What a plan may promise: the metrics of a trial (`zones/world/trial/measures.py`)."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class TraitFact:
    """A trait the world has.

    Args:
        source: its text, "" where it is not at hand.
    """

    name: str
    version: int
    status: str
    tier: str
    calls: int
    faults: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What was tried in this mission and came to nothing.

    Args:
        what: the trait's name, or the parameters.
        stage, rule, line, reason: as a verdict has them; stage "review" where it was vetoed.
        source: "" for parameters.
    """

    what: str
    stage: str
    reason: str
    rule: str = ""
    line: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """All that is known when a mission begins, or is planned anew.

    Args:
        problem: None where evolution was asked for by hand.
        reason: why it was asked for by hand, "" where the Watcher has found a problem.
        telemetry: fields of the newest periods, oldest first, six at most.
        params: what the world is run by now, by name.
        parameters: of each of these its bounds and unit.
        lessons: texts of the nearest ones, best first; memory_ids: theirs.
        failures: of this mission, oldest first.
    """

    trigger_id: str
    problem: Problem | None
    reason: str
    telemetry: tuple[Mapping[str, Any], ...]
    params: Mapping[str, float]
    parameters: tuple[Parameter, ...]
    traits: tuple[TraitFact, ...]
    lessons: tuple[str, ...] = ()
    memory_ids: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the Architect wants.

    Args:
        target_class: the trait's class, CamelCase; "" for parameters.
        metric, better: what is promised; the guard holds the mutation to it.
        params: new values by name, for adjust_params alone.
    """

    action_type: ActionType
    description: str
    metric: str
    better: Better
    target_class: str = ""
    target_method: str = "execute"
    params: Mapping[str, float] = field(default_factory=dict)


KILLED: Final = "killed"
"""Rule of a trial that somebody outside has ended: it says nothing of what was tried."""
PROOF: Final = "proof"
"""Rule of what its own author could not prove."""
OUTDONE: Final = "outdone"
"""Rule of what gave way to something better."""
DISPROVED_MAX: Final = 4
"""Of one thought."""


@dataclass(frozen=True, slots=True)
class Disproved:
    """A source that its author has tried, and found wanting.

    Args:
        note: for people, what it does.
        stage, rule, line, reason: what speaks against it, as a verdict has them.
    """

    source: str
    reason: str
    note: str = ""
    stage: str = "trial"
    rule: str = PROOF
    line: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A source; `note` says for people what it does.

    Args:
        disproved: what was to be it, and is not.
    """

    source: str
    note: str = ""
    disproved: tuple[Disproved, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """What the Reviewer says of a draft."""

    approved: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LessonText:
    """One lesson."""

    situation: str
    action: str
    result: str
    feedback: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """What the Historian looks back on.

    Args:
        events: {"position", "kind", "text", "payload"} of the mission or the last steps, in order.
    """

    mission: str
    outcome: str
    events: tuple[Mapping[str, Any], ...]
    lessons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thought(Generic[Value]):
    """An answer, with what is recorded of it (AgentDecision of SPEC 6).

    Args:
        rejected: alternatives that were thought of and not taken.
        options: what there was to choose from.
        confidence: 0 to 1.
        model: "" where none was asked; prompt_hash: sha256, hex, of all it was told.
        tokens: of question and answer.
    """

    value: Value
    rationale: str
    confidence: float
    rejected: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    model: str = ""
    prompt_hash: str = ""
    prompt_version: str = ""
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial said of one source or change, as far as an author goes by it.

    Args:
        effects: by metric, {"mean", "low", "high", "control"}; low and high None: no interval.
    """

    accepted: bool
    stage: str = ""
    rule: str = ""
    line: int = 0
    reason: str = ""
    effects: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    calls: int = 0
    faults: int = 0
    fuel_per_call: float = 0.0
    unchanged: bool = False


class Lab(Protocol):
    """Where an author tries things: trials of the kernel, as many beside each other as it lets."""

    def try_sources(self, sources: Sequence[str], ticks: int, seeds: int) -> list[Outcome]:
        """Try each beside a control, and return what came of them, in their order.

        Raises:
            Cancelled: the thought is not wanted any more.
            AuthorFailed: no trial can be had.
        """

    def try_params(
        self, changes: Sequence[Mapping[str, float]], ticks: int, seeds: int
    ) -> list[Outcome]:
        """Likewise for values of parameters."""


Stop = Callable[[], bool]
"""Asked often while a thought takes its time: is it not wanted any more?"""


class Cancelled(Exception):
    """A thought was given up because nobody wants it any more."""


SPENT: Final = "spent"


class AuthorFailed(MoltError):
    """An author came to no answer.

    Args:
        how: "absent" (nobody there), "late", "nonsense" (no answer of the form asked for),
            "failed" (an error of the server) or "spent": he has tried, and the plan is none.
        disproved: what he has tried.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        how: str = "failed",
        disproved: Sequence[Disproved] = (),
    ) -> None:
        super().__init__(message, hint)
        self.how = how
        self.disproved = tuple(disproved)


class Author(Protocol):
    """Who thinks. Called from one worker thread at a time; it may block, and looks at `stop`.

    Each method raises AuthorFailed, or Cancelled once `stop` says so.
    """

    @property
    def name(self) -> str:
        """Return "ollama", "genetic" or "recorded"."""

    def plan(self, brief: Brief, lab: Lab, stop: Stop) -> Thought[Plan]:
        """Think as the Architect."""

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder; `failures` are earlier drafts for this very plan."""

    def review(self, brief: Brief, plan: Plan, draft: Draft, stop: Stop) -> Thought[Review]:
        """Think as the Reviewer."""

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Think as the Historian."""
