"""An author of few words: what he answers is told beforehand; what he was asked is kept.

Owns: answers to the four thoughts. For tests of who has him think.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.structure.sources import ROOT
from zones.agents.thoughts import (
    AuthorFailed,
    Brief,
    Cancelled,
    Disproved,
    Draft,
    Failure,
    Lab,
    LessonText,
    Plan,
    Review,
    Stop,
    Story,
    Thought,
)

HONEST = ROOT / "tests" / "corpus" / "honest"

PLAN = Plan("new_trait", "move a little", "population", "more", "Mover")


def source_named(name: str, number: int = 0) -> str:
    """Return a sound trait of this class, another one for each number."""
    return (
        f"class {name}(Trait):\n"
        "    async def execute(self, entity):\n"
        f"        entity.vx = entity.vx * {1.0 + number / 1000:.3f}\n"
    )


@dataclass
class FakeAuthor:
    """Answers at once, or waits for a file to be there.

    Args:
        gate: how long he thinks: until this is there; None: not at all.
        fails: thoughts that come to nothing.
        vetoed: so many drafts are refused by his Reviewer.
        written: what he writes whenever he is asked; "": something else each time.
        refused: so many drafts are no source that a kernel takes.
        disproved: what he says that he has tried whenever he writes, or fails to.
    """

    gate: Path | None = None
    fails: frozenset[str] = frozenset()
    vetoed: int = 0
    refused: int = 0
    disproved: tuple[Disproved, ...] = ()
    asked: list[str] = field(default_factory=list)
    briefs: list[Brief] = field(default_factory=list)
    plan_made: Plan = PLAN
    written: str = ""

    @property
    def name(self) -> str:
        """Return the name of a kind of author that there is."""
        return "recorded"

    def plan(self, brief: Brief, _lab: Lab, stop: Stop) -> Thought[Plan]:
        """Plan the same each time."""
        self._ask("plan", stop)
        self.briefs.append(brief)
        return Thought(self.plan_made, "it was told so", 0.5, ("do nothing",), memory_ids_of(brief))

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], _lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Write another source each time."""
        self._ask("write", stop)
        if self.written:
            return Thought(Draft(self.written, "", self.disproved), "as told", 0.1)
        number = self.asked.count("write") + 10 * self.asked.count("plan")
        if self.asked.count("write") <= self.refused:
            return Thought(Draft(f"import os  # {number}\n"), "a try", 0.1)
        source = source_named(plan.target_class, number)
        return Thought(Draft(source, "moves", self.disproved), "it fits", 0.9)

    def review(self, _brief: Brief, _plan: Plan, _draft: Draft, stop: Stop) -> Thought[Review]:
        """Refuse some, take the rest."""
        self._ask("review", stop)
        is_vetoed = self.asked.count("review") <= self.vetoed
        return Thought(Review(not is_vetoed, "not yet" if is_vetoed else "as planned"), "read", 1.0)

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Learn one thing."""
        self._ask("summarise", stop)
        lesson = LessonText("a world", f"tried {story.mission}", story.outcome or "ok", "go on")
        return Thought((lesson,), "looked back", 0.7)

    def _ask(self, what: str, stop: Stop) -> None:
        self.asked.append(what)
        if self.gate is not None:
            with self.gate.with_suffix(".asked").open("a") as file:
                file.write(f"{what}\n")
        while self.gate is not None and not self.gate.exists():
            if stop():
                raise Cancelled
        if what in self.fails:
            tried = self.disproved if what == "write" else ()
            why = f"cannot {what}: it was told not to"
            raise AuthorFailed(why, how="nonsense", disproved=tried)


def memory_ids_of(brief: Brief) -> tuple[str, ...]:
    """Return what there was to choose from."""
    return ("do nothing", *brief.memory_ids)
