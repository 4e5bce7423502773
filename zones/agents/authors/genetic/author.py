"""The embedded author: finds traits by trying, without a model and without a network.

Owns: the four thoughts as an `Author`, what is told of each. Does not own: how each is thought
(`planning.py`, `search.py`, `reviewing.py`, `recalling.py`), trials (`Lab`), the archive's file
(`archive_file.py`). Called from one thread at a time. Of equal briefs, archives and trials the
thoughts are equal, as far as the search is not cut short by its wall clock.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from zones.agents.authors.genetic.archive import Archive
from zones.agents.authors.genetic.grammar import Tree
from zones.agents.authors.genetic.planning import plan_for
from zones.agents.authors.genetic.recalling import lessons_of
from zones.agents.authors.genetic.reviewing import review
from zones.agents.authors.genetic.scoring import goal_of
from zones.agents.authors.genetic.search import (
    Candidate,
    Found,
    GeneticSettings,
    Search,
    chance_for,
)
from zones.agents.authors.genetic.writing import describe
from zones.agents.thoughts import (
    DISPROVED_MAX,
    OUTDONE,
    SPENT,
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

NAME: Final = "genetic"
PROMPT_VERSION: Final = "genetic-1"
TOLD_MAX: Final = 4
"""Candidates named in a thought."""


class GeneticAuthor:
    """The offline author.

    Args:
        seed: decides its random choices, with the trigger.
        archive: what it has found before; changed by `write`.
        clock: monotonic seconds: for its wall budget, and for telling how long it thought.
    """

    def __init__(
        self,
        seed: int,
        archive: Archive | None = None,
        settings: GeneticSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.archive = archive if archive is not None else Archive()
        self._seed = seed
        self._settings = settings or GeneticSettings()
        self._clock = clock

    @property
    def name(self) -> str:
        """Return "genetic"."""
        return NAME

    def plan(self, brief: Brief, lab: Lab, stop: Stop) -> Thought[Plan]:
        """Think as the Architect: rank what might help, and try changes of parameters."""
        began_s = self._clock()
        _look(stop)
        made = plan_for(brief, lab, stop, self._settings)
        return Thought(
            made.plan,
            made.rationale,
            made.confidence,
            rejected=made.rejected,
            options=made.options,
            prompt_hash=_digest(brief),
            prompt_version=PROMPT_VERSION,
            seconds=self._clock() - began_s,
        )

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder: search for a trait whose effect is proven.

        Raises:
            AuthorFailed: nothing was found that does what is promised.
        """
        began_s = self._clock()
        all_failures = (*brief.failures, *failures)
        search = Search(
            goal_of(plan.metric, plan.better),
            plan.target_class,
            self.archive,
            self._settings,
            chance_for(self._seed, brief.trigger_id, plan.description, len(all_failures)),
            self._parent(brief, plan),
            [each.source for each in all_failures if each.source],
        )
        found = search.run(lab, stop, _living(brief), self._clock)
        if found.best is None or found.proof is None:
            raise AuthorFailed(
                _tell_nothing(found, plan), how=SPENT, disproved=_disproved(found, plan)
            )
        source = found.best.source
        self.archive.remember(hashlib.sha256(source.encode()).hexdigest(), found.best.tree)
        others = [each for each in (*found.finalists, *found.tried) if each is not found.best]
        told = list(dict.fromkeys(describe(each.tree) for each in others))[:TOLD_MAX]
        return Thought(
            Draft(source, f"{_capital(describe(found.best.tree))}.", _disproved(found, plan)),
            f"Of {_count_tried(found)} this one does most for sure: "
            f"{found.proof.say(plan.metric)}.",
            found.proof.confidence,
            rejected=tuple(f"{_capital(each)}: does less." for each in told),
            options=(_capital(describe(found.best.tree)), *(_capital(each) for each in told)),
            prompt_hash=_digest(brief, plan, *failures),
            prompt_version=PROMPT_VERSION,
            seconds=self._clock() - began_s,
        )

    def review(self, brief: Brief, plan: Plan, draft: Draft, stop: Stop) -> Thought[Review]:
        """Think as the Reviewer: hold what the source does to what the plan wants."""
        began_s = self._clock()
        _look(stop)
        judged = review(plan, draft)
        return Thought(
            judged,
            judged.reason,
            0.9 if judged.approved else 0.95,
            options=("approve", "veto"),
            rejected=("veto",) if judged.approved else ("approve",),
            prompt_hash=_digest(brief, plan, draft),
            prompt_version=PROMPT_VERSION,
            seconds=self._clock() - began_s,
        )

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Think as the Historian: lessons with their figures."""
        began_s = self._clock()
        _look(stop)
        lessons = lessons_of(story)
        return Thought(
            lessons,
            f"{len(lessons)} of {len(story.events)} events say something for the next time.",
            0.8 if lessons else 0.5,
            prompt_hash=_digest(story),
            prompt_version=PROMPT_VERSION,
            seconds=self._clock() - began_s,
        )

    def _parent(self, brief: Brief, plan: Plan) -> Tree | None:
        """Return the tree of the trait that is to be changed, if it is one of ours."""
        if plan.action_type != "modify_trait":
            return None
        for trait in brief.traits:
            if trait.name == plan.target_class and trait.source:
                return self.archive.written.get(hashlib.sha256(trait.source.encode()).hexdigest())
        return None


def _living(brief: Brief) -> int:
    told: Any = brief.telemetry[-1].get("entity_count") if brief.telemetry else None
    return told if isinstance(told, int) else 0


def _tell_nothing(found: Found, plan: Plan) -> str:
    if not found.tried:
        return f"cannot write a trait: no candidate for {plan.target_class} was left to try"
    count = _count_tried(found)
    aim = f"has {plan.better} {plan.metric} beyond chance"
    refused = f", {found.refused} of them refused" if found.refused else ""
    return f"cannot write a trait: none of {count} {aim}{refused}"


def _disproved(found: Found, plan: Plan) -> tuple[Disproved, ...]:
    """Return what was tried and found wanting, with what speaks against it."""
    rows = []
    for each in found.disproved[:DISPROVED_MAX]:
        outcome, note = each.outcome, f"{_capital(describe(each.tree))}."
        if not outcome.accepted:
            place = (outcome.stage, outcome.rule, outcome.line)
            row = Disproved(each.source, outcome.reason, note, *place)
        elif each.against:
            row = Disproved(each.source, each.against, note)
        elif found.best is None:
            row = Disproved(each.source, f"no proof of {plan.better} {_brought(each, plan)}", note)
        else:
            why = f"another one ranks before it: {_brought(each, plan)}"
            row = Disproved(each.source, why, note, rule=OUTDONE)
        rows.append(row)
    return tuple(rows)


def _brought(candidate: Candidate, plan: Plan) -> str:
    """Return what the trial of a search has said of a candidate."""
    effect = candidate.outcome.effects.get(plan.metric, {})
    mean, control = effect.get("mean") or 0.0, effect.get("control") or 0.0
    return f"{plan.metric}: {mean:+.3g} in its trial, {control:.3g} without it"


def _count_tried(found: Found) -> str:
    generations = "1 generation" if found.generations == 1 else f"{found.generations} generations"
    return f"{len(found.tried)} traits tried in {generations}"


def _digest(*told: object) -> str:
    """Return a hash of all that a thought was given."""
    return hashlib.sha256(json.dumps(told, default=repr).encode()).hexdigest()


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]


def _look(stop: Stop) -> None:
    if stop():
        raise Cancelled
