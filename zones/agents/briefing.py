"""What an author is told of a mission, and what he is asked.

Owns: the Brief and the Story, made of the memory, the world and the lessons. Does not own: reading
the world (`world_facts.py`), finding lessons (`zones/runtime/lessons`), thinking. On the thread of
thoughts: finding lessons takes its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import ArenaWords
from Kernel.contract.errors import MoltError
from Kernel.contract.parameters import Parameter
from Kernel.contract.places import LEDGER
from zones.agents.lab import BusLab
from zones.agents.memory import Memory, Mission
from zones.agents.orchestrator import outcome_of
from zones.agents.telling import Context, describe
from zones.agents.thoughts import (
    Author,
    Brief,
    Draft,
    Failure,
    Plan,
    Stop,
    Story,
    Thought,
)
from zones.agents.watcher import Problem
from zones.agents.world_facts import known_parameters, read_params, read_traits
from zones.runtime.lessons.embeddings import Choice
from zones.runtime.lessons.store import LessonsStore
from zones.runtime.trait_store import TraitStore

LESSONS_MAX: Final = 5


@dataclass(slots=True)
class Surroundings:
    """Where facts come from.

    Args:
        words: the world's arena, read-only; None where there is none.
        parameters: those its generation has.
    """

    home: Path
    words: ArenaWords | None
    parameters: Sequence[Parameter]
    embedding: Choice
    lab: BusLab


def context_of(what: str, memory: Memory, mission: Mission | None) -> Context:
    """Return what a thought is about; lessons are looked up when it begins."""
    if mission is None:
        return Context(what, "", "")
    draft = mission.draft
    subject = draft.mutation_id if what == "review" and draft is not None else ""
    subject = mission.name if what == "summarise" else subject
    return Context(what, mission.name, mission.last, subject)


def brief_of(memory: Memory, mission: Mission, around: Surroundings) -> Brief:
    """Return all that is known as a mission is thought about."""
    problem = Problem(**mission.trigger.problem) if mission.trigger.problem else None
    params = read_params(around.words) if around.words is not None else {}
    traits = ()
    if around.words is not None:
        traits = read_traits(around.words, TraitStore(around.home))  # type: ignore[assignment]
    texts, ids = find_lessons(around, describe(mission))
    return Brief(
        trigger_id=mission.name,
        problem=problem,
        reason=mission.trigger.reason,
        telemetry=tuple(seen.fields for seen in memory.telemetry),
        params=params,
        parameters=known_parameters(around.parameters, params),
        traits=traits,
        lessons=texts,
        memory_ids=ids,
        failures=tuple(Failure(**each) for each in mission.failures),
    )


def find_lessons(around: Surroundings, question: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return texts and ids of the nearest lessons, best first; none where none can be read."""
    try:
        store = LessonsStore(around.home / LEDGER, around.embedding)
        found = store.tried_before(question, LESSONS_MAX).matches
    except MoltError:
        return (), ()
    lessons = [match.lesson for match in found]
    texts = (f"{each.situation} {each.action} {each.result} {each.feedback}" for each in lessons)
    return tuple(texts), tuple(each.lesson_id for each in lessons)


def think(
    author: Author,
    what: str,
    memory: Memory,
    mission: Mission | None,
    around: Surroundings,
    stop: Stop,
) -> tuple[Thought[Any], tuple[str, ...]]:
    """Have an author think; return his thought and the ids of the lessons that he knew.

    Raises:
        AuthorFailed, Cancelled: as `thoughts.Author`.
    """
    if what == "summarise":
        return author.summarise(story_of(memory, mission), stop), ()
    assert mission is not None, "only a look back has none"
    brief = brief_of(memory, mission, around)
    lab = around.lab.for_thought(mission.last, stop)
    if what == "plan":
        return author.plan(brief, lab, stop), brief.memory_ids
    assert mission.plan is not None, "it is told"
    plan = Plan(**mission.plan.fields)
    if what == "write":
        failures = brief.failures[-mission.of_plan :] if mission.of_plan else ()
        return author.write(brief, plan, failures, lab, stop), brief.memory_ids
    assert mission.draft is not None, "it is proposed"
    draft = Draft(mission.draft.source, mission.draft.note)
    return author.review(brief, plan, draft, stop), brief.memory_ids


def story_of(memory: Memory, mission: Mission | None) -> Story:
    """Return what the Historian looks back on."""
    events = tuple(
        {
            "position": note.position,
            "kind": note.kind,
            "text": note.text,
            "payload": note.payload,
        }
        for note in memory.notes
    )
    if mission is None:
        return Story("", "", events)
    return Story(mission.name, outcome_of(mission), events)
